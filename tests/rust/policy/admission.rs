//! Permits: limits that hold, turns in order, no hole where somebody left.

use httpclient::policy::admission::{Admission, Ticket};
use proptest::prelude::*;

const A: &str = "a";
const B: &str = "b";

#[test]
fn permits_are_given_up_to_the_limit_of_a_key() {
    let mut door = Admission::new(10, 2);
    assert_eq!([door.request(&A), door.request(&A)], [Ok(()), Ok(())]);
    assert!(door.request(&A).is_err());
    assert_eq!(door.request(&B), Ok(()), "another key is not held up");
}

#[test]
fn permits_are_given_up_to_the_total_limit() {
    let mut door = Admission::new(2, 2);
    assert_eq!([door.request(&A), door.request(&B)], [Ok(()), Ok(())]);
    assert!(door.request(&B).is_err());
}

#[test]
fn a_permit_that_comes_back_goes_to_who_waited_longest() {
    let mut door = Admission::new(1, 1);
    assert_eq!(door.request(&A), Ok(()));
    let (first, second) = (door.request(&A).unwrap_err(), door.request(&B).unwrap_err());
    assert_eq!(door.release(&A), Some((A, first)));
    assert_eq!(door.release(&A), Some((B, second)));
    assert_eq!(door.release(&B), None);
    assert_eq!((door.in_use(), door.waiting()), (0, 0));
}

#[test]
fn who_waits_for_a_full_key_holds_nobody_else_up() {
    let mut door = Admission::new(2, 1);
    assert_eq!([door.request(&A), door.request(&B)], [Ok(()), Ok(())]);
    let _behind_a = door.request(&A).unwrap_err();
    let behind_b = door.request(&B).unwrap_err();
    assert_eq!(door.release(&B), Some((B, behind_b)), "A's waiter came first, but A is full");
}

#[test]
fn who_leaves_the_queue_leaves_no_hole() {
    let mut door = Admission::new(1, 1);
    assert_eq!(door.request(&A), Ok(()));
    let (gone, next) = (door.request(&A).unwrap_err(), door.request(&A).unwrap_err());
    assert!(door.cancel(&A, gone));
    assert_eq!(door.release(&A), Some((A, next)));
}

#[test]
fn a_ticket_that_was_granted_can_no_longer_be_cancelled() {
    let mut door = Admission::new(1, 1);
    assert_eq!(door.request(&A), Ok(()));
    let ticket = door.request(&A).unwrap_err();
    assert_eq!(door.release(&A), Some((A, ticket)));
    assert!(!door.cancel(&A, ticket));
    assert_eq!(door.in_use(), 1);
}

#[derive(Clone, Debug)]
enum Step {
    Request(u8),
    Release(usize),
    Cancel(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u8..4).prop_map(Step::Request),
        2 => any::<usize>().prop_map(Step::Release),
        1 => any::<usize>().prop_map(Step::Cancel),
    ]
}

proptest! {
    #[test]
    fn limits_hold_and_nobody_waits_who_could_go(
        steps in prop::collection::vec(step(), 0..200),
        most in 1u32..6,
        per_key in 1u32..4,
    ) {
        let mut door = Admission::new(most, per_key);
        let (mut held, mut waiting): (Vec<u8>, Vec<(u8, Ticket)>) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Request(key) => match door.request(&key) {
                    Ok(()) => held.push(key),
                    Err(ticket) => waiting.push((key, ticket)),
                },
                Step::Release(at) if !held.is_empty() => {
                    let key = held.swap_remove(at % held.len());
                    if let Some((next, ticket)) = door.release(&key) {
                        let at = waiting.iter().position(|entry| *entry == (next, ticket)).expect("it waited");
                        prop_assert!(waiting[..at].iter().all(|(key, _)| *key != next), "overtaken in its own queue");
                        waiting.remove(at);
                        held.push(next);
                    }
                }
                Step::Cancel(at) if !waiting.is_empty() => {
                    let (key, ticket) = waiting.remove(at % waiting.len());
                    prop_assert!(door.cancel(&key, ticket));
                }
                _ => {}
            }
            let in_use = |key: u8| held.iter().filter(|held| **held == key).count() as u32;
            prop_assert!(held.len() as u32 <= most && (0..4).all(|key| in_use(key) <= per_key));
            prop_assert_eq!((door.in_use() as usize, door.waiting() as usize), (held.len(), waiting.len()));
            let full = held.len() as u32 == most;
            prop_assert!(waiting.iter().all(|(key, _)| full || in_use(*key) == per_key), "somebody waits who could go");
        }
    }
}
