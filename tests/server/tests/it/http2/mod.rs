//! HTTP/2, seen by a client that keeps to the rules and by one that reads single frames.

mod broken;
mod client;
mod faults;
mod listeners;
mod malformed;
mod pace;
mod plain;
mod raw;
