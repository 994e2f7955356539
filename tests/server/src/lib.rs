//! A scripted HTTP/1.1 and HTTP/2 server for tests and examples: it misbehaves on request.
//!
//! Every fault is made with real sockets, since a reset, a truncated answer or a missing close_notify cannot be
//! faked any other way. [`Server::start`] opens one listener per name in [`names::NAMES`]; the binary wraps a command
//! with the same server. The routes are listed in README.md.

mod body;
mod certs;
mod connection;
mod date;
mod files;
mod gate;
mod http2;
mod journal;
mod listener;
pub mod names;
mod nowhere;
mod plan;
mod query;
mod request;
mod response;
mod routes;
mod server;
mod shared;
mod socket;
mod tls;
mod traps;
mod tunnel;

pub use server::Server;
