//! Frames as bytes, for what the h2 crate rightly refuses to send.

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;

/// What a client sends first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The longest payload that a client must take which has not allowed more.
pub const LONGEST: usize = 16_384;

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("shorter than 4 GiB").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// An empty SETTINGS frame, which every connection begins with.
pub fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[])
}

pub fn goaway(last_stream: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last_stream.to_be_bytes(), code.to_be_bytes()].concat())
}

pub fn rst_stream(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

pub fn headers(stream: u32, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &block(fields))
}

/// The beginning of a head that CONTINUATION frames must complete.
pub fn open_head(stream: u32) -> Vec<u8> {
    frame(HEADERS, 0, stream, &block(&[(":status", "200")]))
}

/// The head of a good answer with 100 bytes to come.
pub fn head_of_100(stream: u32) -> Vec<u8> {
    headers(stream, &[(":status", "200"), ("content-type", "application/octet-stream"), ("content-length", "100")])
}

/// A whole answer.
pub fn ok(stream: u32) -> Vec<u8> {
    let head = headers(stream, &[(":status", "200"), ("content-type", "application/json")]);
    [head, frame(DATA, END_STREAM, stream, br#"{"ok":true}"#)].concat()
}

/// HPACK without tables and Huffman codes: each field is a literal that is not to be remembered.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).ok().filter(|length| *length < 127).expect("shorter than 127 bytes"));
            block.extend(text.as_bytes());
        }
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_frames_as_rfc_9113_draws_them() {
        assert_eq!(settings(), [0, 0, 0, 4, 0, 0, 0, 0, 0]);
        assert_eq!(frame(DATA, END_STREAM, 257, b"ab"), [0, 0, 2, 0, 1, 0, 0, 1, 1, b'a', b'b']);
        assert_eq!(goaway(3, 2), [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2]);
        assert_eq!(block(&[("a", "xyz")]), [0, 1, b'a', 3, b'x', b'y', b'z']);
    }
}
