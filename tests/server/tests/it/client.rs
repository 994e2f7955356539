//! A client that sees bytes and how the connection ended, and nothing more.

use serde_json::Value;
use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};
use testserver::Server;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ending {
    Fin,
    Reset,
}

pub struct Client<S = TcpStream> {
    pub stream: S,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

pub fn address(url: &str) -> SocketAddr {
    let (_, port) = url.rsplit_once(':').expect("a port");
    SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a number")))
}

pub fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(address(url)).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("sets a timeout");
    stream
}

/// One request on a connection of its own.
pub fn get(server: &Server, target: &str) -> Reply {
    Client::new(server).get(target)
}

impl Client {
    pub fn new(server: &Server) -> Self {
        Client::on(connect(server.url("url")))
    }
}

impl<S: Read + Write> Client<S> {
    pub fn on(stream: S) -> Self {
        Client { stream, buffer: Vec::new() }
    }

    pub fn send(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).expect("sends");
    }

    pub fn ask(&mut self, target: &str) {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"));
    }

    pub fn get(&mut self, target: &str) -> Reply {
        self.ask(target);
        self.reply()
    }

    pub fn post(&mut self, target: &str, headers: &str, body: &str) -> Reply {
        let length = body.len();
        self.send(format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n{body}"));
        self.reply()
    }

    pub fn reply(&mut self) -> Reply {
        let head = self.head();
        let status = head[9..12].parse().expect("a status");
        let mut reply = Reply { status, head, body: Vec::new() };
        if reply.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = String::from_utf8(self.until(b"\r\n")).expect("a chunk size");
                let chunk = self.take(usize::from_str_radix(size.trim(), 16).expect("a hexadecimal size"));
                assert_eq!(self.until(b"\r\n"), b"\r\n");
                if chunk.is_empty() {
                    return reply;
                }
                reply.body.extend(chunk);
            }
        }
        let length = reply.header("content-length").map_or(0, |text| text.parse().expect("a length"));
        reply.body = self.take(length);
        reply
    }

    pub fn head(&mut self) -> String {
        String::from_utf8(self.until(b"\r\n\r\n")).expect("a head in ASCII")
    }

    pub fn until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|window| window == end) {
                return self.buffer.drain(..at + end.len()).collect();
            }
            assert!(self.fill() > 0, "ended after {:?}", String::from_utf8_lossy(&self.buffer));
        }
    }

    pub fn take(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.fill() > 0, "ended {} bytes early", length - self.buffer.len());
        }
        self.buffer.drain(..length).collect()
    }

    /// Everything that still comes, and how it ends.
    pub fn rest(&mut self) -> (Vec<u8>, Ending) {
        let mut part = [0; 4096];
        loop {
            match self.stream.read(&mut part) {
                Ok(0) => return (std::mem::take(&mut self.buffer), Ending::Fin),
                Ok(length) => self.buffer.extend(&part[..length]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    return (std::mem::take(&mut self.buffer), Ending::Reset);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn fill(&mut self) -> usize {
        let mut part = [0; 4096];
        let length = self.stream.read(&mut part).expect("reads");
        self.buffer.extend(&part[..length]);
        length
    }
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).into_iter().next()
    }

    pub fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}
