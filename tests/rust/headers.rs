//! What may be sent as a header or method, and the map of those that came back.

use httpclient::client::headers::{HeaderMap, check_method, check_name, check_value, owned_by_library, trim_value};
use proptest::prelude::*;

#[test]
fn header_names_are_tokens() {
    for good in ["X", "content-type", "X-1", "!#$%&'*+-.^_`|~"] {
        assert_eq!(check_name(good), Ok(()), "{good}");
    }
    let bad = [
        ("", "the header name is empty"),
        ("A B", "the header name \"A B\" may not have a space (byte 1)"),
        ("A\r\nB", "the header name \"A B\" may not have a carriage return (byte 1)"),
        ("A\nB", "the header name \"A B\" may not have a line feed (byte 1)"),
        ("A\t", "the header name \"A\" may not have a tab (byte 1)"),
        ("A\0", "the header name \"A\" may not have a NUL (byte 1)"),
        (":path", "the header name \":path\" may not have the character : (byte 0)"),
        ("A:", "the header name \"A:\" may not have the character : (byte 1)"),
        ("Größe", "the header name \"Größe\" may not have the character U+00F6 (byte 2)"),
    ];
    for (name, reason) in bad {
        assert_eq!(check_name(name), Err(reason.to_owned()), "{name:?}");
    }
}

#[test]
fn header_values_have_no_control_characters_but_tabs() {
    for good in [&b""[..], b"a b", b"a\tb", b" a ", b"\xe4\xff", "ö".as_bytes()] {
        assert_eq!(check_value(good), Ok(()), "{good:?}");
    }
    let bad: [(&[u8], &str); 5] = [
        (b"a\r\nSet-Cookie: x", "the header value may not have a carriage return (byte 1)"),
        (b"a\nb", "the header value may not have a line feed (byte 1)"),
        (b"\0", "the header value may not have a NUL (byte 0)"),
        (b"a\x1b", "the header value may not have the character U+001B (byte 1)"),
        (b"a\x7f", "the header value may not have the character U+007F (byte 1)"),
    ];
    for (value, reason) in bad {
        assert_eq!(check_value(value), Err(reason.to_owned()), "{value:?}");
    }
}

#[test]
fn a_reason_never_repeats_a_secret_value() {
    let reason = check_value(b"Bearer hunter2\n").unwrap_err();
    assert!(!reason.contains("hunter2"), "{reason}");
}

#[test]
fn values_are_trimmed_of_spaces_and_tabs() {
    for (value, trimmed) in [("", ""), (" \t ", ""), (" a b\t", "a b"), ("a", "a")] {
        assert_eq!(trim_value(value.as_bytes()), trimmed.as_bytes());
    }
}

#[test]
fn methods_are_tokens_and_not_connect() {
    for good in ["GET", "get", "PATCH", "PROPFIND", "M-SEARCH"] {
        assert_eq!(check_method(good), Ok(()), "{good}");
    }
    for bad in ["", "GET /", "GET\r\nX: y", "GE\0T", "(", "MÉTHODE"] {
        assert!(check_method(bad).is_err(), "{bad:?}");
    }
    for tunnel in ["CONNECT", "connect"] {
        assert!(check_method(tunnel).unwrap_err().contains("proxy"), "{tunnel}");
    }
}

#[test]
fn framing_headers_belong_to_the_library() {
    for name in ["Content-Length", "transfer-encoding", "CONNECTION", "Keep-Alive", "Upgrade", "TE", "Expect"] {
        assert!(owned_by_library(name).is_some(), "{name}");
    }
    for name in ["Host", "Authorization", "Accept-Encoding", "Cookie", "Content-Type", "Content-Encoding", "Range", ""]
    {
        assert_eq!(owned_by_library(name), None, "{name}");
    }
}

fn map(lines: &[&str]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in lines {
        map.push_line(line.as_bytes()).unwrap_or_else(|reason| panic!("{line:?}: {reason}"));
    }
    map
}

