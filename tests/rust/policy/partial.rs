//! Content-Range and strong ETags.

use httpclient::policy::partial::{ContentRange, strong_etag};

fn range(first: u64, last: u64, total: Option<u64>) -> Option<ContentRange> {
    Some(ContentRange { first, last, total })
}

#[test]
fn a_content_range_has_its_ends_and_the_whole_length() {
    assert_eq!(ContentRange::parse(b"bytes 50-99/100"), range(50, 99, Some(100)));
    assert_eq!(ContentRange::parse(b"bytes 0-0/1"), range(0, 0, Some(1)));
    assert_eq!(ContentRange::parse(b"BYTES 1-2/3"), range(1, 2, Some(3)));
}

#[test]
fn the_whole_length_may_be_unknown() {
    assert_eq!(ContentRange::parse(b"bytes 50-99/*"), range(50, 99, None));
}

#[test]
fn its_length_counts_both_ends() {
    assert_eq!(ContentRange::parse(b"bytes 50-99/100").map(|range| range.length()), Some(50));
    let longest = format!("bytes 0-{}/*", u64::MAX);
    assert_eq!(ContentRange::parse(longest.as_bytes()).map(|range| range.length()), Some(u64::MAX));
}

#[test]
fn what_is_no_range_of_bytes_is_none() {
    for value in [
        "",
        "bytes",
        "bytes ",
        "bytes */100",
        "bytes 50-/100",
        "bytes -50/100",
        "bytes 50-99",
        "bytes 50-99/",
        "bytes 99-50/100",
        "bytes 50-100/100",
        "items 50-99/100",
        "bytes=50-99/100",
        "bytes +50-99/100",
        "bytes 50-99/+100",
        "bytes 50 -99/100",
        "bytes 50-99/100 ",
        "bytes 0-18446744073709551616/*",
        "bytes 1-2/3, bytes 4-5/6",
    ] {
        assert_eq!(ContentRange::parse(value.as_bytes()), None, "{value}");
    }
    assert_eq!(ContentRange::parse(b"bytes \xff-1/2"), None);
}

#[test]
fn a_strong_etag_stands_in_quotes() {
    assert_eq!(strong_etag(b"\"abc-1\""), Some("\"abc-1\""));
    assert_eq!(strong_etag(b"\"\""), Some("\"\""));
}

#[test]
fn weak_and_malformed_etags_are_not_strong() {
    for value in [&b"W/\"a\""[..], b"w/\"a\"", b"a", b"\"", b"", b"\"a", b"a\"", b"\"a\"b\"", b"\"a b\"", b"\"\xe4\""] {
        assert_eq!(strong_etag(value), None, "{value:?}");
    }
}
