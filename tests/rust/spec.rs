//! The library's specification as tests, in one program so that it is linked once.

#![deny(unsafe_op_in_unsafe_fn)]

mod content;
mod error_body;
mod event_stream;
mod ffi_retry;
mod headers;
mod inflow;
mod json;
mod links;
mod machine;
mod no_proxy;
mod outflow;
mod policy;
mod rate_limiter;
mod text;
mod timeline;
mod url;
