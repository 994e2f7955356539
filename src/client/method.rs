//! Request methods. The common ones cost no allocation.

use crate::client::headers;
use crate::error::{Error, Result};
use crate::text;
use std::borrow::Cow;
use std::ffi::CStr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method(Cow<'static, CStr>);

impl Method {
    /// Of what is no request.
    pub const NONE: Method = Method(Cow::Borrowed(c""));
    pub const GET: Method = Method(Cow::Borrowed(c"GET"));

    /// Case matters (RFC 9110 section 9.1): "get" is another method than "GET".
    pub fn new(name: &str) -> Result<Method> {
        const KNOWN: [&CStr; 7] = [c"GET", c"POST", c"PUT", c"DELETE", c"PATCH", c"HEAD", c"OPTIONS"];
        if let Some(known) = KNOWN.into_iter().find(|known| known.to_bytes() == name.as_bytes()) {
            return Ok(Method(Cow::Borrowed(known)));
        }
        headers::check_method(name).map_err(|why| Error::invalid("method", why))?;
        Ok(Method(Cow::Owned(text::c_string(name))))
    }

    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub fn as_c_str(&self) -> &CStr {
        &self.0
    }
}