#[test]
fn header_lines_are_read_as_they_come() {
    let cases: &[(&str, &str, &str)] = &[
        ("A: b", "A", "b"),
        ("A:b\r\n", "A", "b"),
        ("A: b\n", "A", "b"),
        ("A: b\r\r\n", "A", "b"),
        ("A: \t b c \t\r\n", "A", "b c"),
        ("A:", "A", ""),
        ("A:   \r\n", "A", ""),
        ("A : b", "A", "b"),
        ("A: b: c", "A", "b: c"),
        ("Odd Name: b", "Odd Name", "b"),
        ("A: \u{1}b", "A", "\u{1}b"),
    ];
    for (line, name, value) in cases {
        let map = map(&[line]);
        let all: Vec<_> = map.iter().collect();
        assert_eq!(all, [(name.as_bytes(), value.as_bytes())], "{line:?}");
    }
}

#[test]
fn broken_header_lines_are_refused_and_leave_nothing_behind() {
    let mut map = map(&["Before: yes"]);
    let broken: &[&[u8]] = &[
        b"",
        b"\r\n",
        b"no colon",
        b": value",
        b" \t : x\0",
        b"A: b\0c",
        b"A\0: b",
        b"A: b\rc",
        b"A: b\nc",
        b"A\tB: c",
        b"Content-Length : 5",
        b"transfer-encoding\t: chunked",
    ];
    for line in broken {
        assert!(map.push_line(line).is_err(), "{line:?}");
        assert_eq!(map.iter().collect::<Vec<_>>(), [(&b"Before"[..], &b"yes"[..])], "{line:?}");
    }
    assert_eq!(map.get(b"before"), Some(&b"yes"[..]));
    assert!(HeaderMap::new().push_line(b" fold first").is_err());
}

#[test]
fn folded_lines_continue_the_value_with_one_space() {
    assert_eq!(map(&["A: b \r\n", " \t c\r\n", "\td  "]).get(b"a"), Some(&b"b c d"[..]));
    assert_eq!(map(&["A:", "  b"]).get(b"a"), Some(&b"b"[..]));
    assert_eq!(map(&["A: b", "   ", " \r\n"]).get(b"a"), Some(&b"b"[..]));
    let folded = map(&["A: b", "C: d", " e", "F: g"]);
    let all: Vec<_> = folded.iter().collect();
    assert_eq!(all, [(&b"A"[..], &b"b"[..]), (b"C", b"d e"), (b"F", b"g")]);
}

#[test]
fn look_up_ignores_case_and_takes_the_first() {
    let map = map(&["Set-Cookie: a", "X: y", "SET-COOKIE: b"]);
    assert_eq!(map.get(b"set-cookie"), Some(&b"a"[..]));
    assert_eq!(map.get_all(b"Set-Cookie").collect::<Vec<_>>(), [b"a", b"b"]);
    assert_eq!(map.get(b"set"), None);
    assert_eq!(map.get(b""), None);
    assert_eq!((map.positions(b"x").next(), map.positions(b"y").next()), (Some(1), None));
    assert_eq!(map.len(), 3);
}

#[test]
fn c_programs_find_a_nul_after_each_name_and_value() {
    let map = map(&["A: b", "C:"]);
    assert_eq!((map.name_at(0), map.value_at(0)), (Some(&b"A\0"[..]), Some(&b"b\0"[..])));
    assert_eq!((map.name_at(1), map.value_at(1)), (Some(&b"C\0"[..]), Some(&b"\0"[..])));
    assert_eq!((map.name_at(2), map.value_at(usize::MAX)), (None, None));
}

#[test]
fn a_cleared_map_is_empty_and_usable() {
    let mut map = map(&["A: b"]);
    map.clear();
    assert!(map.is_empty() && map.get(b"a").is_none());
    assert!(map.push_line(b" fold").is_err());
    map.push_line(b"C: d ").unwrap();
    assert_eq!(map.get(b"c"), Some(&b"d"[..]));
}

proptest! {
    #[test]
    fn any_lines_leave_a_map_whose_strings_end_where_they_should(
        lines in proptest::collection::vec(proptest::collection::vec(prop_oneof![
            Just(b':'), Just(b' '), Just(b'\r'), Just(b'\n'), Just(0u8), Just(b'a'), any::<u8>()
        ], 0..12), 0..12)
    ) {
        let mut map = HeaderMap::new();
        for line in &lines {
            let _ = map.push_line(line);
        }
        for at in 0..map.len() {
            for text in [map.name_at(at), map.value_at(at)] {
                let text = text.unwrap();
                prop_assert_eq!(text.iter().position(|&byte| byte == 0), Some(text.len() - 1));
                prop_assert!(!text.contains(&b'\r') && !text.contains(&b'\n'));
            }
        }
    }
}
