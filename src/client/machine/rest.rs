//! The rest of a body that broke off on its way to a sink: another attempt asks for it (RFC 9110 sections 13.1.5 and 14.2), and it
//! is taken only where it is proven to be of the same bytes and to begin right behind those that the sink has.

use super::{Action, AttemptEnd, Judged, Machine, Micros};
use crate::client::headers::HeaderMap;
use crate::client::method::Method;
use crate::client::response::{Head, Response, Sizes};
use crate::error::{Code, Stop};
use crate::policy::partial::{ContentRange, strong_etag};
use crate::text;
use std::sync::Arc;

/// What an attempt asks for instead of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// The number of its first byte.
    pub from: u64,
    /// Of the whole.
    pub etag: Arc<str>,
}

/// The response that it is the rest of, and how that broke off last.
pub(super) struct Broken {
    response: Arc<Response>,
    /// How long the whole is, where a head told.
    total: Option<u64>,
    code: Code,
    note: String,
    curl_code: i32,
}

impl Machine {
    /// What another attempt is to ask for after this one, which broke off; `None`: none can go on where it ended.
    pub(super) fn rest(&self, end: &AttemptEnd) -> Option<Rest> {
        let from = end.delivered?;
        if let (Some(rest), Some(broken)) = (&self.route.rest, &self.broken) {
            return broken.total.is_none_or(|total| from < total).then(|| Rest { from, ..(**rest).clone() });
        }
        let (head, _) = end.response.as_ref()?;
        let etag = sole(&head.headers, b"etag").and_then(strong_etag)?;
        let is_whole = self.rules.resumes && self.route.method == Method::GET && head.status == 200;
        let has_ranges = !head.headers.get_all(b"accept-ranges").any(|unit| unit.eq_ignore_ascii_case(b"none"));
        // Of a coded body the sink has other bytes than the server counts.
        let is_plain = head.headers.get(b"content-encoding").is_none();
        let is_short = head.content_length.is_none_or(|total| from < total);
        (is_whole && has_ranges && is_plain && is_short).then(|| Rest { from, etag: etag.into() })
    }

    /// The attempt to come asks for it.
    pub(super) fn ask_for(&mut self, rest: Rest, code: Code, total: Option<u64>) {
        let Some(response) = self.last_response.clone() else { return };
        let total = self.broken.take().map_or(total, |broken| broken.total);
        let (note, curl_code) = (self.last_note.clone(), self.last_curl_code);
        self.broken = Some(Box::new(Broken { response, total, code, note, curl_code }));
        self.route.rest = Some(Box::new(rest));
    }

    /// What the answer to such an attempt means, of which `judged` is right as far as its status goes.
    pub(super) fn judge_rest(&mut self, head: &Head, judged: Judged) -> Judged {
        let (Some(rest), Some(broken)) = (&self.route.rest, &mut self.broken) else { return judged };
        if !judged.wants_body() && (head.status != 416 || matches!(judged, Judged::Retry(_))) {
            return judged;
        }
        match continued(rest, broken.total, head) {
            Ok(total) => {
                broken.total = Some(total);
                judged
            }
            Err(why) => Judged::Unfit { why },
        }
    }

    /// The code of what broke off, for the end of an attempt that brought something else.
    pub(super) fn broken_code(&self) -> Code {
        self.broken.as_ref().map_or(Code::HTTPC_E_INTERNAL, |broken| broken.code)
    }

    /// The rest cannot be had: what ended the part before ends the call.
    pub(super) fn give_up(&mut self, now: Micros, why: String) -> Action {
        let code = self.broken_code();
        if let Some(broken) = self.broken.take() {
            (self.last_note, self.last_curl_code) = (broken.note, broken.curl_code);
            self.last_response = Some(broken.response);
        }
        self.unfit = Some(why);
        self.finish_with(now, code, Stop::HTTPC_STOP_NOT_RETRYABLE, None)
    }

    /// One more part of the call's response has come.
    pub(super) fn add_part(&mut self, sizes: Sizes, trailers: Option<Box<HeaderMap>>) {
        self.last_response = None;
        let Some(broken) = &mut self.broken else { return };
        // Nobody else has it.
        if let Some(response) = Arc::get_mut(&mut broken.response) {
            response.trailers = trailers;
            response.sizes.head += sizes.head;
            response.sizes.body += sizes.body;
            response.sizes.decoded += sizes.decoded;
            response.sizes.sent_head += sizes.sent_head;
            response.sizes.sent_body += sizes.sent_body;
        }
        self.last_response = Some(broken.response.clone());
    }
}

/// The length of the whole, if the response is its end from the first byte of `rest` on; else why not.
fn continued(rest: &Rest, total: Option<u64>, head: &Head) -> Result<u64, String> {
    match head.status {
        206 => {}
        200 => return Err("the server answered with the whole, which has changed or is not to be had in parts".into()),
        416 => return Err("the server has no such range any more (status 416)".into()),
        status => return Err(format!("the server answered with status {status}")),
    }
    let Some(value) = sole(&head.headers, b"content-range") else {
        return Err("the server does not say which range it sends".into());
    };
    let fitting = ContentRange::parse(value).and_then(|range| Some((range, range.total.or(total)?)));
    let fitting = fitting.filter(|(range, whole)| {
        range.first == rest.from
            && range.last.checked_add(1) == Some(*whole)
            && total.is_none_or(|total| total == *whole)
    });
    let Some((range, whole)) = fitting else {
        return Err(format!("the server sends another range: {}", text::printable(value, 80)));
    };
    if sole(&head.headers, b"etag") != Some(rest.etag.as_bytes()) {
        return Err("the range that the server sends has another ETag".into());
    }
    if head.headers.get(b"content-encoding").is_some() {
        return Err("the range that the server sends is coded".into());
    }
    // Without a length the end of the connection, or of a stream, could pass for that of the range.
    if head.content_length != Some(range.length()) {
        return Err("the length of what the server sends is not that of its range".into());
    }
    Ok(whole)
}

fn sole<'a>(headers: &'a HeaderMap, name: &'a [u8]) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name);
    values.next().filter(|_| values.next().is_none())
}
