//! When to look at whom next. A later time than the one that is set already costs nothing: the alarm rings early, and whoever
//! it wakes sets it anew. So a thousand short waits of one call leave one entry behind.

use super::clock::Micros;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

#[derive(Debug, Default)]
pub struct Alarms {
    heap: BinaryHeap<Reverse<(Micros, u32)>>,
    /// By key: the earliest entry in the heap.
    set: Vec<Micros>,
}

impl Alarms {
    /// Rings for `key` at `at`, or before.
    pub fn set(&mut self, key: u32, at: Micros) {
        let index = key as usize;
        if index >= self.set.len() {
            self.set.resize(index + 1, Micros::MAX);
        }
        if at < self.set[index] {
            self.set[index] = at;
            self.heap.push(Reverse((at, key)));
        }
    }

    /// No alarm rings before; `None`: none does.
    pub fn next(&self) -> Option<Micros> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Whose alarm rings now.
    pub fn ring(&mut self, now: Micros) -> Option<u32> {
        while let Some(Reverse((at, key))) = self.heap.peek().copied()
            && at <= now
        {
            self.heap.pop();
            let set = &mut self.set[key as usize];
            // Another one was set before it, and has rung.
            if *set == at {
                *set = Micros::MAX;
                return Some(key);
            }
        }
        None
    }
}
