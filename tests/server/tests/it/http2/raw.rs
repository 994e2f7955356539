//! A client that sees frames and how the connection ended, and does not judge them.

use crate::client::Ending;
use std::io::{ErrorKind, Read, Write};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

pub struct Raw<S> {
    pub stream: S,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl<S: Read + Write> Raw<S> {
    /// Greets, and waits for nothing.
    pub fn on(stream: S) -> Self {
        let mut raw = Raw { stream };
        raw.stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").expect("sends");
        raw.send(SETTINGS, 0, 0, &[]);
        raw
    }

    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("short");
        let head = [&length.to_be_bytes()[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.stream.write_all(&[&head, payload].concat()).expect("sends");
    }

    pub fn ask(&mut self, stream: u32, target: &str) {
        let fields = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", target)];
        self.send(HEADERS, END_HEADERS | END_STREAM, stream, &block(&fields));
    }

    /// The next frame, or how the connection ended.
    pub fn frame(&mut self) -> Result<Frame, Ending> {
        let mut head = [0; 9];
        self.read(&mut head)?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        self.read(&mut payload)?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Ok(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    pub fn next(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.frame().expect("a frame");
            if frame.kind == kind {
                return frame;
            }
        }
    }

    /// The value that the server's SETTINGS give, which it begins with.
    pub fn setting(&mut self, wanted: u16) -> Option<u32> {
        let frame = self.frame().expect("a frame");
        assert_eq!((frame.kind, frame.flags), (SETTINGS, 0));
        let mut settings = frame.payload.chunks(6);
        let setting = settings.find(|setting| setting[..2] == wanted.to_be_bytes())?;
        Some(u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]))
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<(), Ending> {
        self.stream.read_exact(buffer).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => Ending::Fin,
            ErrorKind::ConnectionReset => Ending::Reset,
            _ => panic!("{error}"),
        })
    }
}

pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}
