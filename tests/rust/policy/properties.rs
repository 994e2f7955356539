//! What holds for every policy and every course of a call.

use httpclient::error::{DelaySource, Stop};
use httpclient::policy::backoff::{Backoff, Jitter};
use httpclient::policy::budget::{Budget, BudgetPolicy};
use httpclient::policy::retry::{MethodSet, Outcome, RetryPolicy, RetryState, Situation, StatusSet, Verdict};
use proptest::prelude::*;

fn jitters() -> impl Strategy<Value = Jitter> {
    prop::sample::select(vec![Jitter::None, Jitter::Additive, Jitter::Full, Jitter::Equal, Jitter::Decorrelated])
}

fn milliseconds() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_000_u64, any::<u64>(), Just(u64::MAX)]
}

fn backoffs() -> impl Strategy<Value = Backoff> {
    (milliseconds(), prop_oneof![1.0..4.0, any::<f64>()], milliseconds(), jitters())
        .prop_map(|(base_ms, multiplier, cap_ms, jitter)| Backoff { base_ms, multiplier, cap_ms, jitter })
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let status = prop_oneof![prop::sample::select(vec![200, 409, 421, 429, 500, 503]), any::<u16>()];
    prop_oneof![
        prop::sample::select(vec![
            Outcome::Success,
            Outcome::NeverSent,
            Outcome::MaybeSent,
            Outcome::ReusedClosed,
            Outcome::Truncated { delivered: false },
            Outcome::Truncated { delivered: true },
            Outcome::Unprocessed,
            Outcome::Throttled,
            Outcome::Fatal,
        ]),
        status.prop_map(Outcome::Status),
    ]
}

prop_compose! {
    fn policies()(
        max_attempts in prop_oneof![0..10_u32, any::<u32>()],
        backoff in backoffs(),
        throttled_base_ms in prop::option::of(milliseconds()),
        mut codes in prop::collection::vec(any::<u16>(), 0..5),
        respect_retry_after: bool,
        retry_after_max_ms in prop::option::of(milliseconds()),
        retry_throttled: bool,
        budget in (0..600_u32, 0..20_u32, any::<u32>(), any::<bool>()),
    ) -> RetryPolicy {
        codes.extend([429, 500, 503]);
        let (capacity, retry_cost, throttled_cost, enabled) = budget;
        RetryPolicy {
            max_attempts,
            backoff,
            throttled_base_ms,
            statuses: StatusSet::from_codes(&codes),
            methods: MethodSet::from_names(&["POST"]),
            respect_retry_after,
            retry_after_max_ms,
            retry_throttled,
            budget: BudgetPolicy { capacity, retry_cost, throttled_cost, enabled },
        }
    }
}

prop_compose! {
    fn situations()(
        outcome in outcomes(),
        idempotent: bool,
        replayable in prop::bool::weighted(0.9),
        own_key: bool,
        retry_after_ms in prop::option::of(milliseconds()),
        now_us in prop_oneof![0..1_000_000_u64, any::<u64>()],
        deadline_us in prop::option::of(any::<u64>()),
    ) -> Situation {
        Situation { outcome, idempotent, replayable, own_key, forced: false, retry_after_ms, now_us, deadline_us }
    }
}

/// A call, attempt by attempt: what each ended with, the verdict, and the tokens before and after it.
type Course = Vec<(Situation, Verdict, u32, u32)>;

fn run(policy: &RetryPolicy, situations: &[Situation], seed: u64) -> Course {
    let mut state = RetryState::default();
    let mut budget = Budget::new(&policy.budget);
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut course = Course::new();
    for &s in situations {
        let before = budget.tokens();
        let verdict = policy.decide(&mut state, &s, &mut budget, &mut rng);
        course.push((s, verdict, before, budget.tokens()));
        assert_eq!(state.attempts() as usize, course.len());
    }
    course
}

fn courses() -> impl Strategy<Value = (RetryPolicy, Course)> {
    (policies(), prop::collection::vec(situations(), 1..12), any::<u64>()).prop_map(|(policy, situations, seed)| {
        let course = run(&policy, &situations, seed);
        (policy, course)
    })
}

fn bounds(backoff: &Backoff, index: u32, previous_ms: Option<u64>) -> (u64, u64) {
    let d = backoff.without_jitter_ms(index);
    let three = previous_ms.unwrap_or(backoff.base_ms).saturating_mul(3).max(backoff.base_ms);
    match backoff.jitter {
        Jitter::None => (d, d),
        Jitter::Additive => (d, d.saturating_add(d / 10)),
        Jitter::Full => (0, d),
        Jitter::Equal => (d / 2, d),
        Jitter::Decorrelated => (backoff.base_ms.min(backoff.cap_ms), three.min(backoff.cap_ms)),
    }
}

