//! A body on its way out: what the transport gets, and when more is asked for.

use httpclient::client::body::Pull;
use httpclient::transport::outflow::{Miscount, Outflow, ROOM};

fn stream(length: Option<u64>) -> Outflow {
    let mut outflow = Outflow::default();
    outflow.reset(Some(length));
    outflow
}

fn put(outflow: &mut Outflow, bytes: &[u8]) -> Result<Pull, Miscount> {
    outflow.fill(|room| {
        room[..bytes.len()].copy_from_slice(bytes);
        Ok(Pull::Bytes(bytes.len()))
    })
}

fn end(outflow: &mut Outflow) -> Result<Pull, Miscount> {
    outflow.fill(|_| Ok(Pull::End))
}

fn take(outflow: &mut Outflow) -> Option<Vec<u8>> {
    let mut into = vec![0; ROOM];
    let count = outflow.take(&mut into)?;
    into.truncate(count);
    Some(into)
}

#[test]
fn nothing_is_asked_for_before_the_transport_comes_to_the_body() {
    let mut outflow = stream(None);
    assert!(!outflow.wants_more());
    assert_eq!(take(&mut outflow), None);
    assert!(outflow.wants_more());
    assert!(outflow.is_starved());
}

#[test]
fn the_starved_are_told_once() {
    let mut outflow = stream(None);
    take(&mut outflow);
    assert!(!outflow.has_fed_the_starved());
    assert!(put(&mut outflow, b"some").is_ok());
    assert!(outflow.has_fed_the_starved());
    assert!(!outflow.has_fed_the_starved());
    assert_eq!(take(&mut outflow).as_deref(), Some(&b"some"[..]));
}

#[test]
fn the_end_is_nothing_left_to_take() {
    let mut outflow = stream(None);
    take(&mut outflow);
    assert!(put(&mut outflow, b"all").is_ok());
    take(&mut outflow);
    assert_eq!(outflow.total(), None);
    assert!(end(&mut outflow).is_ok());
    assert!(outflow.has_fed_the_starved() || !outflow.is_starved());
    assert_eq!(take(&mut outflow).as_deref(), Some(&b""[..]));
    assert!(outflow.is_over());
    assert_eq!((outflow.given(), outflow.total()), (3, Some(3)));
}

#[test]
fn the_last_byte_of_a_known_length_waits_for_the_end() {
    let mut outflow = stream(Some(5));
    take(&mut outflow);
    assert!(put(&mut outflow, b"hello").is_ok());
    assert_eq!(take(&mut outflow).as_deref(), Some(&b"hell"[..]));
    assert_eq!(take(&mut outflow), None);
    assert!(outflow.wants_more());
    assert!(end(&mut outflow).is_ok());
    assert!(outflow.has_fed_the_starved());
    assert_eq!(take(&mut outflow).as_deref(), Some(&b"o"[..]));
    assert!(outflow.is_over());
}

#[test]
fn a_body_of_just_the_room_is_checked_for_its_end_too() {
    let whole = vec![b'x'; ROOM];
    let mut outflow = stream(Some(ROOM as u64));
    take(&mut outflow);
    assert!(put(&mut outflow, &whole).is_ok());
    assert!(outflow.wants_more());
    assert!(matches!(put(&mut outflow, b"y"), Err(Miscount::TooMany { length }) if length == ROOM as u64));
    assert!(end(&mut outflow).is_ok());
    assert_eq!(take(&mut outflow), Some(whole));
}

#[test]
fn miscounts_are_found() {
    let mut outflow = stream(Some(5));
    assert!(put(&mut outflow, b"four").is_ok());
    assert!(matches!(end(&mut outflow), Err(Miscount::TooFew { given: 4, length: 5 })));
    assert!(matches!(put(&mut outflow, b"xy"), Err(Miscount::TooMany { length: 5 })));
}

#[test]
fn without_a_stream_there_is_nothing_to_do() {
    let mut outflow = Outflow::default();
    assert!(outflow.is_over() && !outflow.wants_more() && !outflow.is_starved());
    assert_eq!(take(&mut outflow).as_deref(), Some(&b""[..]));
}
