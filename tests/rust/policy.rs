//! The retry policy, read as a specification: one behaviour per test, named after it.

mod admission;
mod aws_vectors;
mod backoff;
mod budget;
mod http_dates;
mod limits;
mod outcomes;
mod partial;
mod properties;
mod retry_after;
mod seed_configurations;
mod support;
mod waiting;
