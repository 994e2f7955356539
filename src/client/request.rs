//! A request as the program describes it, before a client's defaults are added.

use super::body::multipart::{Multipart, PartContent, check_content_type, with_line_ends};
use super::body::{Body, Compression, Memory};
use super::cancel::CancelToken;
use super::config::{Header, checked_header};
use super::headers::check_value;
use super::json;
use super::meter::Watcher;
use super::method::Method;
use super::response::Response;
use super::retry_rules::RetryRules;
use super::sink::{EventRules, EventSink, Sink};
use super::timeouts::{Timeout, Timeouts};
use super::url::has_control_characters;
use crate::error::{Error, Result};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub enum IdempotencyKey {
    /// A fresh one for each send.
    Random,
    Fixed(String),
}

/// Timeouts that a request sets for itself; the others are the client's.
#[derive(Clone, Debug, Default)]
pub struct TimeoutOverrides(Vec<(Timeout, u64)>);

impl TimeoutOverrides {
    pub fn set(&mut self, which: Timeout, ms: u64) {
        self.0.push((which, ms));
    }

    pub fn over(&self, defaults: &Timeouts) -> Timeouts {
        let mut timeouts = defaults.clone();
        for (which, ms) in &self.0 {
            timeouts.set(*which, *ms);
        }
        timeouts
    }
}

#[derive(Clone)]
pub struct Request {
    pub method: Method,
    pub url: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<Header>,
    pub body: Body,
    pub timeouts: TimeoutOverrides,
    pub retry: Option<Arc<RetryRules>>,
    pub status_errors: Option<bool>,
    pub max_body: Option<u64>,
    pub content_decoding: Option<bool>,
    pub compression: Compression,
    /// Most redirects followed.
    pub max_redirects: Option<u32>,
    pub redirect_post: Option<bool>,
    pub idempotency_key: Option<IdempotencyKey>,
    pub idempotent: Option<bool>,
    pub cancel: Option<Arc<CancelToken>>,
    /// Where the response's body goes, if not into memory.
    pub sink: Option<Arc<dyn Sink>>,
    /// Of a sink for events.
    pub events: EventRules,
    pub watcher: Option<Arc<Watcher>>,
}

impl Request {
    pub fn new(method: &str, url: &str) -> Result<Request> {
        let method = Method::new(method)?;
        if url.is_empty() {
            return Err(Error::invalid("url", "is empty"));
        }
        if has_control_characters(url) {
            return Err(Error::invalid("url", "contains a control character"));
        }
        Ok(Request {
            method,
            url: url.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Absent,
            timeouts: TimeoutOverrides::default(),
            retry: None,
            status_errors: None,
            max_body: None,
            content_decoding: None,
            compression: Compression::default(),
            max_redirects: None,
            redirect_post: None,
            idempotency_key: None,
            idempotent: None,
            cancel: None,
            sink: None,
            events: EventRules::default(),
            watcher: None,
        })
    }

