//! Retry-After (RFC 9110 §10.2.3).

use httpclient::policy::retry_after::parse;
use proptest::prelude::*;

/// Sun, 06 Nov 1994 08:49:37.250 GMT
const NOW_MS: i64 = 784_111_777_250;
const IN_A_MINUTE: &[u8] = b"Sun, 06 Nov 1994 08:50:37 GMT";

fn now(value: &str) -> Option<u64> {
    parse(value.as_bytes(), None, NOW_MS)
}

#[test]
fn digits_are_seconds() {
    assert_eq!(now("120"), Some(120_000));
    assert_eq!(now("0007"), Some(7000));
}

#[test]
fn zero_is_zero_and_not_malformed() {
    assert_eq!(now("0"), Some(0));
    assert_eq!(now("000"), Some(0));
}

#[test]
fn surrounding_spaces_and_tabs_do_not_matter() {
    assert_eq!(now(" \t120\t "), Some(120_000));
    assert_eq!(now("\tSun, 06 Nov 1994 08:50:37 GMT "), Some(59_750));
}

#[test]
fn huge_numbers_saturate() {
    assert_eq!(now("18446744073709551615"), Some(u64::MAX));
    assert_eq!(now("18446744073709551616"), Some(u64::MAX));
    assert_eq!(now(&"9".repeat(5000)), Some(u64::MAX));
}

#[test]
fn what_is_neither_digits_nor_a_date_is_malformed() {
    for value in [
        "",
        " ",
        "-1",
        "+1",
        "1.5",
        "1,5",
        "1, 2",
        "120, 120",
        "1 2",
        "0x10",
        "1e3",
        "12s",
        "soon",
        "\u{0661}",
        "1\n",
        "1\0",
        "NaN",
        "1994-11-06T08:50:37Z",
        "Sun, 06 Nov 1994 08:50:37 UTC",
    ] {
        assert_eq!(now(value), None, "{value:?}");
    }
    assert_eq!(parse(b"\xff\xfe", None, NOW_MS), None);
}

#[test]
fn several_dates_are_malformed() {
    assert_eq!(now("Sun, 06 Nov 1994 08:50:37 GMT, Sun, 06 Nov 1994 08:50:37 GMT"), None);
}

#[test]
fn every_form_of_date_counts_from_the_wall_clock() {
    for value in ["Sun, 06 Nov 1994 08:50:37 GMT", "Sunday, 06-Nov-94 08:50:37 GMT", "Sun Nov  6 08:50:37 1994"] {
        assert_eq!(now(value), Some(59_750), "{value}");
    }
}

#[test]
fn a_past_date_is_zero() {
    assert_eq!(now("Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
    assert_eq!(now("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    assert_eq!(now("Sat, 01 Jan 1600 00:00:00 GMT"), Some(0));
}

#[test]
fn a_far_date_is_as_far_as_it_is() {
    assert_eq!(now("Fri, 31 Dec 9999 23:59:59 GMT"), Some(252_618_189_021_750));
}

#[test]
fn a_date_counts_from_the_servers_own_date() {
    for (date, wait_ms) in [
        ("Sun, 06 Nov 1994 08:50:27 GMT", 10_000),
        ("Sun, 06 Nov 1994 07:50:37 GMT", 3_600_000),
        (" Sunday, 06-Nov-94 08:50:27 GMT\t", 10_000),
        ("Sun, 06 Nov 1994 09:00:00 GMT", 0),
    ] {
        assert_eq!(parse(IN_A_MINUTE, Some(date.as_bytes()), NOW_MS), Some(wait_ms), "{date}");
    }
}

#[test]
fn a_date_header_up_to_a_day_off_is_believed() {
    assert_eq!(parse(IN_A_MINUTE, Some(b"Sat, 05 Nov 1994 08:49:37 GMT"), NOW_MS), Some(86_460_000));
    assert_eq!(parse(IN_A_MINUTE, Some(b"Sat, 05 Nov 1994 08:49:36 GMT"), NOW_MS), Some(59_750));
    assert_eq!(parse(IN_A_MINUTE, Some(b"Mon, 07 Nov 1994 08:49:38 GMT"), NOW_MS), Some(59_750));
}

#[test]
fn a_malformed_date_header_leaves_the_wall_clock() {
    for date in ["", "yesterday", "784111777", "1994-11-06"] {
        assert_eq!(parse(IN_A_MINUTE, Some(date.as_bytes()), NOW_MS), Some(59_750), "{date}");
    }
}

#[test]
fn seconds_do_not_look_at_any_clock() {
    assert_eq!(parse(b"5", Some(b"Sun, 06 Nov 1994 09:00:00 GMT"), i64::MIN), Some(5000));
}

#[test]
fn a_mad_clock_does_no_harm() {
    for clock in [i64::MIN, -1, 0, i64::MAX] {
        assert!(parse(IN_A_MINUTE, Some(IN_A_MINUTE), clock).is_some());
    }
}

proptest! {
    #[test]
    fn any_number_of_seconds_is_read_exactly(seconds in 0..=u64::MAX / 1000) {
        prop_assert_eq!(now(&seconds.to_string()), Some(seconds * 1000));
    }

    #[test]
    fn no_bytes_and_no_clock_make_it_panic(
        value in prop::collection::vec(any::<u8>(), 0..40),
        date in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        clock: i64,
    ) {
        parse(&value, date.as_deref(), clock);
    }
}
