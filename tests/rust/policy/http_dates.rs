//! HTTP-date (RFC 9110 §5.6.7), by published vectors, the rule for two-digit years, and the `httpdate` crate.

use httpclient::policy::retry_after::parse_http_date;
use proptest::prelude::*;
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};

/// Sun, 15 Jun 2025 15:06:40 GMT
const NOW: i64 = 1_750_000_000;

fn rows(group: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/http_date_cases.json")).unwrap();
    vectors[group].as_array().unwrap().clone()
}

fn parsed(row: &Value) -> Option<i64> {
    parse_http_date(row["input"].as_str().unwrap().as_bytes(), NOW)
}

fn at(text: &str, now: &str) -> Option<i64> {
    parse_http_date(text.as_bytes(), date(now))
}

fn date(text: &str) -> i64 {
    parse_http_date(text.as_bytes(), 0).unwrap()
}

fn format(seconds: i64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds as u64))
}

#[test]
fn every_strict_vector_parses_as_wanted() {
    let rows = rows("strict");
    assert_eq!(rows.len(), 30);
    for row in rows {
        assert_eq!(parsed(&row), row["epoch"].as_i64(), "{row}");
    }
}

#[test]
fn every_curl_vector_in_a_form_of_rfc_9110_parses_as_curl_does() {
    let rows: Vec<Value> = rows("curl_getdate").into_iter().filter(|row| row["rfc9110_form"].is_string()).collect();
    assert_eq!(rows.len(), 13);
    for row in rows {
        let wanted = row["curl_epoch"].as_i64().filter(|_| row["curl_valid"] == true);
        assert_eq!(parsed(&row), wanted, "{row}");
    }
}

#[test]
fn whatever_else_curl_accepts_is_no_http_date() {
    for row in rows("curl_getdate").into_iter().filter(|row| row["rfc9110_form"].is_null()) {
        assert_eq!(parsed(&row), None, "{row}");
    }
}

#[test]
fn a_two_digit_year_up_to_50_years_ahead_is_in_the_future() {
    let now = "Mon, 15 Jun 2026 12:00:00 GMT";
    let wanted = date("Mon, 15 Jun 2076 12:00:00 GMT");
    assert_eq!(at("Monday, 15-Jun-76 12:00:00 GMT", now), Some(wanted));
}

#[test]
fn a_two_digit_year_more_than_50_years_ahead_is_in_the_past() {
    let now = "Mon, 15 Jun 2026 12:00:00 GMT";
    let wanted = date("Tue, 15 Jun 1976 12:00:01 GMT");
    assert_eq!(at("Tuesday, 15-Jun-76 12:00:01 GMT", now), Some(wanted));
}

#[test]
fn a_two_digit_year_may_belong_to_the_next_century() {
    let wanted = date("Sat, 01 Jan 2005 00:00:00 GMT");
    assert_eq!(at("Saturday, 01-Jan-05 00:00:00 GMT", "Thu, 01 Jan 1998 00:00:00 GMT"), Some(wanted));
}

#[test]
fn a_leap_day_is_judged_in_the_year_that_was_settled() {
    let leap_day = "Tuesday, 29-Feb-00 00:00:00 GMT";
    let in_2000 = date("Tue, 29 Feb 2000 00:00:00 GMT");
    assert_eq!(at(leap_day, "Mon, 15 Jun 2026 12:00:00 GMT"), Some(in_2000));
    assert_eq!(at(leap_day, "Thu, 15 Jun 2090 12:00:00 GMT"), None, "2100 is no leap year");
}

#[test]
fn the_maddest_clocks_settle_on_some_century() {
    for now in [i64::MIN, i64::MAX] {
        assert_eq!(parse_http_date(b"Sunday, 06-Nov-94 08:49:37 GMT", now).is_some(), now > 0);
    }
}

#[test]
fn any_weekday_will_do_but_it_must_be_one() {
    let wanted = Some(784_111_777);
    assert_eq!(parse_http_date(b"Mon, 06 Nov 1994 08:49:37 GMT", NOW), wanted);
    assert_eq!(parse_http_date(b"Friday, 06-Nov-94 08:49:37 GMT", NOW), wanted);
    assert_eq!(parse_http_date(b"Xxx, 06 Nov 1994 08:49:37 GMT", NOW), None);
}

#[test]
fn nothing_may_stand_before_or_after() {
    for text in [" Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun Nov  6 08:49:37 19945"] {
        assert_eq!(parse_http_date(text.as_bytes(), NOW), None, "{text}");
    }
}

proptest! {
    #[test]
    fn every_second_that_httpdate_writes_reads_back(seconds in 0..=253_402_300_799_i64) {
        prop_assert_eq!(parse_http_date(format(seconds).as_bytes(), NOW), Some(seconds));
    }

    #[test]
    fn what_httpdate_accepts_means_the_same_here(
        seconds in 0..=253_402_300_799_i64,
        place in 0..29_usize,
        byte in 0x20..0x7f_u8,
    ) {
        let mut text = format(seconds).into_bytes();
        text[place] = byte;
        let text = String::from_utf8(text).unwrap();
        if let Ok(time) = httpdate::parse_http_date(&text) {
            let wanted = time.duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
            prop_assert_eq!(parse_http_date(text.as_bytes(), NOW), Some(wanted), "{}", text);
        }
    }

    #[test]
    fn a_two_digit_year_lands_within_50_years_either_side(
        year in 0..100_u32, day in 1..=28_u32, now in -10_000_000_000..250_000_000_000_i64,
    ) {
        let text = format!("Sunday, {day:02}-Jun-{year:02} 00:00:00 GMT");
        let fifty_years = 50 * 31_556_952_i64;
        if let Some(seconds) = parse_http_date(text.as_bytes(), now) {
            prop_assert!((seconds - now).abs() <= fifty_years + 2 * 86_400, "{}", text);
        }
    }

    #[test]
    fn no_bytes_and_no_clock_make_it_panic(text in prop::collection::vec(any::<u8>(), 0..40), now: i64) {
        parse_http_date(&text, now);
        parse_http_date(b"Sunday, 06-Nov-94 08:49:37 GMT", now);
    }
}
