//! Listeners that agree to HTTP/2 and then break off below the routes.

use super::{LINGER, frames};
use crate::socket::{self, End, Stream};
use std::io;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trap {
    /// Closes as soon as HTTP/2 is agreed on.
    Close,
    /// Never sends a byte.
    Silent,
    /// Sends SETTINGS, then nothing.
    Stall,
    /// Answers, but without the SETTINGS that must come first.
    NoSettings,
    /// GOAWAY after the SETTINGS: no stream will be taken up.
    Goaway,
    /// Speaks HTTP/1.1 all the same.
    Garbage,
}

const HTTP1: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nHTTP/1.1";

impl Trap {
    pub fn spring(self, mut stream: Stream) -> (Stream, End) {
        // Whatever fails here fails because the client left, which ends the trap as well.
        let _ = self.speak(&mut stream);
        match self {
            Trap::Close => stream.finish_and_wait(LINGER),
            _ => drop(socket::peer_left(stream.tcp(), None)),
        }
        (stream, End::Fin)
    }

    fn speak(self, stream: &mut Stream) -> io::Result<()> {
        match self {
            Trap::Close | Trap::Silent => Ok(()),
            Trap::Stall => stream.send(&frames::settings()),
            Trap::NoSettings => {
                // Once a client has said this much, its first request is on the way.
                let mut preface = [0; frames::PREFACE.len()];
                let mut read = 0;
                while read < preface.len() {
                    match stream.receive(&mut preface[read..])? {
                        0 => return Ok(()),
                        more => read += more,
                    }
                }
                stream.send(&frames::ok(1))
            }
            Trap::Goaway => stream.send(&[frames::settings(), frames::goaway(0, 0)].concat()),
            Trap::Garbage => stream.send(HTTP1),
        }
    }
}
