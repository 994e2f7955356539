//! The bounds of each kind of jitter.

use httpclient::policy::backoff::{Backoff, Jitter};

fn backoff(jitter: Jitter) -> Backoff {
    Backoff { base_ms: 1000, multiplier: 2.0, cap_ms: 10_000, jitter }
}

/// The least and the greatest of many draws.
fn range(backoff: &Backoff, index: u32, previous_ms: Option<u64>) -> (u64, u64) {
    let mut rng = fastrand::Rng::with_seed(1);
    let draws: Vec<u64> = (0..20_000).map(|_| backoff.delay_ms(index, previous_ms, &mut rng)).collect();
    (*draws.iter().min().unwrap(), *draws.iter().max().unwrap())
}

#[test]
fn no_jitter_is_exact() {
    assert_eq!(range(&backoff(Jitter::None), 2, None), (4000, 4000));
}

#[test]
fn additive_jitter_adds_up_to_a_tenth() {
    assert_eq!(range(&backoff(Jitter::Additive), 2, None), (4000, 4400));
}

#[test]
fn additive_jitter_is_not_cut_by_the_cap() {
    assert_eq!(range(&backoff(Jitter::Additive), 9, None), (10_000, 11_000));
}

#[test]
fn full_jitter_spans_from_nothing_to_the_delay() {
    assert_eq!(range(&backoff(Jitter::Full), 1, None), (0, 2000));
}

#[test]
fn equal_jitter_keeps_half() {
    assert_eq!(range(&backoff(Jitter::Equal), 1, None), (1000, 2000));
    let odd = Backoff { base_ms: 7, ..backoff(Jitter::Equal) };
    assert_eq!(range(&odd, 0, None), (3, 7));
}

#[test]
fn decorrelated_jitter_spans_from_the_base_to_three_times_the_previous_delay() {
    assert_eq!(range(&backoff(Jitter::Decorrelated), 0, None), (1000, 3000));
    assert_eq!(range(&backoff(Jitter::Decorrelated), 1, Some(2000)), (1000, 6000));
    assert_eq!(range(&backoff(Jitter::Decorrelated), 1, Some(9000)), (1000, 10_000));
    assert_eq!(range(&backoff(Jitter::Decorrelated), 1, Some(0)), (1000, 1000));
}

#[test]
fn other_multipliers_come_out_in_whole_milliseconds() {
    let tenth = Backoff { multiplier: 1.1, ..backoff(Jitter::None) };
    let delays: Vec<u64> = (0..4).map(|index| tenth.without_jitter_ms(index)).collect();
    assert_eq!(delays, [1000, 1100, 1210, 1331]);
    let falls_short = Backoff { base_ms: 100, multiplier: 1.4, ..backoff(Jitter::None) };
    assert_eq!(falls_short.without_jitter_ms(2), 196);
    let constant = Backoff { multiplier: 1.0, ..backoff(Jitter::None) };
    assert_eq!(constant.without_jitter_ms(u32::MAX), 1000);
}

#[test]
fn the_last_index_of_all_waits_for_the_cap() {
    assert_eq!(backoff(Jitter::None).without_jitter_ms(u32::MAX), 10_000);
}

#[test]
fn a_multiplier_that_is_no_number_waits_for_the_cap() {
    let broken = Backoff { multiplier: f64::NAN, ..backoff(Jitter::None) };
    assert_eq!(broken.without_jitter_ms(1), 10_000);
}

#[test]
fn a_zero_base_is_zero_and_a_zero_cap_too() {
    let zero = Backoff { base_ms: 0, ..backoff(Jitter::Full) };
    assert_eq!(range(&zero, u32::MAX, None), (0, 0));
    let capped = Backoff { cap_ms: 0, ..backoff(Jitter::Decorrelated) };
    assert_eq!(range(&capped, 3, None), (0, 0));
}

#[test]
fn a_base_above_the_cap_is_capped() {
    let steep = Backoff { base_ms: u64::MAX, ..backoff(Jitter::None) };
    assert_eq!(steep.without_jitter_ms(0), 10_000);
    let decorrelated = Backoff { jitter: Jitter::Decorrelated, ..steep };
    assert_eq!(range(&decorrelated, 0, None), (10_000, 10_000));
}

#[test]
fn the_widest_delays_do_not_overflow() {
    let wide = Backoff { base_ms: u64::MAX, cap_ms: u64::MAX, ..backoff(Jitter::Additive) };
    assert_eq!(range(&wide, 5, Some(u64::MAX)), (u64::MAX, u64::MAX));
}
