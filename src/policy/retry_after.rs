//! Retry-After (RFC 9110 §10.2.3) and HTTP-date (RFC 9110 §5.6.7).
//!
//! The dates are parsed here because the `httpdate` crate pins two-digit years to 1970-2069, refuses years before 1970
//! and second 60, and refuses a date whose weekday is wrong. Tests hold the two together where `httpdate` is right.

const DAY_S: i64 = 86_400;
/// The last second of year 9999, the last that an HTTP-date can express.
const LAST_S: i64 = 253_402_300_799;

/// The wait that a Retry-After value asks for, in milliseconds from now. `None`: malformed, to be ignored. `Some(0)`:
/// zero or a past date, so the backoff applies.
///
/// `date` is the response's own Date. A Retry-After date is measured against it, because both come from one clock, and
/// a skewed clock on our side then does no harm. This holds only while that Date is within a day of `unix_now_ms`.
/// Beyond a day it is no skew but a replayed response or a server without a clock, and could turn a minute into years;
/// a clock of ours that is wrong by more than a day seldom gets past certificate checks in the first place.
pub fn parse(value: &[u8], date: Option<&[u8]>, unix_now_ms: i64) -> Option<u64> {
    let value = strip_ows(value);
    if !value.is_empty() && value.iter().all(u8::is_ascii_digit) {
        return Some(delay_seconds(value).saturating_mul(1000));
    }
    let now_s = unix_now_ms.div_euclid(1000);
    let until_ms = parse_http_date(value, now_s)?.saturating_mul(1000);
    let from_ms = date
        .and_then(|date| parse_http_date(strip_ows(date), now_s))
        .filter(|date_s| date_s.abs_diff(now_s) <= DAY_S as u64)
        .map_or(unix_now_ms, |date_s| date_s.saturating_mul(1000));
    Some(u64::try_from(until_ms.saturating_sub(from_ms)).unwrap_or(0))
}

/// Seconds since the epoch of an IMF-fixdate, RFC 850 or asctime date, without surrounding whitespace. `unix_now_s`
/// settles the century of two-digit years.
///
/// Strict in form, as the grammar is case-sensitive and all else is not an HTTP-date. The weekday must be one, but not
/// the right one: it adds nothing, and recipients are to be robust. Years before 1583 are refused, for want of a
/// Gregorian calendar; second 60 is the next minute's first.
pub fn parse_http_date(value: &[u8], unix_now_s: i64) -> Option<i64> {
    let mut rest = Cursor(value);
    let civil = if value.get(3) == Some(&b',') {
        rest.imf_fixdate()
    } else if value.get(3) == Some(&b' ') {
        rest.asctime()
    } else {
        rest.rfc850(unix_now_s)
    }?;
    if rest.0.is_empty() { civil.valid_seconds() } else { None }
}

/// Optional whitespace around a field value: spaces and tabs (RFC 9110 §5.6.3).
fn strip_ows(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn delay_seconds(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum: u64, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

/// A point in time as written; nothing about it is checked yet.
struct Civil {
    year: i64,
    /// 1 to 12
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Civil {
    fn valid_seconds(&self) -> Option<i64> {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let last_day = match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let valid = self.year >= 1583
            && (1..=last_day).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second <= 60;
        valid.then(|| self.seconds())
    }

    /// Days by counting years from March, which puts the leap day last, and months of 153 days per five.
    fn seconds(&self) -> i64 {
        let year = if self.month > 2 { self.year } else { self.year - 1 };
        let month = (self.month + 9) % 12;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let days = year * 365 + leap_days + (153 * month + 2) / 5 + self.day - 1 - 719_468;
        days * DAY_S + self.hour * 3600 + self.minute * 60 + self.second
    }

    /// More than 50 years after `now_s`, counted in calendar years.
    fn beyond_fifty_years(&self, now_s: i64) -> bool {
        Civil { year: self.year - 50, ..*self }.seconds() > now_s
    }
}

/// The latest year with these two last digits that does not put the date more than 50 years into the future. For such a
/// date RFC 9110 §5.6.7 demands the most recent past year; any other may lie on either side of now.
fn settle_century(mut civil: Civil, unix_now_s: i64) -> Civil {
    let now_s = unix_now_s.clamp(-LAST_S, LAST_S);
    let average_year_s = 31_556_952;
    let this_year = 1970 + now_s.div_euclid(average_year_s);
    civil.year += (this_year + 51).div_euclid(100) * 100;
    while civil.beyond_fifty_years(now_s) {
        civil.year -= 100;
    }
    civil
}

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const WEEKDAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const LONG_WEEKDAYS: [&[u8]; 7] = [b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday", b"Sunday"];

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    fn imf_fixdate(&mut self) -> Option<Civil> {
        self.one_of(&WEEKDAYS)?;
        self.literal(b", ")?;
        let day = self.digits(2)?;
        self.literal(b" ")?;
        let month = self.one_of(&MONTHS)?;
        self.literal(b" ")?;
        let year = self.digits(4)?;
        self.literal(b" ")?;
        let (hour, minute, second) = self.time()?;
        self.literal(b" GMT")?;
        Some(Civil { year, month, day, hour, minute, second })
    }

    /// `Sunday, 06-Nov-94 08:49:37 GMT`
    fn rfc850(&mut self, unix_now_s: i64) -> Option<Civil> {
        self.one_of(&LONG_WEEKDAYS)?;
        self.literal(b", ")?;
        let day = self.digits(2)?;
        self.literal(b"-")?;
        let month = self.one_of(&MONTHS)?;
        self.literal(b"-")?;
        let year = self.digits(2)?;
        self.literal(b" ")?;
        let (hour, minute, second) = self.time()?;
        self.literal(b" GMT")?;
        Some(settle_century(Civil { year, month, day, hour, minute, second }, unix_now_s))
    }

    /// `Sun Nov  6 08:49:37 1994`, where a one-digit day has a space before it.
    fn asctime(&mut self) -> Option<Civil> {
        self.one_of(&WEEKDAYS)?;
        self.literal(b" ")?;
        let month = self.one_of(&MONTHS)?;
        self.literal(b" ")?;
        let day = if self.literal(b" ").is_some() { self.digits(1)? } else { self.digits(2)? };
        self.literal(b" ")?;
        let (hour, minute, second) = self.time()?;
        self.literal(b" ")?;
        let year = self.digits(4)?;
        Some(Civil { year, month, day, hour, minute, second })
    }

    fn time(&mut self) -> Option<(i64, i64, i64)> {
        let hour = self.digits(2)?;
        self.literal(b":")?;
        let minute = self.digits(2)?;
        self.literal(b":")?;
        Some((hour, minute, self.digits(2)?))
    }

    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// The place of the name in the list, from 1.
    fn one_of(&mut self, names: &[&[u8]]) -> Option<i64> {
        let place = names.iter().position(|name| self.literal(name).is_some())?;
        Some(place as i64 + 1)
    }

    fn digits(&mut self, n: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        digits.iter().try_fold(0, |sum, &byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    }
}
