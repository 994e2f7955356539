//! Listeners that break off below HTTP.

use crate::socket::{End, Stream, peer_left};
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trap {
    /// Closes after the ClientHello.
    TlsClose,
    /// Never answers the ClientHello.
    TlsStall,
    /// Answers the ClientHello with HTTP in the clear.
    TlsGarbage,
    /// Answers the ClientHello with a fatal alert.
    TlsAlert,
    /// Answers the ClientHello with the beginning of a record, then FIN.
    TlsHalf,
    /// Accepts, and neither sends nor reads.
    Silent,
    /// RST at once.
    AcceptReset,
    /// FIN at once.
    AcceptClose,
    /// Speaks first, and not HTTP; then silence.
    Banner,
    /// Answers before there is a request, and then reads what comes.
    Eager,
}

const CLEAR_TEXT: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 10\r\nConnection: close\r\n\r\nplain HTTP";

/// RFC 8446 section 6: a record of type alert, level fatal, handshake_failure.
const HANDSHAKE_FAILURE: &[u8] = &[0x15, 0x03, 0x03, 0, 2, 2, 40];
/// The first bytes of a ServerHello that is to have 122.
const HALF_A_RECORD: &[u8] = &[0x16, 0x03, 0x03, 0, 122, 2, 0, 0, 118, 0x03, 0x03];

impl Trap {
    pub fn scheme(self) -> &'static str {
        if matches!(self, Trap::TlsClose | Trap::TlsStall | Trap::TlsGarbage | Trap::TlsAlert | Trap::TlsHalf) {
            "https://localhost"
        } else {
            "http://127.0.0.1"
        }
    }

    pub fn spring(self, mut tcp: TcpStream) -> (Stream, End) {
        // Whatever fails here fails because the client left, which ends the trap as well.
        match self {
            Trap::TlsClose => drop(tcp.read(&mut [0; 4096])),
            Trap::TlsGarbage => answer_hello(&mut tcp, CLEAR_TEXT),
            Trap::TlsAlert => answer_hello(&mut tcp, HANDSHAKE_FAILURE),
            Trap::TlsHalf => answer_hello(&mut tcp, HALF_A_RECORD),
            Trap::TlsStall | Trap::Silent => drop(peer_left(&tcp, None)),
            Trap::AcceptReset => return (Stream::Plain(tcp), End::Reset),
            Trap::AcceptClose => {
                let _ = tcp.shutdown(Shutdown::Write);
                read_until_left(&mut tcp);
            }
            Trap::Banner => {
                let _ = tcp.write_all(b"SSH-2.0-x\r\n");
                peer_left(&tcp, None);
            }
            Trap::Eager => {
                let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\neager");
                read_until_left(&mut tcp);
            }
        }
        (Stream::Plain(tcp), End::Fin)
    }
}

fn answer_hello(tcp: &mut TcpStream, bytes: &[u8]) {
    let _ = tcp.read(&mut [0; 4096]);
    let _ = tcp.write_all(bytes);
    let _ = tcp.shutdown(Shutdown::Write);
    read_until_left(tcp);
}

/// A close() while the client still sends would turn its end of file into a reset.
fn read_until_left(tcp: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while matches!(tcp.read(&mut buffer), Ok(1..)) {}
}
