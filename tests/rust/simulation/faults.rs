//! Faults that are planted to see them found. Each stands where a driver, or what puts a call together, could have it.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A submitted call that is cancelled in a pause is forgotten.
    LostCompletion,
    /// A cancel that comes after the end is told as one more end.
    DoubledCompletion,
    /// A permit that comes to one who is just leaving the queue is not passed on.
    LeakedPermit,
    /// The machine is told that a POST is idempotent.
    PostSentTwice,
    /// A shared connection gives its permit back before its first stream: it was so once.
    UncountedConnection,
    /// A thread that reads a body waits for the server alone.
    OverrunDeadline,
}
