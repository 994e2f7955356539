//! The simulation itself under test: it finds what is planted, and tells the same story each time.

use crate::faults::Fault;
use crate::run::simulate;

/// So many seeds are enough for each.
const ENOUGH: u64 = 1000;

/// The first seed that shows `fault` by what it does, and by nothing else.
fn finds(fault: Fault, sign: &str) {
    let shows = |seed: &u64| simulate(*seed, Some(fault), false).violations.iter().any(|what| what.contains(sign));
    let seed = (0..ENOUGH).find(shows).unwrap_or_else(|| panic!("{fault:?} is not found within {ENOUGH} seeds"));
    println!("{fault:?} is found by seed {seed}");
    let without = simulate(seed, None, false).violations;
    assert!(without.is_empty(), "seed {seed} fails without {fault:?} too: {without:?}");
}

#[test]
fn a_lost_completion_is_found() {
    finds(Fault::LostCompletion, "has 0 completions");
}

#[test]
fn a_doubled_completion_is_found() {
    finds(Fault::DoubledCompletion, "has 2 completions");
}

#[test]
fn a_leaked_permit_is_found() {
    finds(Fault::LeakedPermit, "permits are out, and");
}

#[test]
fn a_shared_connection_without_a_permit_is_found() {
    finds(Fault::UncountedConnection, "shared connections without a permit");
}

#[test]
fn a_post_sent_twice_is_found() {
    finds(Fault::PostSentTwice, "POST sent twice");
}

#[test]
fn an_overrun_deadline_is_found() {
    finds(Fault::OverrunDeadline, "past its deadline");
}

#[test]
fn a_seed_tells_the_same_story_again() {
    for seed in 0..50 {
        assert_eq!(simulate(seed, None, true).trace, simulate(seed, None, true).trace, "seed {seed}");
    }
}
