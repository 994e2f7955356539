//! Permits: limits that hold, turns in order, no hole where somebody left.

use httpclient::policy::admission::{Admission, Ticket};
use proptest::prelude::*;
use std::rc::Rc;

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

#[test]
fn of_ever_new_keys_few_are_remembered() {
    let mut door = Admission::new(1, 1);
    let keys: Vec<Rc<u32>> = (0..10_000).map(Rc::new).collect();
    for key in &keys {
        assert_eq!(door.request(key), Ok(()));
        assert_eq!(door.release(key), None);
    }
    let remembered = keys.iter().filter(|key| Rc::strong_count(key) > 1).count();
    assert!(remembered < 200, "{remembered}");
}

#[derive(Clone, Debug)]
enum Step {
    Request(u8),
    Release(usize),
    Cancel(usize),
    /// With a ticket that was granted or cancelled before.
    CancelLate(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u8..4).prop_map(Step::Request),
        4 => any::<usize>().prop_map(Step::Release),
        2 => any::<usize>().prop_map(Step::Cancel),
        1 => any::<usize>().prop_map(Step::CancelLate),
    ]
}

/// Admission beside what its caller knows: who holds a permit, who waits, and who has waited.
struct Model {
    door: Admission<u8>,
    most: u32,
    per_key: u32,
    held: Vec<u8>,
    /// In the order in which they came.
    waiting: Vec<(u8, Ticket)>,
    past: Vec<(u8, Ticket)>,
}

impl Model {
    fn new(most: u32, per_key: u32) -> Model {
        let door = Admission::new(most, per_key);
        Model { door, most, per_key, held: Vec::new(), waiting: Vec::new(), past: Vec::new() }
    }

    fn in_use(&self, key: u8) -> u32 {
        self.held.iter().filter(|held| **held == key).count() as u32
    }

    fn may_go(&self, key: u8) -> bool {
        (self.held.len() as u32) < self.most && self.in_use(key) < self.per_key
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Request(key) => {
                let entry = self.door.request(&key);
                assert_eq!(entry.is_ok(), self.may_go(key), "who may go goes, and nobody else");
                match entry {
                    Ok(()) => self.held.push(key),
                    Err(ticket) => self.waiting.push((key, ticket)),
                }
            }
            Step::Release(at) if !self.held.is_empty() => {
                let key = self.held.swap_remove(at % self.held.len());
                self.release(key);
            }
            Step::Cancel(at) if !self.waiting.is_empty() => {
                let (key, ticket) = self.waiting.remove(at % self.waiting.len());
                assert!(self.door.cancel(&key, ticket));
                self.past.push((key, ticket));
            }
            Step::CancelLate(at) if !self.past.is_empty() => {
                let (key, ticket) = self.past[at % self.past.len()];
                assert!(!self.door.cancel(&key, ticket), "it waits no more");
            }
            _ => {}
        }
        self.check();
    }

    /// Of those whom their key lets go, who came first goes.
    fn release(&mut self, key: u8) {
        let first = self.waiting.iter().position(|(key, _)| self.may_go(*key));
        let wanted = first.map(|at| self.waiting.remove(at));
        assert_eq!(self.door.release(&key), wanted);
        if let Some((next, ticket)) = wanted {
            self.held.push(next);
            self.past.push((next, ticket));
        }
    }

    fn check(&self) {
        assert!(self.held.len() as u32 <= self.most && (0..4).all(|key| self.in_use(key) <= self.per_key));
        let counted = (self.door.in_use() as usize, self.door.waiting() as usize);
        assert_eq!(counted, (self.held.len(), self.waiting.len()), "permits and places are conserved");
        assert!(!self.waiting.iter().any(|(key, _)| self.may_go(*key)), "somebody waits who could go");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 2000 }))]

    #[test]
    fn limits_hold_turns_are_in_order_and_nobody_waits_who_could_go(
        steps in prop::collection::vec(step(), 0..200), most in 1u32..6, per_key in 1u32..4,
    ) {
        let mut model = Model::new(most, per_key);
        steps.into_iter().for_each(|step| model.take(step));
        // When nobody comes any more, all who wait get their turn and all permits come back.
        while let Some(key) = model.held.pop() {
            model.release(key);
            model.check();
        }
        prop_assert!(model.waiting.is_empty());
        prop_assert_eq!((model.door.in_use(), model.door.waiting()), (0, 0));
    }
}
