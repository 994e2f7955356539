//! The three date forms of HTTP, which clients must all read in Retry-After.

use std::time::{SystemTime, UNIX_EPOCH};

const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

struct Parts {
    year: i64,
    month: &'static str,
    day: i64,
    weekday: &'static str,
    time: String,
}

pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
pub fn imf_fixdate(unix: i64) -> String {
    let Parts { year, month, day, weekday, time } = parts(unix);
    format!("{}, {day:02} {month} {year:04} {time} GMT", &weekday[..3])
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
pub fn rfc850(unix: i64) -> String {
    let Parts { year, month, day, weekday, time } = parts(unix);
    format!("{weekday}, {day:02}-{month}-{:02} {time} GMT", year.rem_euclid(100))
}

/// `Sun Nov  6 08:49:37 1994`
pub fn asctime(unix: i64) -> String {
    let Parts { year, month, day, weekday, time } = parts(unix);
    format!("{} {month} {day:2} {time} {year:04}", &weekday[..3])
}

/// Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day comes last.
fn parts(unix: i64) -> Parts {
    let (days, seconds) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = (march_month + 2) % 12;
    Parts {
        year: era * 400 + year_of_era + i64::from(month < 2),
        month: MONTHS[usize::try_from(month).expect("0 to 11")],
        day: day_of_year - (153 * march_month + 2) / 5 + 1,
        weekday: DAYS[usize::try_from(days.rem_euclid(7)).expect("0 to 6")],
        time: format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_examples_of_rfc_9110() {
        assert_eq!(imf_fixdate(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(rfc850(784_111_777), "Sunday, 06-Nov-94 08:49:37 GMT");
        assert_eq!(asctime(784_111_777), "Sun Nov  6 08:49:37 1994");
    }

    #[test]
    fn knows_leap_days_and_year_ends() {
        assert_eq!(imf_fixdate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(imf_fixdate(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(imf_fixdate(1_735_689_599), "Tue, 31 Dec 2024 23:59:59 GMT");
        assert_eq!(imf_fixdate(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 GMT");
        assert_eq!(imf_fixdate(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
    }
}
