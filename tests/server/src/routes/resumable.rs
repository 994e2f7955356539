//! A download that breaks off and can be gone on with, by a server that does it right, or does not.

use super::{parameter, parse, pattern};
use crate::{
    plan::{Asked, Plan, Planned},
    request::{Fault, Request, bad},
    response::Response,
};

/// Where the nth request's answer is cut off, counted in bytes of its body; past the list none is.
fn cut(request: &Request, turn: u64) -> Result<Option<usize>, Fault> {
    let list = request.query.text("cut").unwrap_or_default();
    let nth = usize::try_from(turn - 1).ok().and_then(|n| list.split(',').nth(n));
    nth.filter(|bytes| !bytes.is_empty()).map(|bytes| parse(bytes, "number of bytes")).transpose()
}

pub fn answer(x: &Asked) -> Planned {
    let (request, turn) = (x.request, x.turn());
    let count = parameter(request, "bytes", 1000_u64)?;
    if parameter(request, "busy", 0)? == turn {
        return x.reply(Response::text(503, "busy"));
    }
    let wrong = request.query.text("wrong").unwrap_or_default();
    if !matches!(&*wrong, "" | "whole" | "changed" | "range" | "unsatisfied") {
        return bad(format!("no such answer: {wrong}"));
    }
    let mut etag = request.query.text("etag").unwrap_or_else(|| "\"v1\"".to_owned());
    if wrong == "changed" && turn > 1 {
        etag = "\"changed\"".to_owned();
    }
    let from = first_byte(request).filter(|_| request.header("if-range").is_none_or(|asked| asked == etag));
    let from = from.filter(|_| wrong != "whole");
    let response = match from {
        None => octets(200, 0..count),
        Some(from) if from >= count || wrong == "unsatisfied" => {
            Response::text(416, "no such range").header("Content-Range", format!("bytes */{count}"))
        }
        Some(from) => {
            let from = if wrong == "range" { from - 1 } else { from };
            octets(206, from..count).header("Content-Range", format!("bytes {from}-{}/{count}", count - 1))
        }
    };
    let response = response.header("ETag", etag);
    Ok(match cut(request, turn)? {
        Some(bytes) => Plan::Cut(response, bytes),
        None => Plan::Reply(response),
    })
}

fn octets(status: u16, range: std::ops::Range<u64>) -> Response {
    Response::new(status, "application/octet-stream", pattern(range))
}

/// Of `bytes=N-`, the one form that this knows.
fn first_byte(request: &Request) -> Option<u64> {
    request.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}
