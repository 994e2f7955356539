//! A call: configuration and request in, response or error out. No pointers and no curl here.

pub mod error_body;
pub mod headers;
pub mod json;
pub mod url;
