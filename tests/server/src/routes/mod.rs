//! From paths to answers. README.md lists the routes for those who write tests.

mod book;
mod broken;
mod demo;
mod encoded;
mod events;
mod pace;
mod plain;
mod raw;
mod redirect;
mod resumable;
mod retry_after;
mod sequence;
mod stale;
mod versions;

use crate::{
    connection::{Answer, Exchange},
    date,
    plan::{Asked, How, Place, Plan},
    request::{Fault, Request, bad},
    response::Response,
};
pub use broken::{place, without_close_notify};
use serde_json::json;
use std::{str::FromStr, time::Duration};

/// Some routes answer, or do not, without having read the body.
pub fn wants_body(path: &str) -> bool {
    !matches!(path, "/slow-upload" | "/stall-upload" | "/early-error" | "/early")
        && !path.starts_with("/h2/reset-unread/")
}

/// The first word of a path, and the rest.
pub fn split(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').unwrap_or((path, ""))
}

/// The routes that need not know the version of HTTP; nothing for the others.
pub fn plan(x: &Asked) -> Result<Option<Plan>, Fault> {
    let (first, rest) = split(&x.request.path);
    let planned = match first {
        "_log" | "_count" | "_count_body" | "_connections" | "_open" | "_reset" => book::answer(x, first),
        "echo" => plain::echo(x),
        "body" => plain::body(x),
        "headers" => plain::headers(x),
        "status" => plain::status(x, rest),
        "bearer" => plain::bearer(x, rest),
        "sequence" => sequence::answer(x, rest),
        "retry-after" => retry_after::answer(x, rest),
        "delay" => pace::delay(rest),
        "gate" => pace::gate(),
        "reset" | "close" => broken::broken_off(first, rest),
        "truncate" => Ok(Plan::Truncate),
        "resumable" => resumable::answer(x),
        "redirect" => redirect::to(x, rest),
        "redirect-loop" => redirect::endless(x),
        "redirect-chain" => redirect::chain(x, rest),
        "encoded" => encoded::answer(x, rest),
        "bomb" => encoded::bomb(x),
        "versioned" => versions::versioned(x),
        "events" => events::stream(x),
        "pages" => versions::page(x, rest),
        "v1" => demo::answer(x, rest),
        _ => return Ok(None),
    };
    planned.map(Some)
}

pub fn answer(x: &mut Exchange) -> Answer {
    let request = x.request;
    if let Some(plan) = plan(&Asked { request, shared: x.shared })? {
        return perform(x, plan);
    }
    let (first, rest) = split(&request.path);
    match first {
        "bytes" => plain::bytes(x, rest),
        "chunked" => plain::chunked(x),
        "trickle" => pace::trickle(x),
        "slow-head" => pace::slow_head(x),
        "endless" => pace::endless(x),
        "endless-headers" => pace::endless_headers(x),
        "flood-1xx" => pace::flood_1xx(x),
        "stall-body" => pace::stall_body(x),
        "slow-upload" => pace::slow_upload(x),
        "stall-upload" => pace::stall_upload(x),
        "early-error" => broken::early_error(x),
        "truncate-chunked" => broken::truncate_chunked(x),
        "stale" | "stale-cut" | "stale-notify" | "stale-reset" => stale::after(x, first, rest),
        "talk" => stale::talk(x, rest),
        "stale-on-reuse" | "stale-on-reuse-fin" | "silent-on-reuse" => stale::on_reuse(x, first),
        "once" => stale::once(x),
        "raw" | "early" => raw::answer(x),
        "tls" => plain::tls(x),
        _ => x.reply(no_such_route()),
    }
}

fn perform(x: &mut Exchange, plan: Plan) -> Answer {
    match plan {
        Plan::Reply(response) => x.reply(response),
        Plan::After(time, response) => {
            x.connection.pause(time)?;
            x.reply(response)
        }
        Plan::Gated(response) => {
            x.connection.pass_gate(&x.shared.gates, &x.request.key)?;
            x.reply(response)
        }
        Plan::Silence => x.connection.hold(),
        Plan::BreakOff(how, place) => broken::break_off(x, how, place),
        Plan::Cut(response, bytes) => broken::cut_off(x, &response, bytes),
        Plan::Truncate => broken::break_off(x, How::Close, Place::InBody),
        Plan::Refuse => bad("only HTTP/2 can refuse a stream"),
    }
}

pub fn no_such_route() -> Response {
    Response::json(404, &json!({"error": "no such route"}))
}

pub fn parse<T: FromStr>(text: &str, what: &str) -> Result<T, Fault> {
    text.parse().or_else(|_| bad(format!("bad {what}: {text}")))
}

pub fn parameter<T: FromStr>(request: &Request, name: &str, default: T) -> Result<T, Fault> {
    request.query.text(name).map_or(Ok(default), |text| parse(&text, name))
}

fn status_code(text: &str) -> Result<u16, Fault> {
    match parse(text, "status")? {
        code @ 100..=999 => Ok(code),
        _ => bad(format!("bad status: {text}")),
    }
}

/// Milliseconds, with fractions.
pub fn milliseconds(text: &str) -> Result<Duration, Fault> {
    Duration::try_from_secs_f64(parse::<f64>(text, "milliseconds")? / 1000.0)
        .or_else(|_| bad(format!("bad milliseconds: {text}")))
}

/// The pace of `/trickle` and `/slow-head`.
pub fn interval(request: &Request) -> Result<Duration, Fault> {
    request.query.text("interval").map_or(Ok(Duration::from_millis(100)), |text| milliseconds(&text))
}

/// The body of `/bytes` and `/chunked`: byte number i is i modulo 251.
pub fn pattern(range: std::ops::Range<u64>) -> Vec<u8> {
    range.map(|i| u8::try_from(i % 251).expect("below 251")).collect()
}

/// The whole head of an answer, for routes that write their own body.
fn head(framing: &str) -> Vec<u8> {
    let date = date::imf_fixdate(date::now());
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nDate: {date}\r\n{framing}\r\n\r\n")
        .into_bytes()
}
