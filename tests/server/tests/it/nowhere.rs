use crate::{
    client::{Client, Ending, address, connect},
    start,
};
use std::{
    io::{ErrorKind, Read},
    net::TcpStream,
    time::Duration,
};

#[test]
fn refused_refuses() {
    let server = start();
    let error = TcpStream::connect(address(server.url("refused"))).expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn blackhole_hangs() {
    let server = start();
    for _ in 0..3 {
        let timeout = Duration::from_millis(300);
        let error = TcpStream::connect_timeout(&address(server.url("blackhole")), timeout).expect_err("no answer");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}

#[test]
fn accepted_connections_end_at_once() {
    let server = start();
    assert_eq!(Client::on(connect(server.url("accept_reset"))).rest(), (vec![], Ending::Reset));
    let mut client = Client::on(connect(server.url("accept_close")));
    client.ask("/echo");
    assert_eq!(client.rest(), (vec![], Ending::Fin));
}

#[test]
fn silence_is_kept() {
    let server = start();
    for (name, said) in [("silent", ""), ("banner", "SSH-2.0-x\r\n"), ("tls_stall", "")] {
        let mut client = Client::on(connect(server.url(name)));
        client.ask("/echo");
        assert_eq!(client.take(said.len()), said.as_bytes());
        client.stream.set_read_timeout(Some(Duration::from_millis(50))).expect("sets a timeout");
        let error = client.stream.read(&mut [0]).expect_err("silence");
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{name}");
    }
}

#[test]
fn an_answer_comes_before_there_is_a_request() {
    let server = start();
    let mut client = Client::on(connect(server.url("eager")));
    assert_eq!(client.reply().text(), "eager");
}
