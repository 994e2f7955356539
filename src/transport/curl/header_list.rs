//! A curl_slist in two pieces of memory that are used again: libcurl's own builder allocates twice for each header.

use curl_sys::curl_slist;
use std::ptr;

#[derive(Default)]
pub struct HeaderList {
    text: Vec<u8>,
    starts: Vec<usize>,
    nodes: Vec<curl_slist>,
    /// With a NUL at its end, or nothing.
    agent: Vec<u8>,
    agent_has_changed: bool,
}

impl HeaderList {
    pub fn clear(&mut self) {
        self.text.clear();
        self.starts.clear();
        self.nodes.clear();
    }

    /// In bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// For CURLOPT_USERAGENT; empty is none.
    pub fn set_agent(&mut self, agent: &str) {
        if self.agent.strip_suffix(b"\0").unwrap_or_default() != agent.as_bytes() {
            self.agent.clear();
            if !agent.is_empty() {
                self.agent.extend_from_slice(agent.as_bytes());
                self.agent.push(0);
            }
            self.agent_has_changed = true;
        }
    }

    /// As an ordinary header after all.
    pub fn list_agent(&mut self) {
        let agent = String::from_utf8_lossy(self.agent.strip_suffix(b"\0").unwrap_or_default()).into_owned();
        self.set_agent("");
        if !agent.is_empty() {
            self.push("User-Agent", &agent);
        }
    }

    /// The option's value, NULL for none, if it is another than the last time.
    pub fn changed_agent(&mut self) -> Option<*const u8> {
        let agent = if self.agent.is_empty() { ptr::null() } else { self.agent.as_ptr() };
        std::mem::take(&mut self.agent_has_changed).then_some(agent)
    }

    /// An empty value is sent as such: "Name;" in libcurl's notation (CURLOPT_HTTPHEADER).
    pub fn push(&mut self, name: &str, value: &str) {
        self.starts.push(self.text.len());
        self.text.extend_from_slice(name.as_bytes());
        if value.is_empty() {
            self.text.push(b';');
        } else {
            self.text.extend_from_slice(b": ");
            self.text.extend_from_slice(value.as_bytes());
        }
        self.text.push(0);
    }

    /// Keeps libcurl from adding the header of its own accord.
    pub fn suppress(&mut self, name: &str) {
        self.starts.push(self.text.len());
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b":\0");
    }

    /// The list for CURLOPT_HTTPHEADER, valid until this is changed or dropped.
    pub fn link(&mut self) -> *mut curl_slist {
        self.nodes.clear();
        self.nodes.reserve(self.starts.len());
        let text = self.text.as_mut_ptr();
        // SAFETY: every start lies inside the text, which does not move until the next change.
        let nodes =
            self.starts.iter().map(|at| curl_slist { data: unsafe { text.add(*at) }.cast(), next: ptr::null_mut() });
        self.nodes.extend(nodes);
        let first = self.nodes.as_mut_ptr();
        for at in 1..self.nodes.len() {
            // SAFETY: `at` is inside the vector, which is at its full length.
            self.nodes[at - 1].next = unsafe { first.add(at) };
        }
        if self.nodes.is_empty() { ptr::null_mut() } else { first }
    }
}
