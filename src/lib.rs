//! libhttpclient: an HTTP API client for C and C++ programs, on libcurl.
//!
//! The map. C calls come in at `ffi`, become a `client` call, and every decision about that call is made by one state
//! machine on top of `policy`. Only `transport::curl` knows libcurl; only `ffi`, `transport::curl` and the allocator hold
//! `unsafe`.
//!
//! | module | what it is | knows nothing of |
//! |---|---|---|
//! | [`policy`] | retry, backoff, Retry-After, budget: pure decisions | clocks, threads, I/O, curl |
//! | `client` | a call: config + request → attempts → response or error | pointers, curl |
//! | `transport` | one attempt on the wire, or with a mock | retries |
//! | `ffi` | the C skin: pointers in, codes out | everything but the client's types |

#![deny(unsafe_code)]

#[cfg(feature = "mimalloc")]
#[allow(unsafe_code)]
mod allocator;
pub mod client;
pub mod error;
pub mod ffi;
pub mod policy;
pub mod sync;
pub mod text;
pub mod transport;
