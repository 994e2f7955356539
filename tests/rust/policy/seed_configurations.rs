//! The configurations that users ask for by these words must be expressible as they stand.

use super::support::{Call, idempotent, stop};
use httpclient::error::{DelaySource, Stop};
use httpclient::policy::backoff::{Backoff, Jitter};
use httpclient::policy::retry::{MethodSet, Outcome, RetryPolicy, Situation, StatusSet, Verdict};

fn request(policy: &RetryPolicy, method: &str, outcome: Outcome) -> Situation {
    Situation { idempotent: policy.is_idempotent_method(method), ..idempotent(outcome) }
}

fn retried(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Retry { .. })
}

#[test]
fn three_attempts_with_base_1_s_and_cap_60_s_and_10_percent_additive_jitter() {
    let backoff = Backoff { base_ms: 1000, multiplier: 2.0, cap_ms: 60_000, jitter: Jitter::Additive };
    let policy = RetryPolicy { max_attempts: 3, backoff, ..RetryPolicy::default() };
    for seed in 0..500 {
        let mut call = Call::new(policy.clone());
        call.rng = fastrand::Rng::with_seed(seed);
        for allowed in [1000..=1100, 2000..=2200] {
            let Verdict::Retry { delay_ms, source, .. } = call.end(idempotent(Outcome::Status(502))) else {
                panic!("stopped");
            };
            assert!(allowed.contains(&delay_ms), "{delay_ms}");
            assert_eq!(source, DelaySource::HTTPC_DELAY_BACKOFF);
        }
        assert_eq!(call.end(idempotent(Outcome::Status(502))), stop(Stop::HTTPC_STOP_MAX_ATTEMPTS));
    }
}

#[test]
fn statuses_408_429_500_502_503_504() {
    let listed = [408, 429, 500, 502, 503, 504];
    let policy = RetryPolicy { statuses: StatusSet::from_codes(&listed), ..RetryPolicy::default() };
    for code in 400..600 {
        // 421 has a rule of its own.
        if code != 421 {
            let verdict = Call::new(policy.clone()).end(request(&policy, "GET", Outcome::Status(code)));
            assert_eq!(retried(verdict), listed.contains(&code), "{code}");
        }
    }
    assert_eq!(policy, RetryPolicy::default());
}

#[test]
fn statuses_429_500_502_503_504_for_head_get_options_post_with_three_retries() {
    let listed = [429, 500, 502, 503, 504];
    let policy = RetryPolicy {
        max_attempts: 4,
        statuses: StatusSet::from_codes(&listed),
        methods: MethodSet::from_names(&["HEAD", "GET", "OPTIONS", "POST"]),
        ..RetryPolicy::default()
    };
    for code in listed {
        for method in ["HEAD", "GET", "OPTIONS", "POST"] {
            let mut call = Call::new(policy.clone());
            let s = request(&policy, method, Outcome::Status(code));
            for _ in 0..3 {
                assert!(retried(call.end(s)), "{method} {code}");
            }
            assert_eq!(call.end(s), stop(Stop::HTTPC_STOP_MAX_ATTEMPTS), "{method} {code}");
        }
    }
    let not_listed = Call::new(policy.clone()).end(request(&policy, "PUT", Outcome::Status(503)));
    assert_eq!(not_listed, stop(Stop::HTTPC_STOP_NOT_IDEMPOTENT));
    let timed_out = Call::new(policy.clone()).end(request(&policy, "GET", Outcome::Status(408)));
    assert_eq!(timed_out, stop(Stop::HTTPC_STOP_NOT_RETRYABLE));
}
