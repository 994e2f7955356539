//! Reading the body of a request, by Content-Length or chunked.

use crate::{
    connection::Connection,
    request::{Fault, Request, bad},
};

/// More of one body than this is read but not kept.
pub const KEPT: usize = 64 << 20;

pub fn read(connection: &mut Connection, request: &Request) -> Result<Vec<u8>, Fault> {
    let chunked = request.header_has("transfer-encoding", "chunked");
    let length = match request.header("content-length") {
        Some(text) if !chunked => text.parse().or_else(|_| bad("bad content-length"))?,
        _ => 0,
    };
    if (chunked || length > 0) && request.header_has("expect", "100-continue") && connection.nothing_buffered() {
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    if chunked {
        return read_chunks(connection);
    }
    let mut body = Vec::new();
    take(connection, length, &mut body)?;
    Ok(body)
}

fn read_chunks(connection: &mut Connection) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    loop {
        let line = connection.read_line()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).or_else(|_| bad("bad chunk size"))?;
        if size == 0 {
            while !connection.read_line()?.is_empty() {}
            return Ok(body);
        }
        take(connection, size, &mut body)?;
        if !connection.read_line()?.is_empty() {
            return bad("chunk longer than its size");
        }
    }
}

fn take(connection: &mut Connection, mut length: usize, body: &mut Vec<u8>) -> Result<(), Fault> {
    while length > 0 {
        let part = connection.read_up_to(length)?;
        length -= part.len();
        let room = KEPT.saturating_sub(body.len()).min(part.len());
        body.extend_from_slice(&part[..room]);
    }
    Ok(())
}
