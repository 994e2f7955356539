//! A response on its way in: what is kept of a coded body, and when that ends.

use flate2::Compression;
use flate2::write::GzEncoder;
use httpclient::transport::inflow::{Expected, Fault, Inflow};
use std::io::Write;

/// As much as an Inflow may hold for who takes its body piece by piece.
const HELD: usize = 512 << 10;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory")
}

/// The head of a response in gzip has come.
fn coded(max_body: u64, streams: bool) -> Inflow {
    let mut inflow = Inflow::default();
    inflow.reset(Expected { is_head: false, max_headers: 1000, max_body, decodes: true, streams });
    for line in ["HTTP/1.1 200 OK\r\n", "Content-Encoding: gzip\r\n", "\r\n"] {
        assert!(inflow.header_line(line.as_bytes(), false));
    }
    inflow
}

/// How many of at most `most` copies of `piece` are taken before it ends.
fn fed(inflow: &mut Inflow, piece: &[u8], most: usize) -> usize {
    (0..most).take_while(|_| inflow.body_bytes(piece)).count()
}

#[test]
fn a_bomb_ends_one_byte_beyond_the_limit() {
    let mut inflow = coded(1000, false);
    assert!(!inflow.body_bytes(&gzip(&vec![0; 1 << 20])));
    assert_eq!((inflow.fault.as_deref(), inflow.body.len()), (Some(&Fault::BodyLimit), 1000));
    let mut exact = coded(1000, false);
    assert!(exact.body_bytes(&gzip(&[0; 1000])));
    exact.end();
    assert_eq!(exact.fault, None);
}

#[test]
fn a_coding_of_nothing_ends_at_the_limit_as_well() {
    let mut members = coded(1000, false);
    let taken = fed(&mut members, &gzip(b"").repeat(100), 1000);
    assert!((30..50).contains(&taken), "{taken}");
    assert_eq!(members.fault.as_deref(), Some(&Fault::BodyLimit));

    let mut behind = coded(1000, false);
    assert!(behind.body_bytes(&gzip(b"x")));
    assert!(fed(&mut behind, &[0; 1000], 1000) < 100);
    assert_eq!(behind.fault.as_deref(), Some(&Fault::BodyLimit));
}

#[test]
fn without_a_limit_padding_may_go_on() {
    let mut inflow = coded(u64::MAX, false);
    assert!(inflow.body_bytes(&gzip(b"x")));
    assert_eq!(fed(&mut inflow, &[0; 1000], 1000), 1000);
}

#[test]
fn a_bomb_waits_coded_for_who_takes_it_piece_by_piece() {
    const PLAIN: usize = 16 << 20;
    let mut inflow = coded(u64::MAX, true);
    assert!(inflow.body_bytes(&gzip(&vec![0; PLAIN])));
    let (mut piece, mut taken) = (Vec::new(), 0);
    while !inflow.is_drained() {
        assert!(!inflow.has_room() && inflow.body.capacity() <= HELD, "{}", inflow.body.capacity());
        inflow.take_body(&mut piece);
        taken += piece.len();
    }
    inflow.end();
    assert_eq!((taken, inflow.fault.as_deref()), (PLAIN, None));
    assert_eq!(inflow.sizes().decoded, PLAIN as u64);
}

#[test]
fn a_sinks_own_limit_counts_what_was_taken_before() {
    let mut inflow = coded(u64::MAX, true);
    inflow.settle_body(300 << 10, true);
    assert!(inflow.body_bytes(&gzip(&vec![0; (300 << 10) + 1])));
    let (mut piece, mut taken) = (Vec::new(), 0);
    while !inflow.is_drained() {
        inflow.take_body(&mut piece);
        taken += piece.len();
    }
    assert_eq!((taken, inflow.fault.as_deref()), (300 << 10, Some(&Fault::BodyLimit)));
}
