//! The call machine under a virtual clock and a scripted transport: what it decides, and when, to the microsecond.

pub mod support;

mod bodies;
mod history;
mod interruptions;
mod limits;
mod random;
mod redirects;
mod rests;
mod retries;
mod sinks;
mod streams;
mod timeouts;