    pub fn add_query(&mut self, name: &str, value: &str) -> Result<()> {
        if name.is_empty() {
            return Err(Error::invalid("name", "is empty"));
        }
        for (argument, text) in [("name", name), ("value", value)] {
            if has_control_characters(text) {
                let why = "contains a control character; one that is meant goes percent-encoded into the URL";
                return Err(Error::invalid(argument, why));
            }
        }
        self.query.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    pub fn set_header(&mut self, name: &str, value: &str, secret: bool) -> Result<()> {
        let header = checked_header(name, value, secret)?;
        self.headers.retain(|other| !other.name.eq_ignore_ascii_case(name));
        self.headers.push(header);
        Ok(())
    }

    pub fn add_header(&mut self, name: &str, value: &str) -> Result<()> {
        self.headers.push(checked_header(name, value, false)?);
        Ok(())
    }

    /// In place of any other. Without a type the header stays, unless it was that of a form.
    pub fn set_body(&mut self, body: Body, content_type: Option<&str>) -> Result<()> {
        if matches!(self.body, Body::Form(_) | Body::Multipart(_)) {
            self.headers.retain(|header| !header.name.eq_ignore_ascii_case("Content-Type"));
        }
        self.body = body;
        content_type.map_or(Ok(()), |content_type| self.set_content_type(content_type))
    }

    /// WHATWG URL, "application/x-www-form-urlencoded serializing".
    pub fn add_form(&mut self, name: &str, value: &str) -> Result<()> {
        if let Body::Absent = self.body {
            self.set_header("Content-Type", "application/x-www-form-urlencoded", false)?;
            self.body = Body::Form(String::new());
        }
        let Body::Form(text) = &mut self.body else { return Err(other_body()) };
        let so_far = std::mem::take(text);
        *text = form_urlencoded::Serializer::new(so_far).append_pair(name, value).finish();
        Ok(())
    }

    /// A field of multipart/form-data; line ends become CR LF, as browsers make them.
    pub fn add_part(&mut self, name: &str, value: &str) -> Result<()> {
        let content = Memory::Copied(Arc::from(with_line_ends(value).as_bytes()));
        self.add_any_part(name, None, None, PartContent::Bytes(content))
    }

    pub fn add_any_part(
        &mut self,
        name: &str,
        filename: Option<&str>,
        content_type: Option<&str>,
        content: PartContent,
    ) -> Result<()> {
        content_type.map_or(Ok(()), check_content_type)?;
        if let Body::Absent = self.body {
            let multipart = Multipart::new()?;
            self.set_header("Content-Type", &multipart.content_type(), false)?;
            self.body = Body::Multipart(Arc::new(multipart));
        }
        let Body::Multipart(multipart) = &mut self.body else { return Err(other_body()) };
        Arc::make_mut(multipart).add(name, filename, content_type, content);
        Ok(())
    }

    pub fn set_content_type(&mut self, content_type: &str) -> Result<()> {
        check_value(content_type.as_bytes()).map_err(|why| Error::invalid("content_type", why))?;
        self.set_header("Content-Type", content_type, false)
    }

    pub fn set_json(&mut self, text: &str) -> Result<()> {
        json::well_formed(text).map_err(|why| Error::invalid("json", why))?;
        self.set_body(Body::bytes(text.as_bytes()), None)?;
        self.set_header("Content-Type", "application/json", false)?;
        if !self.has_header("Accept") {
            self.set_header("Accept", "application/json", false)?;
        }
        Ok(())
    }

    /// With the fields that the standard sends (WHATWG HTML, section 9.2.3), unless the program has set them.
    pub fn set_event_sink(&mut self, sink: EventSink) -> Result<()> {
        // What came with a JSON body is about answers in JSON.
        let is_json =
            |header: &Header| header.name.eq_ignore_ascii_case("Accept") && header.value == "application/json";
        self.headers.retain(|header| !is_json(header));
        for (name, value) in [("Accept", "text/event-stream"), ("Cache-Control", "no-store")] {
            if !self.has_header(name) {
                self.set_header(name, value, false)?;
            }
        }
        self.sink = Some(Arc::new(sink));
        Ok(())
    }

    pub fn set_idempotency_key(&mut self, key: Option<&str>) -> Result<()> {
        self.idempotency_key = Some(match key {
            None => IdempotencyKey::Random,
            Some("") => return Err(Error::invalid("key", "is empty")),
            Some(key) => {
                check_value(key.as_bytes()).map_err(|why| Error::invalid("key", why))?;
                IdempotencyKey::Fixed(key.to_owned())
            }
        });
        Ok(())
    }

    /// To be answered with 304 as long as what `response` brought is current (RFC 9110 section 13.1).
    pub fn set_if_changed(&mut self, response: &Response) -> Result<()> {
        self.set_condition(response, "If-None-Match", "If-Modified-Since", |_| true)
    }

    /// To be answered with 412 once what `response` brought is not current any more (RFC 9110 section 13.1). A weak ETag
    /// never matches there (section 8.8.3.2).
    pub fn set_if_unchanged(&mut self, response: &Response) -> Result<()> {
        self.set_condition(response, "If-Match", "If-Unmodified-Since", |etag| !etag.starts_with("W/"))
    }

    /// The tag is surer than the date, and both together are sent for servers that know the date alone.
    fn set_condition(
        &mut self,
        response: &Response,
        by_tag: &str,
        by_date: &str,
        is_usable: fn(&str) -> bool,
    ) -> Result<()> {
        let field =
            |name| response.header(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty());
        let (tag, date) = (field("ETag").filter(|tag| is_usable(tag)), field("Last-Modified"));
        if tag.is_none() && date.is_none() {
            return Err(Error::invalid("response", "has neither a usable ETag nor a Last-Modified to go by"));
        }
        for (name, value) in [(by_tag, tag), (by_date, date)] {
            self.headers.retain(|header| !header.name.eq_ignore_ascii_case(name));
            if let Some(value) = value {
                self.set_header(name, value, false)?;
            }
        }
        Ok(())
    }

    /// What the setters, called in any order, cannot see.
    pub fn check_body(&self) -> Result<()> {
        if self.method.as_str() == "HEAD" && !self.body.is_empty() {
            // It means nothing there (RFC 9110 section 9.3.2), and libcurl would wait for a body in answer to it.
            return Err(Error::invalid("request", "a HEAD request has no body"));
        }
        if self.compression.name().is_some() && self.has_header("Content-Encoding") {
            return Err(Error::invalid("request", "has a Content-Encoding of its own, and is to be compressed"));
        }
        let mut types = self.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("Content-Type"));
        if let Body::Multipart(multipart) = &self.body
            && types.any(|header| !multipart.is_described_by(&header.value))
        {
            let why = "has a Content-Type without the boundary of its parts, which adding a part sets by itself";
            return Err(Error::invalid("request", why));
        }
        Ok(())
    }

    pub fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name))
    }
}

fn other_body() -> Box<Error> {
    Error::invalid("request", "has a body of another kind already")
}
