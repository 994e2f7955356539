//! The AWS standard retry behaviour 2.1, played with a policy set to its parameters.
//!
//! Not played: the two long-poll scenarios (a pause before an error is returned), the rows of its own
//! `x-amz-retry-after` header (clamped to 5 s above the backoff, where Retry-After is waited for in full), its request
//! header that numbers the attempts, its error codes inside bodies, and the parameters of behaviour 2.0.

use super::support::{Call, idempotent};
use httpclient::error::Stop;
use httpclient::policy::backoff::{Backoff, Jitter};
use httpclient::policy::budget::BudgetPolicy;
use httpclient::policy::retry::{Outcome, RetryPolicy, RetryState, StatusSet, Verdict};
use serde_json::Value;

const LONG_POLL: [&str; 2] = ["long_polling_throttled_bucket_empty", "long_polling_max_attempts_no_delay"];

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors/aws_standard_retry_vectors.json")).unwrap()
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().map(|n| u32::try_from(n).unwrap())
}

/// The policy of a scenario: behaviour 2.1, changed where the scenario says so.
fn policy(vectors: &Value, scenario: &Value) -> RetryPolicy {
    let standard = &vectors["parameters"]["v2_1"];
    let either = |name: &str| scenario[name].as_u64().or(standard[name].as_u64()).unwrap();
    let codes = vectors["retryable_status"]["transient"].as_array().unwrap();
    let codes: Vec<u16> = codes.iter().map(|code| code.as_u64().unwrap() as u16).collect();
    RetryPolicy {
        max_attempts: either("max_attempts") as u32,
        backoff: Backoff {
            base_ms: either("base_ms"),
            multiplier: 2.0,
            cap_ms: either("max_backoff_ms"),
            jitter: Jitter::None,
        },
        throttled_base_ms: standard["throttling_base_ms"].as_u64(),
        statuses: StatusSet::from_codes(&codes),
        budget: BudgetPolicy {
            capacity: number(&scenario["capacity"]).or(number(&scenario["bucket"])).unwrap(),
            retry_cost: number(&standard["retry_cost"]).unwrap(),
            throttled_cost: number(&standard["throttling_cost"]).unwrap(),
            enabled: true,
        },
        ..RetryPolicy::default()
    }
}

fn outcome(response: &Value) -> Outcome {
    match response.as_str() {
        Some("throttle") => Outcome::Throttled,
        Some("read_timeout") => Outcome::MaybeSent,
        Some(unknown) => panic!("response {unknown}"),
        None => Outcome::Status(number(response).unwrap() as u16),
    }
}

fn check(verdict: Verdict, step: &Value, name: &str) {
    let wanted = match step["outcome"].as_str().unwrap() {
        "retry" => {
            let Verdict::Retry { delay_ms, .. } = verdict else { panic!("{name}: {verdict:?} instead of {step}") };
            assert_eq!(delay_ms, step["delay_ms"].as_u64().unwrap_or(delay_ms), "{name}: {step}");
            return;
        }
        "success" => Stop::HTTPC_STOP_SUCCESS,
        "max_attempts_exceeded" => Stop::HTTPC_STOP_MAX_ATTEMPTS,
        "retry_quota_exceeded" => Stop::HTTPC_STOP_BUDGET,
        "no_retry" => Stop::HTTPC_STOP_NOT_RETRYABLE,
        unknown => panic!("{name}: outcome {unknown}"),
    };
    assert_eq!(verdict, Verdict::Stop { reason: wanted, retry_after_ms: None }, "{name}: {step}");
}

fn play(vectors: &Value, scenario: &Value) {
    let name = scenario["name"].as_str().unwrap();
    let mut call = Call::new(policy(vectors, scenario));
    assert!(call.budget.take(call.budget.tokens() - number(&scenario["bucket"]).unwrap()));
    for step in scenario["steps"].as_array().unwrap() {
        if step["new_request"] == true {
            call.state = RetryState::default();
        }
        let verdict = call.end(idempotent(outcome(&step["response"])));
        check(verdict, step, name);
        let tokens = number(&step["tokens"]).unwrap();
        assert_eq!(call.budget.tokens(), tokens, "{name}: {step}");
    }
}

#[test]
fn every_scenario_but_the_long_polls_ends_as_aws_says() {
    let vectors = vectors();
    let scenarios = vectors["scenarios"].as_array().unwrap();
    let (long_polls, played): (Vec<_>, Vec<_>) =
        scenarios.iter().partition(|scenario| scenario["long_polling"] == true);
    let names: Vec<_> = long_polls.iter().map(|scenario| scenario["name"].as_str().unwrap()).collect();
    assert_eq!(names, LONG_POLL);
    assert_eq!(played.len(), 12);
    for scenario in played {
        play(&vectors, scenario);
    }
}

#[test]
fn the_series_of_delays_is_exact() {
    let vectors = vectors();
    let row = &vectors["backoff_series"][0];
    let backoff = Backoff {
        base_ms: row["base_ms"].as_u64().unwrap(),
        multiplier: 2.0,
        cap_ms: row["max_ms"].as_u64().unwrap(),
        jitter: Jitter::None,
    };
    let wanted: Vec<u64> = row["delays_ms"].as_array().unwrap().iter().map(|ms| ms.as_u64().unwrap()).collect();
    let delays: Vec<u64> = (0..wanted.len() as u32).map(|index| backoff.without_jitter_ms(index)).collect();
    assert_eq!(delays, wanted);
}

#[test]
fn attempt_100000_waits_for_the_cap() {
    let vectors = vectors();
    let attempt = number(&vectors["backoff_series"][1]["attempt"]).unwrap();
    assert_eq!(attempt, 100_000);
    for base_ms in [1, 1000, 10_000] {
        let backoff = Backoff { base_ms, jitter: Jitter::None, ..Backoff::default() };
        assert_eq!(backoff.without_jitter_ms(attempt - 1), 20_000);
    }
}

#[test]
fn with_jitter_attempt_3_waits_200_ms_at_most() {
    let backoff = Backoff { base_ms: 50, ..Backoff::default() };
    let mut rng = fastrand::Rng::with_seed(3);
    assert!((0..10_000).all(|_| backoff.delay_ms(2, None, &mut rng) <= 200));
}

#[test]
fn with_jitter_attempt_10_is_uniform_within_20_percent_per_second() {
    let backoff = Backoff { base_ms: 50, ..Backoff::default() };
    let mut rng = fastrand::Rng::with_seed(10);
    let mut bins = [0; 20];
    for _ in 0..10_000 {
        // The cap itself, one draw in twenty thousand, belongs to the last bin.
        let second = backoff.delay_ms(9, None, &mut rng) / 1000;
        bins[second.min(19) as usize] += 1;
    }
    assert!(bins.iter().all(|count| (400..=600).contains(count)), "{bins:?}");
}
