//! The headers of one response.

use crate::text::has_control_bytes;

/// All header lines in one piece of memory, with a NUL after each name and value: C programs read them in place.
#[derive(Debug, Clone, Default)]
pub struct HeaderMap {
    slab: Vec<u8>,
    index: Vec<Entry>,
}

/// Where the name begins, where its NUL stands, and the same of the value.
#[derive(Debug, Clone, Copy)]
struct Entry {
    name: u32,
    name_end: u32,
    value: u32,
    value_end: u32,
}

impl HeaderMap {
    pub fn new() -> HeaderMap {
        HeaderMap::default()
    }

    /// Empty, with room for an ordinary response, so that it does not grow header by header.
    pub fn start(&mut self) {
        self.clear();
        self.slab.reserve(512);
        self.index.reserve(16);
    }

    /// A header line as it came, with or without its line ending.
    ///
    /// A line that begins with white space continues the value before it (RFC 9112 section 5.2). Names are not held to
    /// the token rule, since servers send others and nobody here acts on them; what could end a line or a string is
    /// refused. After an error nothing of the line is kept.
    pub fn push_line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let line = without_line_end(line);
        if let [b' ' | b'\t', ..] = line {
            return self.continue_value(super::trim_value(line));
        }
        let colon = memchr::memchr(b':', line).ok_or("a header line has no colon")?;
        // RFC 9112 section 5.1: white space before the colon goes.
        let (name, value) = (super::trim_value(&line[..colon]), super::trim_value(&line[colon + 1..]));
        if name.is_empty() {
            return Err("a header has no name");
        }
        if name.len() < colon {
            check_spaced_name(name)?;
        }
        if has_control_bytes(line) {
            check_name(name)?;
            check_value(value)?;
        }
        // The line does not begin with white space, so the name begins where it does.
        let start = self.slab.len();
        let value_at = value.as_ptr().addr() - line.as_ptr().addr();
        let end = value_at + value.len();
        offset(start + end)?; // and so is all before it
        let in_slab = |at: usize| (start + at) as u32;
        self.index.push(Entry {
            name: in_slab(0),
            name_end: in_slab(name.len()),
            value: in_slab(value_at),
            value_end: in_slab(end),
        });
        self.slab.extend_from_slice(&line[..end]);
        self.slab.push(0);
        self.slab[start + name.len()] = 0;
        Ok(())
    }

    /// The value before is the last thing in the slab, so it can grow where it is.
    fn continue_value(&mut self, more: &[u8]) -> Result<(), &'static str> {
        check_value(more)?;
        let entry = self.index.last_mut().ok_or("the first header line begins with white space")?;
        if more.is_empty() {
            return Ok(());
        }
        let is_first = entry.value == entry.value_end;
        entry.value_end = offset(entry.value_end as usize + usize::from(!is_first) + more.len())?;
        self.slab.pop();
        if !is_first {
            self.slab.push(b' ');
        }
        self.slab.extend_from_slice(more);
        self.slab.push(0);
        Ok(())
    }

    /// The first value under `name`, in whatever case.
    pub fn get<'a>(&'a self, name: &'a [u8]) -> Option<&'a [u8]> {
        self.get_all(name).next()
    }

    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + 'a {
        let named = self.index.iter().filter(move |entry| self.is_named(entry, name));
        named.map(|entry| &self.slab[entry.value as usize..entry.value_end as usize])
    }

    /// Where [`HeaderMap::value_at`] finds the values under `name`.
    pub fn positions<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let named = self.index.iter().enumerate().filter(move |(_, entry)| self.is_named(entry, name));
        named.map(|(at, _)| at)
    }

    fn is_named(&self, entry: &Entry, name: &[u8]) -> bool {
        let own = entry.name as usize..entry.name_end as usize;
        own.len() == name.len() && self.slab[own].eq_ignore_ascii_case(name)
    }

    /// With the NUL after it.
    pub fn name_at(&self, at: usize) -> Option<&[u8]> {
        let entry = self.index.get(at)?;
        self.slab.get(entry.name as usize..=entry.name_end as usize)
    }

    /// With the NUL after it.
    pub fn value_at(&self, at: usize) -> Option<&[u8]> {
        let entry = self.index.get(at)?;
        self.slab.get(entry.value as usize..=entry.value_end as usize)
    }

    /// Names and values in the order of their arrival, without the NULs.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.index.iter().map(|entry| {
            let name = &self.slab[entry.name as usize..entry.name_end as usize];
            (name, &self.slab[entry.value as usize..entry.value_end as usize])
        })
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Keeps the memory for the next response.
    pub fn clear(&mut self) {
        self.slab.clear();
        self.index.clear();
    }
}

/// "\r\r\n" comes from programs that write "\r\n" to a stream in text mode.
fn without_line_end(line: &[u8]) -> &[u8] {
    let mut line = line.strip_suffix(b"\n").unwrap_or(line);
    while let Some(rest) = line.strip_suffix(b"\r") {
        line = rest;
    }
    line
}

fn check_name(name: &[u8]) -> Result<(), &'static str> {
    if name.iter().any(u8::is_ascii_control) { Err("a header's name has a control character") } else { Ok(()) }
}

/// White space before the colon: libcurl does not know such a header, and where the body ends must be beyond doubt.
fn check_spaced_name(name: &[u8]) -> Result<(), &'static str> {
    let frames = [&b"content-length"[..], b"transfer-encoding"].iter().any(|own| own.eq_ignore_ascii_case(name));
    if frames { Err("a header that says where the body ends has white space before its colon") } else { Ok(()) }
}

/// RFC 9110 section 5.5 calls these three dangerous; other control characters are left to whoever shows the value.
fn check_value(value: &[u8]) -> Result<(), &'static str> {
    match memchr::memchr3(0, b'\r', b'\n', value) {
        None => Ok(()),
        Some(at) if value[at] == 0 => Err("a header's value has a NUL"),
        Some(_) => Err("a header's value has a line ending inside"),
    }
}

fn offset(at: usize) -> Result<u32, &'static str> {
    u32::try_from(at).map_err(|_| "the headers are longer than 4 GiB")
}
