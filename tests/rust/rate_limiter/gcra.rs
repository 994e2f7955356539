//! The pure decision.

use super::support::check_rate;
use httpclient::policy::gcra::{Decision, Gcra};
use proptest::prelude::*;

/// The times of the first grants to somebody who always asks.
fn times(rate: &Gcra, count: usize) -> Vec<u64> {
    let (mut tat, mut now, mut times) = (0, 0, Vec::new());
    while times.len() < count {
        match rate.decide(tat, now, 1) {
            Decision::Granted { new_tat_us } => {
                tat = new_tat_us;
                times.push(now);
            }
            Decision::WaitUntil(due) => now = due,
        }
    }
    times
}

#[test]
fn three_a_second_are_333334_microseconds_apart() {
    let rate = Gcra::new(3, 1_000_000, 1).unwrap();
    assert_eq!(times(&rate, 5), [0, 333_334, 666_668, 1_000_002, 1_333_336]);
}

#[test]
fn what_divides_is_exact() {
    let rate = Gcra::new(4, 1_000_000, 1).unwrap();
    assert_eq!(times(&rate, 4), [0, 250_000, 500_000, 750_000]);
}

#[test]
fn a_burst_comes_at_once_and_the_rest_at_the_rate() {
    let rate = Gcra::new(10, 1_000_000, 4).unwrap();
    assert_eq!(times(&rate, 7), [0, 0, 0, 0, 100_000, 200_000, 300_000]);
}

#[test]
fn a_bucket_is_full_again_after_its_capacity() {
    let rate = Gcra::new(10, 1_000_000, 4).unwrap();
    assert_eq!(rate.decide(400_000, 0, 4), Decision::WaitUntil(400_000));
    assert_eq!(rate.decide(400_000, 400_000, 4), Decision::Granted { new_tat_us: 800_000 });
    assert_eq!(rate.decide(400_000, 9_000_000, 4), Decision::Granted { new_tat_us: 9_400_000 });
}

#[test]
fn nothing_can_be_zero_nor_faster_than_the_unit() {
    for (tokens, period_us, burst) in [(0, 1, 1), (1, 0, 1), (1, 1, 0), (2, 1, 1)] {
        assert_eq!(Gcra::new(tokens, period_us, burst), None);
    }
    assert!(Gcra::new(1_000_000, 1_000_000, 1).is_some());
}

#[test]
fn the_end_of_time_grants_nothing_rather_than_everything() {
    let rate = Gcra::new(1, 10, u64::MAX).unwrap();
    assert_eq!(rate.decide(u64::MAX, u64::MAX, 1), Decision::WaitUntil(u64::MAX));
    assert_eq!(rate.decide(0, u64::MAX - 9, 1), Decision::WaitUntil(u64::MAX));
}

fn rates() -> impl Strategy<Value = (u64, u64, u64)> {
    (1..50_u64, 1..10_u64).prop_flat_map(|(tokens, burst)| (Just(tokens), tokens..100_000, Just(burst)))
}

proptest! {
    #[test]
    fn no_stretch_of_time_has_more_than_burst_and_rate(
        (tokens, period_us, burst) in rates(),
        asks in prop::collection::vec((0..20_000_u64, 1..10_u64), 1..80),
    ) {
        let rate = Gcra::new(tokens, period_us, burst).unwrap();
        let (mut tat, mut now, mut grants) = (0, 0, Vec::new());
        for (pause, weight) in asks {
            now += pause;
            let weight = weight.min(burst);
            if let Decision::Granted { new_tat_us } = rate.decide(tat, now, weight) {
                tat = new_tat_us;
                grants.push((now, weight));
            }
        }
        check_rate(tokens, period_us, burst, &grants);
    }

    #[test]
    fn who_takes_whatever_there_is_gets_the_rate_to_a_microsecond_each(
        (tokens, period_us, burst) in rates(), count in 1..100_usize,
    ) {
        let times = times(&Gcra::new(tokens, period_us, burst).unwrap(), count + burst as usize);
        let grants: Vec<_> = times.iter().map(|time| (*time, 1)).collect();
        check_rate(tokens, period_us, burst, &grants);
        let exact = count as u64 * period_us / tokens;
        let last = times[times.len() - 1];
        prop_assert!(exact <= last && last <= exact + count as u64, "{} us instead of {}", last, exact);
    }

    #[test]
    fn the_time_it_says_is_the_first_at_which_it_grants(
        (tokens, period_us, burst) in rates(), tat: u32, now: u32, weight in 1..10_u64,
    ) {
        let rate = Gcra::new(tokens, period_us, burst).unwrap();
        let (tat, now, weight) = (u64::from(tat), u64::from(now), weight.min(burst));
        if let Decision::WaitUntil(due) = rate.decide(tat, now, weight) {
            prop_assert!(due > now);
            let granted = matches!(rate.decide(tat, due, weight), Decision::Granted { .. });
            prop_assert!(granted);
            prop_assert_eq!(rate.decide(tat, due - 1, weight), Decision::WaitUntil(due));
        }
    }

    #[test]
    fn whoever_comes_after_others_is_due_when_they_have_gone(
        (tokens, period_us, burst) in rates(), tat: u16, ahead in prop::collection::vec(1..10_u64, 0..8),
        weight in 1..10_u64,
    ) {
        let rate = Gcra::new(tokens, period_us, burst).unwrap();
        let (mut now, mut state) = (0, u64::from(tat));
        let weight = weight.min(burst);
        let ahead: Vec<u64> = ahead.into_iter().map(|weight| weight.min(burst)).collect();
        let said = rate.due_us(state, now, ahead.iter().sum(), weight);
        for weight in ahead.into_iter().chain([weight]) {
            if let Decision::WaitUntil(due) = rate.decide(state, now, weight) {
                now = due;
            }
            let Decision::Granted { new_tat_us } = rate.decide(state, now, weight) else { panic!("not at {now}") };
            state = new_tat_us;
        }
        prop_assert_eq!(said, now);
    }

    #[test]
    fn no_numbers_overflow(
        tokens in 1..u64::MAX, more: u64, burst in 1..u64::MAX, tat: u64, now: u64, ahead: u64, weight: u64,
    ) {
        let rate = Gcra::new(tokens, tokens.saturating_add(more), burst).unwrap();
        let weight = weight.min(burst);
        match rate.decide(tat, now, weight) {
            Decision::Granted { new_tat_us } => prop_assert!(new_tat_us >= now.max(tat)),
            Decision::WaitUntil(due) => prop_assert!(due > now || due == u64::MAX),
        }
        prop_assert!(rate.due_us(tat, now, ahead, weight) >= now);
    }
}
