//! Text that a server chose, made printable.

use httpclient::text::{has_control_bytes, printable};
use proptest::prelude::*;

#[test]
fn printable_text_table() {
    let cases: &[(&[u8], &str)] = &[
        (b"", ""),
        (b"plain text", "plain text"),
        (b"  two\r\n\r\nlines \t here\x00 ", "two lines here"),
        (b"\x1b[31mred\x07\x7f", "[31mred"),
        (b"bad \xff\xfe bytes", "bad \u{FFFD}\u{FFFD} bytes"),
        (b"cut \xe2\x82", "cut \u{FFFD}"),
        ("csi \u{9b}31m nel \u{85}x".as_bytes(), "csi 31m nel x"),
        ("user\u{202E}gpj.exe".as_bytes(), "user gpj.exe"),
        ("a\u{2066}b\u{2069}\u{200F}c\u{061C}d".as_bytes(), "a b c d"),
        ("one\u{2028}two\u{2029}three".as_bytes(), "one two three"),
        ("\u{FEFF}mark\u{200B}ed".as_bytes(), "mark ed"),
        ("hidden\u{E0041}\u{E0042} tags".as_bytes(), "hidden tags"),
        ("👩\u{200D}🔬 می\u{200C}خواهم".as_bytes(), "👩\u{200D}🔬 می\u{200C}خواهم"),
        (b"\n\r\t\x00 ", ""),
    ];
    for (bytes, expected) in cases {
        assert_eq!(printable(bytes, 100), *expected, "{bytes:?}");
    }
}

#[test]
fn what_is_too_long_ends_in_an_ellipsis_that_counts() {
    let cases: &[(&str, usize, &str)] = &[
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("abcdef\n\n", 6, "abcdef"),
        ("äöüß", 3, "äö…"),
        ("ab cdef", 4, "ab…"),
        ("ab cdef", 3, "ab…"),
        ("abc def", 4, "abc…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("", 0, ""),
        ("a", 1, "a"),
    ];
    for (text, max_chars, expected) in cases {
        assert_eq!(printable(text.as_bytes(), *max_chars), *expected, "{text:?} in {max_chars}");
    }
}

proptest! {
    #[test]
    fn any_bytes_become_one_clean_line(bytes in proptest::collection::vec(any::<u8>(), 0..200), max in 0usize..64) {
        check(&bytes, max)?;
    }

    #[test]
    fn any_text_becomes_one_clean_line(text in any::<String>(), max in 0usize..64) {
        check(text.as_bytes(), max)?;
    }
}

fn check(bytes: &[u8], max: usize) -> Result<(), TestCaseError> {
    let line = printable(bytes, max);
    prop_assert!(line.chars().count() <= max);
    prop_assert!(!line.chars().any(char::is_control));
    prop_assert!(!line.contains("  ") && line.trim_matches(' ') == line);
    prop_assert_eq!(printable(line.as_bytes(), max), line.clone(), "printing twice changes nothing");
    Ok(())
}

#[test]
fn a_control_byte_is_found_wherever_it_stands() {
    for length in 0..50 {
        assert!(!has_control_bytes(&vec![b'~'; length]) && !has_control_bytes(&vec![0x80; length]), "{length}");
        for at in 0..length {
            for control in [0, b'\t', 0x1f, 0x7f] {
                let mut text = vec![b' '; length];
                text[at] = control;
                assert!(has_control_bytes(&text), "{control} at {at} of {length}");
            }
        }
    }
}
