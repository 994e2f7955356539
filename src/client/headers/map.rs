//! The headers of one response.

/// All names and values in one piece of memory, each followed by a NUL: C programs read them in place.
#[derive(Debug, Clone, Default)]
pub struct HeaderMap {
    slab: Vec<u8>,
    index: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    name: u32,
    value: u32,
    /// Past the value's NUL.
    end: u32,
}

impl HeaderMap {
    pub fn new() -> HeaderMap {
        HeaderMap::default()
    }

    /// Room for an ordinary response, so that it does not grow header by header.
    pub fn reserve(&mut self) {
        self.slab.reserve(512);
        self.index.reserve(16);
    }

    /// A header line as it came, with or without its line ending.
    ///
    /// A line that begins with white space continues the value before it (RFC 9112 section 5.2). Names are not held to
    /// the token rule, since servers send others and nobody here acts on them; what could end a line or a string is
    /// refused. After an error nothing of the line is kept.
    pub fn push_line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        // "\r\r\n" comes from programs that write "\r\n" to a stream in text mode.
        let end = line.iter().rposition(|&byte| byte != b'\r').map_or(0, |last| last + 1);
        let line = &line[..end];
        if let [b' ' | b'\t', ..] = line {
            return self.continue_value(super::trim_value(line));
        }
        let colon = memchr::memchr(b':', line).ok_or("a header line has no colon")?;
        // RFC 9112 section 5.1: white space before the colon goes.
        self.push(super::trim_value(&line[..colon]), &line[colon + 1..])
    }

    pub fn push(&mut self, name: &[u8], value: &[u8]) -> Result<(), &'static str> {
        if name.is_empty() {
            return Err("a header has no name");
        }
        if name.iter().any(u8::is_ascii_control) {
            return Err("a header's name has a control character");
        }
        let value = super::trim_value(value);
        check(value)?;
        let start = self.slab.len();
        let value_at = start + name.len() + 1;
        let end = value_at + value.len() + 1;
        self.index.push(Entry { name: offset(start)?, value: offset(value_at)?, end: offset(end)? });
        self.slab.extend_from_slice(name);
        self.slab.push(0);
        self.slab.extend_from_slice(value);
        self.slab.push(0);
        Ok(())
    }

    /// The value before is the last thing in the slab, so it can grow where it is.
    fn continue_value(&mut self, more: &[u8]) -> Result<(), &'static str> {
        check(more)?;
        let entry = self.index.last_mut().ok_or("the first header line begins with white space")?;
        if more.is_empty() {
            return Ok(());
        }
        let value_is_empty = entry.value + 1 == entry.end;
        let end = offset(self.slab.len() + usize::from(!value_is_empty) + more.len())?;
        self.slab.pop();
        if !value_is_empty {
            self.slab.push(b' ');
        }
        self.slab.extend_from_slice(more);
        self.slab.push(0);
        entry.end = end;
        Ok(())
    }

    /// The first value under `name`, in whatever case.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Where [`HeaderMap::value_at`] finds the first value under `name`.
    pub fn position(&self, name: &[u8]) -> Option<usize> {
        self.iter().position(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    /// With the NUL after it.
    pub fn name_at(&self, at: usize) -> Option<&[u8]> {
        let entry = self.index.get(at)?;
        self.slab.get(entry.name as usize..entry.value as usize)
    }

    /// With the NUL after it.
    pub fn value_at(&self, at: usize) -> Option<&[u8]> {
        let entry = self.index.get(at)?;
        self.slab.get(entry.value as usize..entry.end as usize)
    }

    /// Names and values in the order of their arrival, without the NULs.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.index.iter().map(|entry| {
            let (name, value, end) = (entry.name as usize, entry.value as usize, entry.end as usize);
            (&self.slab[name..value - 1], &self.slab[value..end - 1])
        })
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// What all names and values take, their NULs included.
    pub fn bytes(&self) -> usize {
        self.slab.len()
    }

    /// Keeps the memory for the next response.
    pub fn clear(&mut self) {
        self.slab.clear();
        self.index.clear();
    }
}

/// RFC 9110 section 5.5 calls these three dangerous; other control characters are left to whoever shows the value.
fn check(value: &[u8]) -> Result<(), &'static str> {
    match memchr::memchr3(0, b'\r', b'\n', value).map(|at| value[at]) {
        None => Ok(()),
        Some(0) => Err("a header's value has a NUL"),
        Some(_) => Err("a header's value has a line ending inside"),
    }
}

fn offset(at: usize) -> Result<u32, &'static str> {
    u32::try_from(at).map_err(|_| "the headers are longer than 4 GiB")
}
