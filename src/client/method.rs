//! Request methods. The common ones cost no allocation.

use crate::client::headers;
use crate::error::{Error, Result};
use crate::text;
use std::ffi::{CStr, CString};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Method(Name);

/// For Rust and for C.
#[derive(Clone, Debug)]
enum Name {
    Known(&'static (&'static str, &'static CStr)),
    Other(Arc<(String, CString)>),
}

impl Method {
    /// Of what is no request.
    pub const NONE: Method = Method(Name::Known(&("", c"")));
    pub const GET: Method = Method(Name::Known(&("GET", c"GET")));

    /// Case matters (RFC 9110 section 9.1): "get" is another method than "GET".
    pub fn new(name: &str) -> Result<Method> {
        static KNOWN: [(&str, &CStr); 7] = [
            ("GET", c"GET"),
            ("POST", c"POST"),
            ("PUT", c"PUT"),
            ("DELETE", c"DELETE"),
            ("PATCH", c"PATCH"),
            ("HEAD", c"HEAD"),
            ("OPTIONS", c"OPTIONS"),
        ];
        if let Some(known) = KNOWN.iter().find(|(known, _)| *known == name) {
            return Ok(Method(Name::Known(known)));
        }
        headers::check_method(name).map_err(|why| Error::invalid("method", why))?;
        Ok(Method(Name::Other(Arc::new((name.to_owned(), text::c_string(name))))))
    }

    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Known(names) => names.0,
            Name::Other(names) => &names.0,
        }
    }

    pub fn as_c_str(&self) -> &CStr {
        match &self.0 {
            Name::Known(names) => names.1,
            Name::Other(names) => &names.1,
        }
    }
}

impl PartialEq for Method {
    fn eq(&self, other: &Method) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Method {}
