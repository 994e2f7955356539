//! A request and a client's defaults, put together: what the machine needs to know, and what goes out.

use super::body::{Content, Feed, Memory};
use super::cancel::CancelToken;
use super::config::{Header, basic, url_error};
use super::content;
use super::machine::{AttemptEnd, Continuation, Redirects, Route, Rules, SinkRules};
use super::meter::Meter;
use super::request::{IdempotencyKey, Request};
use super::sink::Delivery;
use super::url::{Base, Target, absolute};
use super::{Client, config::Config, random};
use crate::error::{Code, Result};
use crate::transport::inflow::Expected;
use crate::transport::{Outgoing, Payload};
use std::ffi::CStr;
use std::ops::Deref;
use std::sync::Arc;

/// `R`: how the request is held, borrowed for the length of a blocking call or shared with its owner.
pub struct Call<R> {
    request: R,
    idempotency_key: Option<String>,
    /// From user-info in the request's own URL.
    authorization: Option<String>,
    max_body: u64,
    content: Content,
    /// Where the content comes from, when it is read piece by piece.
    pub feed: Option<Box<Feed>>,
    pub meter: Meter,
    /// Where the response's body goes, if not into memory.
    pub delivery: Option<Box<Delivery>>,
}

impl<R: Deref<Target = Request>> Call<R> {
    /// With what the machine needs to know of it.
    pub fn new(client: &Client, owned: R) -> Result<(Call<R>, Rules)> {
        let (config, request) = (&client.config, &*owned);
        request.check_body()?;
        let target = Arc::new(target(config, request)?);
        let retry = request.retry.as_ref().unwrap_or(&config.retry).clone();
        let idempotency_key = match &request.idempotency_key {
            None => None,
            Some(IdempotencyKey::Fixed(key)) => Some(key.clone()),
            Some(IdempotencyKey::Random) => Some(random_uuid()?),
        };
        let by_method = retry.policy.is_idempotent_method(request.method.as_str());
        // The base URL's own is a header of the config, where a later setter may have replaced it.
        let of_base = config.base.as_ref().and_then(Base::userinfo);
        let userinfo = target.userinfo.as_deref().map(|(user, password)| (user.as_str(), password.as_str()));
        let authorization = userinfo.filter(|own| of_base != Some(*own)).map(|(user, password)| basic(user, password));
        let rules = Rules {
            method: request.method.clone(),
            timeouts: request.timeouts.over(&config.timeouts),
            idempotent: request.idempotent.unwrap_or(by_method || idempotency_key.is_some()),
            own_key: idempotency_key.is_some(),
            replayable: true,
            limited: !config.rate_limiters.is_empty(),
            status_errors: request.status_errors.unwrap_or(config.status_errors),
            redirects: Redirects {
                max: request.max_redirects.unwrap_or(config.redirects.max),
                post: request.redirect_post.unwrap_or(config.redirects.post),
            },
            max_body: request.max_body.unwrap_or(config.max_body),
            sink: request.sink.as_ref().map(|sink| SinkRules {
                max_body: request.max_body.unwrap_or(u64::MAX),
                only_success: sink.only_success(),
            }),
            resumes: !asks_for_range(&request.headers) && !asks_for_range(&config.headers),
            budget: client.budget(&target.origin, &retry.policy.budget),
            retry,
            target,
        };
        // Until the head tells where the body goes, no more of it is there than a sink lets wait.
        let max_body = if rules.sink.is_some() { u64::MAX } else { rules.max_body };
        // Last: what cannot be sent at all opens no file and takes no source.
        let (content, feed) = request.body.open(request.compression)?;
        let meter = Meter::new(request.watcher.clone());
        let sink = request.sink.as_ref().map(|sink| sink.open()).transpose()?;
        let delivery = sink.map(|mut consumer| {
            consumer.prepare(request);
            Box::new(Delivery::new(consumer))
        });
        Ok((Call { request: owned, idempotency_key, authorization, max_body, content, feed, meter, delivery }, rules))
    }

    pub fn cancel_token(&self) -> Option<&Arc<CancelToken>> {
        self.request.cancel.as_ref()
    }

    /// Whether the program takes nothing more of the response for now.
    pub fn is_held(&self) -> bool {
        self.delivery.as_ref().is_some_and(|delivery| delivery.is_held())
    }

    /// An attempt is over: notes in `end` what came of its body elsewhere. `is_whole`: nothing cut it short.
    pub fn end_delivery(&mut self, end: &mut AttemptEnd, is_whole: bool) -> Result<()> {
        let Some(delivery) = &mut self.delivery else { return Ok(()) };
        end.delivered = delivery.delivered();
        if is_whole && end.code == Code::HTTPC_OK { delivery.finish() } else { Ok(()) }
    }

    /// How it goes on behind the running attempt, if it does.
    pub fn continuation(&self) -> Option<Continuation> {
        self.delivery.as_ref().and_then(|delivery| delivery.continuation())
    }

