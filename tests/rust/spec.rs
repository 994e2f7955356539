//! The library's specification as tests, in one program so that it is linked once.

#![deny(unsafe_code)]

mod error_body;
mod headers;
mod json;
mod machine;
mod policy;
mod text;
mod url;
