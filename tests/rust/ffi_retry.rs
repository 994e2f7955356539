//! Published vectors through the C functions, as a C program would call them: HTTP dates through
//! httpc_retry_after_parse(), the AWS standard retry behaviour 2.1 through httpc_retry_new() and httpc_retry_next().
//!
//! Not played of the latter: the two long-poll scenarios (a pause before an error is returned), the rows of its own
//! `x-amz-retry-after` header (clamped to 5 s above the backoff, where Retry-After is waited for in full), its request
//! header that numbers the attempts, its error codes inside bodies, and the parameters of behaviour 2.0.

use httpclient::error::{Code, Stop};
use httpclient::ffi::library::HTTPC_UNSET;
use httpclient::ffi::retry::*;
use httpclient::ffi::retry_policy::*;
use serde_json::Value;
use std::ffi::CString;
use std::ptr::{null, null_mut};

/// Sun, 15 Jun 2025 15:06:40 GMT
const NOW: i64 = 1_750_000_000;

fn dates(group: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/http_date_cases.json")).unwrap();
    vectors[group].as_array().unwrap().clone()
}

fn parse(value: &str, unix_now_ms: i64) -> (Code, u64) {
    let (value, mut ms) = (CString::new(value).unwrap(), 7);
    let code = unsafe { httpc_retry_after_parse(value.as_ptr(), null(), unix_now_ms, &mut ms, null_mut()) };
    (code, ms)
}

/// The wall clock is set an hour before the date, so that the answer is an hour exactly if the date was read right.
fn check_date(row: &Value, epoch: Option<i64>) {
    const HOUR: i64 = 3600;
    let input = row["input"].as_str().unwrap();
    match epoch {
        Some(epoch) => {
            assert_eq!(parse(input, (epoch - HOUR) * 1000), (Code::HTTPC_OK, HOUR as u64 * 1000), "{row}");
            assert_eq!(parse(input, epoch * 1000 + 1), (Code::HTTPC_OK, 0), "{row}");
        }
        None => assert_eq!(parse(input, NOW * 1000), (Code::HTTPC_E_PROTOCOL, HTTPC_UNSET), "{row}"),
    }
}

#[test]
fn every_strict_date_reads_as_it_should() {
    // "0" is no date, and yet a Retry-After: the other form, seconds.
    let (seconds, rows): (Vec<_>, Vec<_>) = dates("strict").into_iter().partition(|row| row["input"] == "0");
    assert_eq!((seconds.len(), rows.len()), (1, 29));
    assert_eq!(parse("0", NOW * 1000), (Code::HTTPC_OK, 0));
    for row in rows {
        check_date(&row, row["epoch"].as_i64());
    }
}

#[test]
fn every_date_of_curl_reads_alike_in_a_form_of_rfc_9110_and_else_not_at_all() {
    // Eight digits are a date for curl_getdate() and seconds in a Retry-After.
    let is_seconds = |row: &Value| row["input"].as_str().unwrap().trim().bytes().all(|byte| byte.is_ascii_digit());
    let (seconds, rows): (Vec<_>, Vec<_>) = dates("curl_getdate").into_iter().partition(is_seconds);
    for row in &seconds {
        let wanted = row["input"].as_str().unwrap().trim().parse::<u64>().map_or(0, |seconds| seconds * 1000);
        let wanted = if row["input"] == "" { (Code::HTTPC_E_PROTOCOL, HTTPC_UNSET) } else { (Code::HTTPC_OK, wanted) };
        assert_eq!(parse(row["input"].as_str().unwrap(), NOW * 1000), wanted, "{row}");
    }
    assert_eq!(rows.iter().filter(|row| row["rfc9110_form"].is_string()).count(), 13);
    for row in rows {
        // Whitespace around it belongs to the field, not to its value.
        let is_padded = row["input"] == "  Sun, 06 Nov 1994 08:49:37 GMT  ";
        let is_date = is_padded || row["rfc9110_form"].is_string() && row["curl_valid"] == true;
        check_date(&row, row["curl_epoch"].as_i64().filter(|_| is_date));
    }
}

fn aws() -> Value {
    serde_json::from_str(include_str!("../vectors/aws_standard_retry_vectors.json")).unwrap()
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64()
}

