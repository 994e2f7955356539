//! When a virtual clock moves and how far, read as a specification: one behaviour per test, named after it.

use httpclient::client::virtual_clock::timeline::{MOST_THREADS, Timeline};
use proptest::prelude::*;

const NEVER: u64 = u64::MAX;

type Clock = Timeline<&'static str>;

/// So many are running.
fn clock_of(running: usize) -> Clock {
    let mut clock = Clock::default();
    (0..running).for_each(|_| clock.join());
    clock
}

/// Who is woken when nobody is about to run for another reason.
fn woken(clock: &mut Clock) -> Vec<&'static str> {
    clock.move_on(|_| false);
    clock.take_woken()
}

#[test]
fn time_moves_once_everybody_sleeps_to_the_first_end_of_a_sleep() {
    let mut clock = clock_of(3);
    clock.sleep(30, true, "a");
    clock.sleep(10, true, "b");
    assert_eq!((woken(&mut clock), clock.now()), (vec![], 0), "one still runs");
    clock.sleep(20, true, "c");
    assert_eq!((woken(&mut clock), clock.now()), (vec!["b"], 10));
}

#[test]
fn who_was_woken_runs_until_it_sleeps_again_or_leaves() {
    let mut clock = clock_of(2);
    clock.sleep(10, true, "a");
    clock.sleep(20, true, "b");
    assert_eq!(woken(&mut clock), ["a"]);
    assert_eq!((woken(&mut clock), clock.now()), (vec![], 10));
    clock.leave();
    assert_eq!((woken(&mut clock), clock.now()), (vec!["b"], 20));
}

#[test]
fn all_whose_time_it_is_are_woken_together() {
    let mut clock = clock_of(3);
    clock.sleep(10, true, "a");
    clock.sleep(10, false, "b");
    clock.sleep(11, true, "c");
    assert_eq!(woken(&mut clock), ["a", "b"]);
    clock.leave();
    assert_eq!(woken(&mut clock), [""; 0], "the other still runs");
}

#[test]
fn a_sleep_until_now_or_before_is_over_at_once() {
    let mut clock = clock_of(2);
    clock.advance(10);
    let id = clock.sleep(10, true, "a");
    assert!(!clock.is_asleep(id));
    assert_eq!(clock.take_woken(), ["a"]);
}

#[test]
fn who_is_about_to_run_holds_time_back() {
    let mut clock = clock_of(2);
    clock.sleep(10, true, "a");
    let b = clock.sleep(NEVER, true, "b");
    clock.move_on(|who| *who == "b");
    assert_eq!(clock.now(), 0);
    assert_eq!(clock.get_up(b), Some("b"));
    assert_eq!((woken(&mut clock), clock.now()), (vec![], 0));
    clock.leave();
    assert_eq!((woken(&mut clock), clock.now()), (vec!["a"], 10));
}

#[test]
fn who_gets_up_after_time_has_woken_it_is_counted_once() {
    let mut clock = clock_of(1);
    let id = clock.sleep(10, true, "a");
    assert_eq!(woken(&mut clock), ["a"]);
    assert_eq!(clock.get_up(id), None);
    clock.join();
    clock.leave();
    clock.sleep(20, true, "a");
    assert_eq!((woken(&mut clock), clock.now()), (vec!["a"], 20));
}

#[test]
fn sleeps_without_end_are_nothing_to_move_to() {
    let mut clock = clock_of(2);
    clock.sleep(NEVER, true, "a");
    clock.sleep(NEVER, false, "b");
    assert_eq!((woken(&mut clock), clock.now()), (vec![], 0));
    clock.advance(NEVER);
    assert_eq!((clock.take_woken(), clock.now()), (vec![], NEVER));
}

#[test]
fn counted_threads_hold_time_back_until_so_many_of_the_programs_sleep() {
    let mut clock = clock_of(3);
    clock.add_threads(2).unwrap();
    clock.sleep(10, false, "engine");
    clock.sleep(20, true, "a");
    clock.leave();
    assert_eq!(woken(&mut clock), [""; 0], "nobody runs in the library, but one thread is somewhere");
    clock.join();
    clock.sleep(NEVER, true, "b");
    assert_eq!((woken(&mut clock), clock.now()), (vec!["engine"], 10));
}

#[test]
fn a_thread_that_is_counted_no_more_is_not_waited_for() {
    let mut clock = clock_of(1);
    clock.add_threads(2).unwrap();
    clock.sleep(10, true, "a");
    assert_eq!(woken(&mut clock), [""; 0]);
    clock.add_threads(-1).unwrap();
    assert_eq!(woken(&mut clock), ["a"]);
}

#[test]
fn impossible_counts_of_threads_change_nothing() {
    let mut clock = clock_of(1);
    clock.add_threads(1).unwrap();
    assert_eq!(clock.add_threads(-2), Err(-1));
    assert_eq!(clock.add_threads(MOST_THREADS), Err(MOST_THREADS + 1));
    clock.sleep(10, true, "a");
    assert_eq!(woken(&mut clock), ["a"]);
}

#[test]
fn by_hand_only_an_advance_wakes_and_exactly_those_whose_time_it_is() {
    let mut clock = clock_of(2);
    clock.set_manual(true);
    clock.sleep(10, true, "a");
    clock.sleep(20, true, "b");
    assert_eq!((woken(&mut clock), clock.now()), (vec![], 0));
    clock.advance(9);
    assert_eq!(clock.take_woken(), [""; 0]);
    clock.advance(1);
    assert_eq!(clock.take_woken(), ["a"]);
    clock.leave();
    clock.set_manual(false);
    assert_eq!((woken(&mut clock), clock.now()), (vec!["b"], 20));
}

#[test]
fn an_advance_beyond_several_ends_wakes_all_of_them() {
    let mut clock = clock_of(3);
    clock.sleep(10, true, "a");
    clock.sleep(20, true, "b");
    clock.advance(25);
    assert_eq!((clock.take_woken(), clock.now()), (vec!["a", "b"], 25));
}

proptest! {
    /// Threads that each sleep so long, again and again, wake exactly then, in whatever order they are told.
    #[test]
    fn everybody_wakes_exactly_when_it_wanted_to(
        naps in prop::collection::vec(prop::collection::vec(1u64..50, 1..6), 1..6),
    ) {
        let mut clock = Timeline::<usize>::default();
        let mut due = vec![0; naps.len()];
        let mut left: Vec<_> = naps.iter().map(|naps| naps.iter()).collect();
        let mut running: Vec<usize> = (0..naps.len()).collect();
        running.iter().for_each(|_| clock.join());
        while !running.is_empty() {
            for who in std::mem::take(&mut running) {
                prop_assert_eq!(clock.now(), due[who]);
                match left[who].next() {
                    None => clock.leave(),
                    Some(nap) => {
                        due[who] += nap;
                        clock.sleep(due[who], true, who);
                    }
                }
                clock.move_on(|_| false);
                running.extend(clock.take_woken());
            }
        }
        prop_assert_eq!(clock.now(), naps.iter().map(|naps| naps.iter().sum::<u64>()).max().unwrap_or(0));
    }
}
