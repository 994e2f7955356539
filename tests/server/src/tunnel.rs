//! A proxy that is spoken to over TLS, takes CONNECT and passes bytes on (RFC 9110 section 9.3.6). It asks for a client
//! certificate, and turns away who shows one: what is for the server behind it is none of its business.

use crate::socket::{End, Stream};
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpStream},
    os::fd::AsRawFd,
};

pub fn serve(mut client: Stream) -> (Stream, End) {
    // Whatever fails here fails because one side left.
    let _ = open(&mut client).and_then(|server| pass_on(&mut client, server));
    (client, End::Fin)
}

fn open(client: &mut Stream) -> io::Result<TcpStream> {
    let shown = matches!(client, Stream::Tls(tls) if tls.ssl().peer_certificate().is_some());
    let port = port_of(&read_head(client)?);
    match port {
        Some(port) if !shown => {
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            client.send(b"HTTP/1.1 200 Tunnel\r\n\r\n")?;
            Ok(server)
        }
        _ => {
            let reason = if shown { "Certificate Shown" } else { "No Tunnel" };
            client.send(format!("HTTP/1.1 403 {reason}\r\nContent-Length: 0\r\n\r\n").as_bytes())?;
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
}

fn read_head(client: &mut Stream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while !head.ends_with(b"\r\n\r\n") {
        match client.receive(&mut part)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => head.extend_from_slice(&part[..length]),
        }
    }
    Ok(head)
}

/// Of "CONNECT localhost:PORT HTTP/1.1".
fn port_of(head: &[u8]) -> Option<u16> {
    let line = String::from_utf8_lossy(head);
    let authority = line.strip_prefix("CONNECT ")?.split(' ').next()?;
    authority.strip_prefix("localhost:")?.parse().ok()
}

fn pass_on(client: &mut Stream, mut server: TcpStream) -> io::Result<()> {
    let mut part = [0; 16 * 1024];
    loop {
        let (from_client, from_server) = wait_for_either(client, &server);
        if from_client {
            match client.receive(&mut part)? {
                0 => return server.shutdown(Shutdown::Write),
                length => server.write_all(&part[..length])?,
            }
        }
        if from_server {
            match server.read(&mut part)? {
                0 => return Ok(()),
                length => client.send(&part[..length])?,
            }
        }
    }
}

fn wait_for_either(client: &Stream, server: &TcpStream) -> (bool, bool) {
    let decrypted = matches!(client, Stream::Tls(tls) if tls.ssl().pending() > 0);
    let entry = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut entries = [entry(client.as_raw_fd()), entry(server.as_raw_fd())];
    // SAFETY: two valid entries, borrowed for the call.
    while unsafe { libc::poll(entries.as_mut_ptr(), 2, if decrypted { 0 } else { -1 }) } < 0 {}
    (decrypted || entries[0].revents != 0, entries[1].revents != 0)
}