struct Policy(*mut httpc_retry_policy);

impl Drop for Policy {
    fn drop(&mut self) {
        unsafe { httpc_retry_policy_free(self.0) };
    }
}

impl Policy {
    fn new() -> Policy {
        let mut policy = null_mut();
        assert_eq!(unsafe { httpc_retry_policy_new(&mut policy, null_mut()) }, Code::HTTPC_OK);
        Policy(policy)
    }

    /// Behaviour 2.1, changed where a scenario says so. Its bucket of 0 is one that is drawn on until it is empty: for
    /// this library a capacity of 0 is no budget at all.
    fn of(vectors: &Value, scenario: &Value) -> Policy {
        let standard = &vectors["parameters"]["v2_1"];
        let either = |name: &str| number(&scenario[name]).or(number(&standard[name])).unwrap();
        let cost = |name: &str| number(&standard[name]).unwrap() as u32;
        let statuses: Vec<i32> = vectors["retryable_status"]["transient"]
            .as_array()
            .unwrap()
            .iter()
            .map(|status| status.as_i64().unwrap() as i32)
            .collect();
        let bucket = number(&scenario["bucket"]).unwrap() as u32;
        let capacity = number(&scenario["capacity"]).map_or(bucket.max(14), |capacity| capacity as u32);
        let policy = Policy::new();
        unsafe {
            let p = policy.0;
            httpc_retry_policy_set_max_attempts(p, either("max_attempts") as u32);
            httpc_retry_policy_set_backoff(p, either("base_ms"), 2.0, either("max_backoff_ms"));
            httpc_retry_policy_set_jitter(p, httpc_jitter::HTTPC_JITTER_NONE as i32);
            httpc_retry_policy_set_throttled_base(p, number(&standard["throttling_base_ms"]).unwrap());
            httpc_retry_policy_set_statuses(p, statuses.as_ptr(), statuses.len());
            httpc_retry_policy_set_budget(p, capacity, cost("retry_cost"), cost("throttling_cost"));
            assert!(httpc_retry_policy_error(p).is_null());
        }
        policy.drain(capacity - bucket);
        policy
    }

    fn tokens(&self) -> u32 {
        unsafe { httpc_retry_policy_budget_left(self.0) }
    }

    /// Takes tokens out of the bucket, as retries of 14 and 5 do.
    fn drain(&self, tokens: u32) {
        let wanted = self.tokens() - tokens;
        let dear = (0..=tokens / 14).find(|dear| (tokens - dear * 14).is_multiple_of(5)).expect("a sum of 14s and 5s");
        let outcomes = (0..dear).map(|_| 2).chain((0..(tokens - dear * 14) / 5).map(|_| 5));
        for outcome in outcomes {
            assert_eq!(Loop::new(self).next(outcome, 0).1, Stop::HTTPC_STOP_NONE as i32);
        }
        assert_eq!(self.tokens(), wanted);
    }
}

struct Loop(*mut httpc_retry);

impl Drop for Loop {
    fn drop(&mut self) {
        unsafe { httpc_retry_free(self.0) };
    }
}

impl Loop {
    fn new(policy: &Policy) -> Loop {
        let mut retry = null_mut();
        assert_eq!(unsafe { httpc_retry_new(policy.0, 1, 0, 0, &mut retry, null_mut()) }, Code::HTTPC_OK);
        Loop(retry)
    }

    fn next(&self, outcome: i32, status: i32) -> (u64, i32) {
        let (mut delay_ms, mut stop) = (7, 7);
        let code =
            unsafe { httpc_retry_next(self.0, outcome, status, HTTPC_UNSET, 0, &mut delay_ms, &mut stop, null_mut()) };
        assert_eq!(code, Code::HTTPC_OK);
        (delay_ms, stop)
    }
}

