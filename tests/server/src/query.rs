//! Percent-decoding of paths and queries. A `+` stays a `+`: header values under test may begin with one.

#[derive(Default)]
pub struct Query {
    pub raw: String,
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Query {
    pub fn parse(raw: &str) -> Self {
        let parts = raw.split('&').filter(|part| !part.is_empty());
        let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
        Query { raw: raw.to_owned(), pairs: pairs.map(|(name, value)| (decode(name), decode(value))).collect() }
    }

    pub fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.pairs.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.pairs().filter(move |(other, _)| *other == name.as_bytes()).map(|(_, value)| value)
    }

    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.pairs().find(|(other, _)| *other == name.as_bytes()).map(|(_, value)| value)
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

pub fn decode(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    while let Some((&first, rest)) = bytes.split_first() {
        let escape = if first == b'%' { rest.get(..2).and_then(hex_pair) } else { None };
        decoded.push(escape.unwrap_or(first));
        bytes = if escape.is_some() { &rest[2..] } else { rest };
    }
    decoded
}

/// The value of a hexadecimal string, or nothing when it is not one.
pub fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    if rest.is_empty() { pairs.iter().map(|pair| hex_pair(pair)).collect() } else { None }
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_escapes_and_leaves_what_is_none() {
        assert_eq!(decode("a%20b+c%ff%zz%4"), b"a b+c\xff%zz%4");
        assert_eq!(from_hex(b"0aFF"), Some(vec![10, 255]));
        assert_eq!(from_hex(b"0"), None);
        assert_eq!(from_hex(b"+1"), None);
    }

    #[test]
    fn keeps_order_and_repetition() {
        let query = Query::parse("a=1&b&a=%3D2&");
        assert_eq!(query.all("a").collect::<Vec<_>>(), [b"1".as_slice(), b"=2"]);
        assert_eq!(query.get("b"), Some(b"".as_slice()));
    }
}
