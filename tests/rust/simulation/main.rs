//! Deterministic simulation: calls with random configurations against random servers, on the library's own machine, policy,
//! limiters and pool queue, under virtual time. One seed is one run, to the last microsecond.
//!
//!     make simulate SEEDS=10000         # from 0 on
//!     make simulate SEED=4711           # one, with everything that happens in it
//!
//! What is simulated is the two drivers' way of carrying out what the machine says (`threads`, `engine`) and the servers
//! (`server`, `wire`). `check` and `world` say what must hold.

mod check;
mod controls;
mod engine;
mod faults;
mod flight;
mod lanes;
mod plan;
mod run;
mod server;
mod threads;
mod wire;
mod world;

use run::{Story, simulate};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a thousand seeds come across: a simulation in which nothing happens holds anything.
const EXPECTED: &[&str] = &[
    "a wait for a version",
    "a stream among others",
    "a stream left before its turn",
    "a shared connection's permit given back",
    "HTTPC_E_BODY_TOO_LARGE",
    "HTTPC_E_CANCELLED",
    "HTTPC_E_CERTIFICATE",
    "HTTPC_E_CLOSED",
    "HTTPC_E_CONNECT",
    "HTTPC_E_DNS",
    "HTTPC_E_HEADERS_TOO_LARGE",
    "HTTPC_E_IO",
    "HTTPC_E_PROTOCOL",
    "HTTPC_E_RATE_LIMITED",
    "HTTPC_E_REDIRECT",
    "HTTPC_E_RESOURCE",
    "HTTPC_E_STATUS",
    "HTTPC_E_TIMEOUT_ATTEMPT",
    "HTTPC_E_TIMEOUT_CONNECT",
    "HTTPC_E_TIMEOUT_POOL",
    "HTTPC_E_TIMEOUT_READ",
    "HTTPC_E_TIMEOUT_TOTAL",
    "HTTPC_E_TIMEOUT_WRITE",
    "HTTPC_E_TLS",
    "HTTPC_E_TRUNCATED",
    "HTTPC_OK",
    "HTTPC_STOP_BUDGET",
    "HTTPC_STOP_CANCELLED",
    "HTTPC_STOP_CLOSED",
    "HTTPC_STOP_DEADLINE",
    "HTTPC_STOP_DECIDER",
    "HTTPC_STOP_MAX_ATTEMPTS",
    "HTTPC_STOP_NOT_IDEMPOTENT",
    "HTTPC_STOP_NOT_REPLAYABLE",
    "HTTPC_STOP_NOT_RETRYABLE",
    "HTTPC_STOP_RATE_LIMITED",
    "HTTPC_STOP_RETRY_AFTER_TOO_LONG",
    "HTTPC_STOP_SUCCESS",
    "a call to a closed client",
    "a cancel after the end",
    "a permit after a wait",
    "a permit at once",
    "a queue left with a permit just granted",
    "a queue left without a permit",
    "a token after a wait",
    "a token at once",
    "a token given back",
    "a token that would come too late",
    "an alarm that was early",
    "an attempt ended at its head",
    "an attempt that could not begin",
    "answer",
    "exceeds a limit",
    "never sent",
    "no valid answer",
    "redirect",
    "refused stream",
    "reset before the head",
    "reset inside the head",
    "silent after the request",
    "silent before it connects",
    "stale connection",
    "stalls in the body",
    "status",
    "takes no more of the request",
    "truncated",
];

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

/// Fewer without optimisation, where they take ten times as long.
fn seeds() -> u64 {
    from_environment("HTTPC_SIMULATE_SEEDS").unwrap_or(if cfg!(debug_assertions) { 1000 } else { 10_000 })
}

fn tell(seed: u64) -> Story {
    let story = simulate(seed, None, true);
    story.trace.iter().for_each(|line| println!("{line}"));
    story
}

/// All seeds below `count` on two threads: the first that fails, and how often each thing happened.
fn simulate_all(count: u64) -> (Option<u64>, BTreeMap<&'static str, u64>) {
    let (next, failed) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let work = || {
        let mut reached = BTreeMap::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= count || failed.load(Ordering::Relaxed) < seed {
                return reached;
            }
            let story = simulate(seed, None, false);
            if !story.violations.is_empty() {
                failed.fetch_min(seed, Ordering::Relaxed);
            }
            for (what, times) in story.reached {
                *reached.entry(what).or_insert(0) += times;
            }
        }
    };
    let (mut one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        (work(), other.join().expect("panics are caught"))
    });
    for (what, times) in other {
        *one.entry(what).or_insert(0) += times;
    }
    (Some(failed.into_inner()).filter(|seed| *seed < u64::MAX), one)
}

#[test]
fn whatever_happens_the_invariants_hold() {
    if let Some(seed) = from_environment("HTTPC_SIMULATE_SEED") {
        let story = tell(seed);
        assert!(story.violations.is_empty(), "seed {seed}: {:#?}", story.violations);
        return;
    }
    let count = seeds();
    let (failed, reached) = simulate_all(count);
    if let Some(seed) = failed {
        let story = tell(seed);
        panic!("seed {seed} (again: make simulate SEED={seed}): {:#?}", story.violations);
    }
    println!("{count} seeds: {reached:#?}");
    if count >= 1000 {
        let missed: Vec<_> = EXPECTED.iter().filter(|what| !reached.contains_key(**what)).collect();
        assert!(missed.is_empty(), "never happened in {count} seeds: {missed:?}");
    }
}
