//! Rate limiters, read as a specification: one behaviour per test, named after it.

mod clock;
mod gcra;
mod queue;
mod several;
mod simulation;
mod support;
mod threads;
