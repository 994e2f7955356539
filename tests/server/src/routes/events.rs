//! Server-sent events (WHATWG HTML, section 9.2), for clients that come back for those they have not got yet.

use super::{parameter, parse};
use crate::plan::{Asked, Planned};
use crate::response::Response;
use std::fmt::Write;

/// Those behind Last-Event-ID, at most `per` of `of`; 204 when there are no more.
pub fn stream(x: &Asked) -> Planned {
    let of: u64 = parameter(x.request, "of", 3)?;
    let per: u64 = parameter(x.request, "per", of)?;
    let last: u64 = x.request.header("last-event-id").map_or(Ok(0), |id| parse(id, "Last-Event-ID"))?;
    if last >= of {
        return x.reply(Response::new(204, "text/plain", Vec::new()));
    }
    let mut text = x.request.query.text("retry").map(|ms| format!("retry: {ms}\n")).unwrap_or_default();
    for number in last + 1..=of.min(last + per) {
        let _ = write!(text, "id: {number}\nevent: count\ndata: number {number}\n\n");
    }
    let kind = x.request.query.text("type").unwrap_or_else(|| "text/event-stream".to_owned());
    x.reply(Response::new(200, &kind, text))
}
