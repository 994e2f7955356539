//! Random outages, calls and interruptions: what must hold for every one of them.

use super::support::*;
use httpclient::error::{Code, Sent};
use proptest::prelude::*;

fn step() -> impl Strategy<Value = Step> {
    let status = prop_oneof![
        Just(200u16),
        Just(204),
        Just(302),
        Just(404),
        Just(409),
        Just(421),
        Just(429),
        Just(500),
        Just(503)
    ];
    let retry_after =
        prop::option::of(prop_oneof![Just("0".to_owned()), Just("1".into()), Just("90".into()), Just("soon".into())]);
    let broken = prop_oneof![
        Just(Code::HTTPC_E_DNS),
        Just(Code::HTTPC_E_CONNECT),
        Just(Code::HTTPC_E_IO),
        Just(Code::HTTPC_E_TRUNCATED),
        Just(Code::HTTPC_E_PROTOCOL),
        Just(Code::HTTPC_E_CERTIFICATE),
    ];
    prop_oneof![
        3 => Just(Step::Sent),
        1 => Just(Step::SentPart),
        3 => (status, retry_after).prop_map(|(status, after)| Step::Head(status, after.map(|after| ("Retry-After", after)).into_iter().collect())),
        1 => (0usize..100_000).prop_map(Step::Body),
        3 => Just(Step::Complete),
        2 => broken.prop_map(Step::Broken),
        1 => Just(Step::StaleConnection),
        1 => (0..S).prop_map(Step::SentBefore),
        1 => Just(Step::Spent),
        1 => Just(Step::Starved),
        1 => Just(Step::Aborted(Code::HTTPC_E_ABORTED)),
    ]
}

/// Steps in an order that a transport can report: sent before heard, one head, nothing after the end.
fn attempt() -> impl Strategy<Value = Attempt> {
    prop::collection::vec((0..3 * S, step()), 0..8).prop_map(|steps| {
        let (mut sent, mut head) = (false, false);
        let mut sane = Vec::new();
        for (after, step) in steps {
            let fits = match &step {
                Step::Sent | Step::SentPart => !sent,
                Step::Head(..) | Step::Spent | Step::Starved => sent && !head,
                Step::Aborted(_) => true,
                Step::Body(_) | Step::Delivered(_) | Step::Complete => head,
                Step::StaleConnection => !sent,
                Step::Broken(Code::HTTPC_E_DNS | Code::HTTPC_E_CONNECT | Code::HTTPC_E_CERTIFICATE) => !sent,
                Step::Broken(_) | Step::GoesOn(_) | Step::SentBefore(_) | Step::Unprocessed => sent,
            };
            if !fits {
                continue;
            }
            sent |= matches!(step, Step::Sent | Step::SentPart);
            head |= matches!(step, Step::Head(..));
            let last = matches!(step, Step::Complete | Step::Broken(_) | Step::StaleConnection | Step::Aborted(_));
            sane.push((after, step));
            if last {
                break;
            }
        }
        sane
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_call_ends_once_in_time_and_sends_no_side_effect_twice(
        is_post in any::<bool>(),
        script in prop::collection::vec(attempt(), 8),
        permits in prop::collection::vec(0..6 * S, 0..8),
        total in prop::option::of(1..20 * S),
        attempts in 1u32..8,
        cancel in prop::option::of(0..20 * S),
    ) {
        let total = total.or(Some(60 * S));
        let mut call = if is_post { post(script) } else { get(script) };
        call = call.retry(|retry| retry.policy.max_attempts = attempts).timeouts(|t| t.total = total).permits_after(permits);
        if let Some(at) = cancel {
            call = call.interrupted(at, Code::HTTPC_E_CANCELLED);
        }
        let retried_429 = |history: &[httpclient::client::attempt::Attempt]| history.iter().filter(|a| a.status == 429).count();
        let ended = call.run();
        prop_assert!(ended.at <= total.unwrap_or(0), "ended {} past the deadline", ended.at);
        prop_assert!(cancel.is_none_or(|at| ended.at <= at), "outlived its cancel");
        prop_assert!(ended.started.len() <= attempts as usize);
        let history = match &ended.result {
            Ok(response) => &response.attempts,
            Err(error) => &error.attempts,
        };
        prop_assert_eq!(history.len(), ended.started.len());
        if is_post {
            // An attempt that may have had its effect is the last one; only an explicit refusal allows another.
            let effective = history.iter().filter(|a| a.sent != Sent::HTTPC_SENT_NEVER_SENT && !matches!(a.status, 429 | 421)).count();
            prop_assert!(effective <= 1, "a side effect may have happened {} times ({} refusals)", effective, retried_429(history));
        }
        if let Err(error) = &ended.result {
            let detail = error.detail.to_str().expect("UTF-8");
            prop_assert!(!detail.contains("secret") && !detail.chars().any(char::is_control));
        }
    }
}