    /// The request as it goes out on `route`, handed to `send`. `config`: the client's.
    pub fn outgoing<T>(&self, config: &Config, route: &Route, send: impl FnOnce(&Outgoing<'_>) -> T) -> T {
        let nothing = Memory::Copied(Arc::default());
        let body = match &self.content {
            _ if !self.sends_content(route) => Payload::None,
            Content::Bytes(bytes) => Payload::Bytes(bytes),
            Content::Stream(length) => Payload::Stream(*length),
            // RFC 9110 section 8.6: methods that give a body a meaning say so when there is none. Some servers insist (411).
            Content::Absent if matches!(route.method.as_str(), "POST" | "PUT" | "PATCH") => Payload::Bytes(&nothing),
            Content::Absent => Payload::None,
        };
        let headers = |push: &mut dyn FnMut(&str, &str, bool)| self.each_header(config, route, push);
        let (method, target) = (&route.method, &*route.target);
        let (max_headers, max_body) = (config.max_headers, self.max_body);
        let accept_encoding = self.accept_encoding(config, route);
        let decodes = accept_encoding.is_some();
        let (is_head, streams) = (method.as_str() == "HEAD", self.delivery.is_some());
        let expected = Expected { is_head, max_headers, max_body, decodes, streams };
        send(&Outgoing { method, target, body, headers: &headers, accept_encoding, expected })
    }

    /// `None`: the program sees to it, and gets what comes as it is.
    fn accept_encoding(&self, config: &Config, route: &Route) -> Option<&'static CStr> {
        let is_own =
            |headers: &[Header]| headers.iter().any(|header| header.name.eq_ignore_ascii_case("Accept-Encoding"));
        if !self.request.content_decoding.unwrap_or(config.content_decoding)
            || is_own(&self.request.headers)
            || is_own(&config.headers)
        {
            return None;
        }
        // A range is one of the coded bytes (RFC 9110 section 14.1.2).
        Some(if self.request.has_header("Range") || route.rest.is_some() { c"identity" } else { content::ACCEPTED })
    }

    /// Makes the content ready for an attempt on `route`, from its first byte on.
    pub fn rewind(&mut self, route: &Route) -> Result<()> {
        self.meter.begin();
        if let Some(delivery) = &mut self.delivery {
            delivery.begin(route.rest.is_some());
        }
        let is_sent = self.sends_content(route);
        self.feed.as_mut().filter(|_| is_sent).map_or(Ok(()), |feed| feed.begin())
    }

    fn sends_content(&self, route: &Route) -> bool {
        route.keeps_body && route.method.as_str() != "HEAD"
    }

    fn each_header(&self, config: &Config, route: &Route, push: &mut dyn FnMut(&str, &str, bool)) {
        let last_event_id = self.delivery.as_ref().and_then(|delivery| delivery.last_event_id());
        let is_old_id = |header: &Header| last_event_id.is_some() && header.name.eq_ignore_ascii_case("Last-Event-ID");
        // Secrets of the client are for the server that it was made for.
        let at_home = config.base.as_ref().is_none_or(|base| *base.origin() == route.target.origin);
        for header in &config.headers {
            if (at_home || !header.secret)
                && may_travel(header, route)
                && !self.is_replaced(header)
                && !is_old_id(header)
            {
                push(&header.name, &header.value, header.secret);
            }
        }
        for header in &self.request.headers {
            if may_travel(header, route) && !self.is_own_key(header) && !is_old_id(header) {
                push(&header.name, &header.value, header.secret);
            }
        }
        if let Some(id) = last_event_id.filter(|id| !id.is_empty()) {
            push("Last-Event-ID", id, false);
        }
        if let Some(coding) = self.request.compression.name().filter(|_| route.keeps_body && !self.content.is_empty()) {
            push("Content-Encoding", coding, false);
        }
        if let Some(rest) = &route.rest {
            push("Range", &format!("bytes={}-", rest.from), false);
            push("If-Range", &rest.etag, false);
        }
        if let Some(key) = self.idempotency_key.as_ref().filter(|_| route.keeps_body) {
            push("Idempotency-Key", key, false);
        }
        if let Some(authorization) = self.authorization.as_ref().filter(|_| !route.left_home)
            && !self.request.has_header("Authorization")
        {
            push("Authorization", authorization, true);
        }
    }

    fn is_replaced(&self, header: &Header) -> bool {
        self.request.has_header(&header.name)
            || self.is_own_key(header)
            || self.request.compression.name().is_some() && header.name.eq_ignore_ascii_case("Content-Encoding")
            || self.authorization.is_some() && header.name.eq_ignore_ascii_case("Authorization")
    }

    fn is_own_key(&self, header: &Header) -> bool {
        self.idempotency_key.is_some() && header.name.eq_ignore_ascii_case("Idempotency-Key")
    }
}

/// Whether a header goes along on what redirects have made of the request.
fn may_travel(header: &Header, route: &Route) -> bool {
    let named = |names: &[&str]| names.iter().any(|name| header.name.eq_ignore_ascii_case(name));
    let stays_home = header.secret || named(&["Authorization", "Cookie", "Host"]);
    let describes_body = named(&["Content-Type", "Content-Encoding", "Content-Language", "Content-Location"]);
    !(route.left_home && stays_home) && (route.keeps_body || !describes_body)
}

fn asks_for_range(headers: &[Header]) -> bool {
    let is_one = |name: &str| name.eq_ignore_ascii_case("Range") || name.eq_ignore_ascii_case("If-Range");
    headers.iter().any(|header| is_one(&header.name))
}

fn target(config: &Config, request: &Request) -> Result<Target> {
    let parsed = match &config.base {
        Some(base) => base.target(&request.url),
        None => absolute(&request.url),
    };
    let mut target = parsed.map_err(|e| url_error("url", e))?;
    for (name, value) in &request.query {
        target.push_query(name, value);
    }
    Ok(target)
}

/// Version 4, RFC 9562 section 5.4.
fn random_uuid() -> Result<String> {
    let bits = random::bits()? & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}