fn play(vectors: &Value, scenario: &Value) {
    let name = scenario["name"].as_str().unwrap();
    let policy = Policy::of(vectors, scenario);
    let mut retry = Loop::new(&policy);
    for step in scenario["steps"].as_array().unwrap() {
        if step["new_request"] == true {
            retry = Loop::new(&policy);
        }
        let (delay_ms, stop) = match step["response"].as_str() {
            Some("throttle") => retry.next(httpc_outcome::HTTPC_OUTCOME_THROTTLED as i32, 0),
            Some("read_timeout") => retry.next(httpc_outcome::HTTPC_OUTCOME_MAYBE_SENT as i32, 0),
            Some(unknown) => panic!("response {unknown}"),
            None => retry.next(httpc_outcome::HTTPC_OUTCOME_STATUS as i32, step["response"].as_i64().unwrap() as i32),
        };
        let wanted = match step["outcome"].as_str().unwrap() {
            "retry" => Stop::HTTPC_STOP_NONE,
            "success" => Stop::HTTPC_STOP_SUCCESS,
            "max_attempts_exceeded" => Stop::HTTPC_STOP_MAX_ATTEMPTS,
            "retry_quota_exceeded" => Stop::HTTPC_STOP_BUDGET,
            "no_retry" => Stop::HTTPC_STOP_NOT_RETRYABLE,
            unknown => panic!("{name}: outcome {unknown}"),
        };
        assert_eq!(stop, wanted as i32, "{name}: {step}");
        assert_eq!(delay_ms, number(&step["delay_ms"]).unwrap_or(delay_ms), "{name}: {step}");
        assert_eq!(u64::from(policy.tokens()), number(&step["tokens"]).unwrap(), "{name}: {step}");
    }
}

#[test]
fn every_scenario_but_the_long_polls_ends_as_aws_says() {
    let vectors = aws();
    let scenarios = vectors["scenarios"].as_array().unwrap();
    let played: Vec<_> = scenarios.iter().filter(|scenario| scenario["long_polling"] != true).collect();
    assert_eq!((scenarios.len(), played.len()), (14, 12));
    for scenario in played {
        play(&vectors, scenario);
    }
}

fn series(base_ms: u64, cap_ms: u64, jitter: httpc_jitter, attempts: u32) -> Vec<u64> {
    let policy = Policy::new();
    unsafe {
        httpc_retry_policy_set_max_attempts(policy.0, u32::MAX);
        httpc_retry_policy_set_backoff(policy.0, base_ms, 2.0, cap_ms);
        httpc_retry_policy_set_jitter(policy.0, jitter as i32);
        httpc_retry_policy_set_budget(policy.0, 0, 0, 0);
    }
    let retry = Loop::new(&policy);
    (0..attempts).map(|_| retry.next(httpc_outcome::HTTPC_OUTCOME_MAYBE_SENT as i32, 0).0).collect()
}

#[test]
fn the_series_of_delays_is_exact() {
    let row = &aws()["backoff_series"][0];
    let wanted: Vec<u64> = row["delays_ms"].as_array().unwrap().iter().map(|ms| ms.as_u64().unwrap()).collect();
    let (base_ms, cap_ms) = (number(&row["base_ms"]).unwrap(), number(&row["max_ms"]).unwrap());
    assert_eq!(series(base_ms, cap_ms, httpc_jitter::HTTPC_JITTER_NONE, wanted.len() as u32), wanted);
}

#[test]
fn attempt_100000_waits_for_the_cap() {
    let attempt = number(&aws()["backoff_series"][1]["attempt"]).unwrap() as u32;
    let delays = series(10_000, 20_000, httpc_jitter::HTTPC_JITTER_NONE, attempt);
    assert_eq!(delays.last(), Some(&20_000));
}

#[test]
fn with_jitter_attempt_3_waits_200_ms_at_most() {
    assert!((0..2000).all(|_| series(50, 20_000, httpc_jitter::HTTPC_JITTER_FULL, 3)[2] <= 200));
}

#[test]
fn with_jitter_attempt_10_is_uniform_within_20_percent_per_second() {
    let mut bins = [0; 20];
    for _ in 0..10_000 {
        let ms = series(50, 20_000, httpc_jitter::HTTPC_JITTER_FULL, 10)[9];
        bins[(ms / 1000).min(19) as usize] += 1;
    }
    // Unseeded, so with room: 500 each, and seven times the standard deviation of 22.
    assert!(bins.iter().all(|count| (350..=650).contains(count)), "{bins:?}");
}
