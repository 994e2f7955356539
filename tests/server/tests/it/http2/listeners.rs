use super::raw::{self, Raw};
use crate::{
    client::{Client, Ending, connect, get},
    start,
    tls::{handshake, trusting},
};
use openssl::ssl::{ErrorCode, SslStream};
use std::{io::Read, net::TcpStream, time::Duration};
use testserver::Server;

/// What a client gets that offers these protocols, the best first.
fn offering(server: &Server, name: &str, protocols: &[u8]) -> SslStream<TcpStream> {
    let mut connector = trusting(server);
    connector.set_alpn_protos(protocols).expect("protocols");
    handshake(server, name, connector).expect("a handshake")
}

fn raw(server: &Server, name: &str) -> Raw<SslStream<TcpStream>> {
    Raw::on(offering(server, name, b"\x02h2"))
}

#[test]
fn alpn_decides() {
    let server = start();
    let both = b"\x02h2\x08http/1.1";
    let stream = offering(&server, "tls_h2", both);
    assert_eq!(stream.ssl().selected_alpn_protocol(), Some(b"h2".as_slice()));
    let mut raw = Raw::on(stream);
    raw.ask(1, "/bytes/3");
    assert_eq!(raw.next(raw::DATA).payload, [0, 1, 2]);

    for (name, offered) in [("tls_h2", b"\x08http/1.1".as_slice()), ("tls", both)] {
        let stream = offering(&server, name, offered);
        assert_eq!(stream.ssl().selected_alpn_protocol(), Some(b"http/1.1".as_slice()), "{name}");
        assert_eq!(Client::on(stream).get("/echo").status, 200, "{name}");
    }
    let stream = handshake(&server, "tls_h2", trusting(&server)).expect("a handshake");
    assert_eq!(Client::on(stream).get("/echo").status, 200);
}

#[test]
fn a_megabyte_comes_through_tls() {
    let server = start();
    let mut raw = raw(&server, "tls_h2");
    for stream in [0, 1] {
        if stream == 1 {
            raw.ask(1, "/bytes/1000000");
        }
        raw.send(raw::WINDOW_UPDATE, 0, stream, &1_000_000_u32.to_be_bytes());
    }
    let mut length = 0;
    while length < 1_000_000 {
        length += raw.next(raw::DATA).payload.len();
    }
    assert_eq!(length, 1_000_000);
}

#[test]
fn limits_are_announced() {
    const MAX_CONCURRENT_STREAMS: u16 = 3;
    const INITIAL_WINDOW_SIZE: u16 = 4;
    let server = start();
    assert_eq!(raw(&server, "tls_h2").setting(MAX_CONCURRENT_STREAMS), None);
    assert_eq!(raw(&server, "tls_h2_2").setting(MAX_CONCURRENT_STREAMS), Some(2));
    assert_eq!(raw(&server, "tls_h2_0").setting(MAX_CONCURRENT_STREAMS), Some(0));
    assert_eq!(raw(&server, "tls_h2_no_window").setting(INITIAL_WINDOW_SIZE), Some(0));
}

#[test]
fn a_third_stream_is_refused_and_not_logged() {
    let server = start();
    let mut raw = raw(&server, "tls_h2_2");
    for stream in [1, 3, 5] {
        raw.ask(stream, "/gate?key=a");
    }
    let refusal = raw.next(raw::RST_STREAM);
    assert_eq!((refusal.stream, refusal.payload), (5, 7_u32.to_be_bytes().to_vec()));
    get(&server, "/_open?key=a");
    for _ in 0..2 {
        raw.next(raw::DATA);
    }
    assert_eq!(get(&server, "/_count?key=a").text(), "2");
}

#[test]
fn what_is_no_http2_is_hung_up_on() {
    let server = start();
    let mut client = Client::on(connect(server.url("h2c")));
    client.ask("/echo");
    assert_eq!(client.rest().1, Ending::Fin);
}

#[test]
fn traps_break_off_after_alpn() {
    let server = start();
    assert_eq!(raw(&server, "tls_h2_close").frame(), Err(Ending::Fin));
    let mut answered = raw(&server, "tls_h2_no_settings");
    assert_eq!(answered.frame().expect("a frame").kind, raw::HEADERS);
    let mut going = raw(&server, "tls_h2_goaway");
    assert_eq!(going.frame().expect("a frame").kind, raw::SETTINGS);
    assert_eq!(going.frame().expect("a frame").payload, [0; 8]);
    let mut garbage = [0; 12];
    raw(&server, "tls_h2_garbage").stream.read_exact(&mut garbage).expect("reads");
    assert_eq!(&garbage, b"HTTP/1.1 400");
    let fallback = offering(&server, "tls_h2_close", b"\x08http/1.1");
    assert_eq!(Client::on(fallback).get("/echo").status, 200);
}

#[test]
fn traps_fall_silent() {
    let server = start();
    for (name, settings) in [("tls_h2_silent", 0), ("tls_h2_stall", 1)] {
        let mut raw = raw(&server, name);
        raw.ask(1, "/echo");
        for _ in 0..settings {
            assert_eq!(raw.frame().expect("a frame").kind, raw::SETTINGS, "{name}");
        }
        raw.stream.get_ref().set_read_timeout(Some(Duration::from_millis(50))).expect("sets a timeout");
        let error = raw.stream.ssl_read(&mut [0]).expect_err(name);
        assert_eq!(error.code(), ErrorCode::WANT_READ, "{name}");
    }
}

#[test]
fn dropping_the_server_ends_its_connections() {
    let server = start();
    let mut raw = Raw::on(connect(server.url("h2c")));
    raw.ask(1, "/stall-body");
    raw.next(raw::DATA);
    drop(server);
    while raw.frame().is_ok() {}
}