/// The cap, and for additive jitter a tenth of it on top.
fn ceiling(backoff: &Backoff) -> u64 {
    match backoff.jitter {
        Jitter::Additive => backoff.cap_ms.saturating_add(backoff.cap_ms / 10),
        _ => backoff.cap_ms,
    }
}

fn stopped(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Stop { .. })
}

proptest! {
    #[test]
    fn delays_stay_within_the_bounds_of_their_jitter(
        backoff in backoffs(), index: u32, previous_ms in prop::option::of(milliseconds()), seed: u64,
    ) {
        let delay = backoff.delay_ms(index, previous_ms, &mut fastrand::Rng::with_seed(seed));
        let (least, most) = bounds(&backoff, index, previous_ms);
        prop_assert!((least..=most).contains(&delay), "{} not in {}..={}", delay, least, most);
    }

    #[test]
    fn no_delay_but_an_additive_one_is_above_the_cap(backoff in backoffs(), index: u32, seed: u64) {
        prop_assert!(backoff.delay_ms(index, None, &mut fastrand::Rng::with_seed(seed)) <= ceiling(&backoff));
    }

    #[test]
    fn without_jitter_delays_never_shrink(
        base_ms in milliseconds(), multiplier in 1.0..10.0, cap_ms in milliseconds(), index in 0..10_000_u32,
    ) {
        let backoff = Backoff { base_ms, multiplier, cap_ms, jitter: Jitter::None };
        prop_assert!(backoff.without_jitter_ms(index) <= backoff.without_jitter_ms(index + 1));
    }

    #[test]
    fn a_retry_is_never_earlier_than_the_server_asked((policy, course) in courses()) {
        for (s, verdict, ..) in course {
            if let Verdict::Retry { delay_ms, .. } = verdict && policy.respect_retry_after {
                prop_assert!(delay_ms >= s.retry_after_ms.unwrap_or(0));
            }
        }
    }

    #[test]
    fn a_retry_always_begins_before_the_deadline((_, course) in courses()) {
        for (s, verdict, ..) in course {
            if let (Verdict::Retry { delay_ms, .. }, Some(deadline_us)) = (verdict, s.deadline_us) {
                prop_assert!(u128::from(s.now_us) + u128::from(delay_ms) * 1000 < u128::from(deadline_us));
            }
        }
    }

    #[test]
    fn the_wait_of_a_retry_has_the_same_ceiling((policy, course) in courses()) {
        for (_, verdict, ..) in course {
            if let Verdict::Retry { delay_ms, source: DelaySource::HTTPC_DELAY_BACKOFF, .. } = verdict {
                prop_assert!(delay_ms <= ceiling(&policy.backoff));
            }
        }
    }

    #[test]
    fn what_may_have_had_its_effect_is_never_repeated((_, course) in courses()) {
        for (s, verdict, ..) in course {
            let in_doubt =
                matches!(s.outcome, Outcome::MaybeSent | Outcome::ReusedClosed | Outcome::Truncated { .. });
            if in_doubt && !s.idempotent {
                prop_assert!(stopped(verdict), "{:?}", s);
            }
        }
    }

    #[test]
    fn a_spent_body_is_never_sent_again((_, course) in courses()) {
        for (s, verdict, ..) in course {
            prop_assert!(s.replayable || stopped(verdict));
        }
    }

    #[test]
    fn attempts_are_never_exceeded((policy, course) in courses()) {
        for (_, verdict, ..) in course.iter().skip((policy.max_attempts.max(1) - 1) as usize) {
            prop_assert!(stopped(*verdict));
        }
    }

    #[test]
    fn only_a_retry_takes_from_the_budget_and_only_success_gives((policy, course) in courses()) {
        let costs = [0, policy.budget.retry_cost, policy.budget.throttled_cost];
        for (_, verdict, before, after) in course {
            match verdict {
                _ if !policy.budget.enabled => prop_assert_eq!(before, after),
                Verdict::Retry { .. } => prop_assert!(costs.contains(&(before - after))),
                Verdict::Stop { reason: Stop::HTTPC_STOP_SUCCESS, .. } => prop_assert!(before <= after),
                Verdict::Stop { .. } => prop_assert_eq!(before, after),
            }
            prop_assert!(after <= policy.budget.capacity);
        }
    }

    #[test]
    fn a_stop_always_has_a_reason_and_the_servers_demand((_, course) in courses()) {
        for (s, verdict, ..) in course {
            if let Verdict::Stop { reason, retry_after_ms } = verdict {
                prop_assert_ne!(reason, Stop::HTTPC_STOP_NONE);
                prop_assert_eq!(retry_after_ms, s.retry_after_ms);
            }
        }
    }
}
