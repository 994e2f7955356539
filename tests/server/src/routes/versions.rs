//! What has a version, which conditions (RFC 9110 section 13) go by, and what comes in pages (RFC 8288).

use super::{parameter, parse};
use crate::plan::{Asked, Planned};
use crate::response::Response;
use serde_json::json;

/// Conditions are compared as text: a date is this version's or another's.
pub fn versioned(x: &Asked) -> Planned {
    let request = x.request;
    let (etag, modified) = (request.query.text("etag"), request.query.text("modified"));
    let tagged = |mut response: Response| {
        for (name, value) in [("ETag", &etag), ("Last-Modified", &modified)] {
            if let Some(value) = value {
                response = response.header(name, value.as_str());
            }
        }
        response
    };
    let has = |name: &str, own: &Option<String>| {
        let given = request.header(name);
        given.map(|given| {
            own.as_ref()
                .is_some_and(|own| given == own || given.split(',').any(|one| one.trim() == own || one.trim() == "*"))
        })
    };
    let is_other = has("if-match", &etag).or_else(|| has("if-unmodified-since", &modified)) == Some(false);
    let is_same = has("if-none-match", &etag).or_else(|| has("if-modified-since", &modified)) == Some(true);
    x.reply(match (is_other, is_same) {
        (true, _) => Response::json(412, &json!({"message": "somebody else has changed it"})),
        (_, true) => tagged(Response::new(304, "text/plain", Vec::new())),
        _ => tagged(Response::text(200, "current")),
    })
}

/// Page N of `of`, from 1, each with one item.
pub fn page(x: &Asked, number: &str) -> Planned {
    let number: u32 = parse(number, "page")?;
    let of: u32 = parameter(x.request, "of", 3)?;
    let mut response = Response::json(200, &json!({"items": [format!("item {number}")]}));
    if number > 1 {
        response = response.header("Link", format!("<{}?of={of}>; rel=\"prev\"", number - 1));
    }
    if number < of {
        response = response.header("Link", format!("<{}?of={of}>; rel=\"next\"", number + 1));
    }
    x.reply(response)
}
