//! Events out of a stream, as WHATWG HTML section 9.2.6 reads it; its own examples among them.

use httpclient::client::event_stream::{Event, Parser, TooLong};
use proptest::prelude::*;

fn events_of(parser: &mut Parser, mut bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
    let mut events = Vec::new();
    while let Some(event) = parser.next(&mut bytes)? {
        events.push(event);
    }
    assert!(bytes.is_empty());
    Ok(events)
}

/// Type, data and id of each event.
fn parse(stream: impl AsRef<[u8]>) -> Vec<(String, String, String)> {
    let events = events_of(&mut Parser::new(1 << 20), stream.as_ref()).expect("short events");
    events.into_iter().map(|event| (event.kind, event.data, event.id)).collect()
}

fn message(data: &str) -> (String, String, String) {
    ("message".into(), data.into(), String::new())
}

fn data_of(stream: impl AsRef<[u8]>) -> Vec<String> {
    parse(stream).into_iter().map(|(_, data, _)| data).collect()
}

#[test]
fn lines_of_data_are_joined_by_line_feeds() {
    assert_eq!(parse("data: YHOO\ndata: +2\ndata: 10\n\n"), [message("YHOO\n+2\n10")]);
}

#[test]
fn the_standards_example_with_ids_and_comments() {
    let stream = ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
    let ids: Vec<_> = parse(stream).into_iter().map(|(_, data, id)| (data, id)).collect();
    let wanted = [("first event", "1"), ("second event", ""), (" third event", "")];
    assert_eq!(ids, wanted.map(|(data, id)| (data.to_owned(), id.to_owned())));
}

#[test]
fn the_standards_example_with_empty_data() {
    assert_eq!(data_of("data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
}

#[test]
fn one_space_behind_the_colon_is_left_out() {
    assert_eq!(data_of("data:test\n\ndata: test\n\n"), ["test", "test"]);
}

#[test]
fn every_line_end_ends_a_line() {
    assert_eq!(data_of("data: a\r\rdata: b\r\n\r\ndata: c\n\n"), ["a", "b", "c"]);
    assert_eq!(data_of("data: a\r\ndata: b\r\n\r\n"), ["a\nb"]);
}

#[test]
fn an_event_has_a_type_of_its_own() {
    let stream = "event: add\ndata: 1\n\ndata: 2\n\nevent: a\nevent: b\ndata: 3\n\n";
    let kinds: Vec<_> = parse(stream).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["add", "message", "b"]);
}

#[test]
fn without_data_there_is_no_event_and_no_type_for_the_next() {
    assert_eq!(parse("event: add\n\ndata: 1\n\n"), [message("1")]);
}

#[test]
fn an_id_without_data_counts_all_the_same() {
    let mut parser = Parser::new(100);
    assert_eq!(events_of(&mut parser, b"id: 7\n\n"), Ok(vec![]));
    assert_eq!(parser.last_event_id(), Some("7"));
}

#[test]
fn an_id_counts_once_its_event_is_whole() {
    let mut parser = Parser::new(100);
    assert_eq!(events_of(&mut parser, b"id: 7\ndata: x\n"), Ok(vec![]));
    assert_eq!(parser.last_event_id(), None);
}

#[test]
fn an_id_with_nul_is_none() {
    assert_eq!(parse("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n")[1].2, "1");
}

#[test]
fn retry_is_digits_and_nothing_else() {
    let retry = |text: &str| {
        let mut parser = Parser::new(100);
        let _ = events_of(&mut parser, format!("retry: 5\nretry:{text}\n").as_bytes());
        parser.retry_ms()
    };
    assert_eq!(retry("100"), Some(100));
    assert_eq!(retry(" 0010"), Some(10));
    assert_eq!(retry("99999999999999999999999"), Some(u64::MAX));
    for odd in ["", "-1", "+1", "1.5", "1 ", "0x1", "१"] {
        assert_eq!(retry(odd), Some(5), "{odd:?}");
    }
}

#[test]
fn unknown_fields_and_comments_are_nothing() {
    assert_eq!(data_of(":data: a\nDATA: b\n data: c\ndatax: d\nx\ndata: e\n\n"), ["e"]);
}

#[test]
fn one_byte_order_mark_is_left_out_at_the_very_beginning() {
    assert_eq!(data_of("\u{FEFF}data: a\n\n\u{FEFF}data: b\n\n"), ["a"]);
    assert_eq!(data_of("\u{FEFF}\u{FEFF}data: a\n\n"), [""; 0]);
    assert_eq!(data_of("\u{FEFF}: comment\ndata: a\n\n"), ["a"]);
}

#[test]
fn what_is_no_utf_8_is_replaced() {
    assert_eq!(data_of(b"data: a\xFFb\xE2\x82\ndata: \xF0\x9F\x98\x80\n\n"), ["a\u{FFFD}b\u{FFFD}\n😀"]);
}

#[test]
fn what_no_blank_line_ends_is_no_event() {
    assert_eq!(data_of("data: a\n\ndata: b\n"), ["a"]);
}

#[test]
fn another_connection_begins_anew_but_for_the_last_id() {
    let mut parser = Parser::new(100);
    let _ = events_of(&mut parser, b"id: 1\ndata: a\n\nid: 2\nevent: x\ndata: lost\nda");
    parser.begin();
    let events = events_of(&mut parser, "\u{FEFF}data: b\n\n".as_bytes()).expect("short");
    assert_eq!(events, [Event { kind: "message".into(), data: "b".into(), id: "1".into() }]);
}

#[test]
fn events_and_lines_have_a_limit() {
    let fits = |limit: usize, stream: &str| events_of(&mut Parser::new(limit), stream.as_bytes()).is_ok();
    assert!(fits(20, "data: 12345678901234\n\ndata: 12345678901234\n\n"));
    assert!(!fits(20, "data: 123456789012345\n\n"));
    assert!(!fits(20, "data: 123456\ndata: 123456\ndata: 123456\n"));
    assert!(!fits(20, "unknown: 1234567890123"));
}

#[test]
fn comments_are_not_kept_however_long() {
    let mut parser = Parser::new(20);
    for piece in [b"\n:".as_slice(), &[b'x'; 1000], &[b'x'; 1000], b"\ndata: a\n\n"] {
        assert!(parser.next(&mut &*piece).is_ok());
    }
}

fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop::sample::select(vec![
        "data", "id", "event", "retry", ":", " ", "\n", "\r", "\r\n", "\n\n", "x", "7", "\0", "é", "\u{FEFF}",
    ]);
    let bytes =
        prop_oneof![9 => parts.prop_map(|part| part.as_bytes().to_vec()), 1 => any::<u8>().prop_map(|b| vec![b])];
    prop::collection::vec(bytes, 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn where_a_stream_is_cut_makes_no_difference(stream in any_stream(), cuts in prop::collection::vec(1_usize..9, 1..40)) {
        let (mut whole, mut cut) = (Parser::new(1 << 20), Parser::new(1 << 20));
        let wanted = events_of(&mut whole, &stream);
        let (mut events, mut rest, mut sizes) = (Vec::new(), &stream[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, left) = rest.split_at(rest.len().min(*sizes.next().expect("endless")));
            events.extend(events_of(&mut cut, piece).expect("short"));
            rest = left;
        }
        prop_assert_eq!(Ok(events), wanted);
        prop_assert_eq!((cut.last_event_id(), cut.retry_ms()), (whole.last_event_id(), whole.retry_ms()));
    }
}
