//! Rules out of a recording in the HTTP Archive format (HAR 1.2), one of this library's or a browser's.

use super::reply::{Kind, Reply, can_break, can_fail};
use super::rule::Rule;
use crate::client::recorder::REDACTED;
use crate::error::{Code, Error, Result};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::Value;
use std::path::Path;

/// Said of the body as it was sent, and the one in the recording is decoded.
const OF_THE_WIRE: [&str; 4] = ["Content-Encoding", "Content-Length", "Transfer-Encoding", "Connection"];

/// One rule for each exchange, in order and with its body; or one for all with the same method and URL.
pub fn rules(path: &Path, strict: bool) -> Result<Vec<Rule>> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|why| Error::new(Code::HTTPC_E_FILE, format!("argument `path`: {shown} cannot be read: {why}")))?;
    let invalid = |why: String| Error::invalid("path", format!("{shown} is no HTTP archive: {why}"));
    let archive: Value = serde_json::from_slice(&bytes).map_err(|why| invalid(why.to_string()))?;
    let Some(entries) = archive.pointer("/log/entries").and_then(Value::as_array) else {
        return Err(invalid("it has no /log/entries".to_owned()));
    };
    let mut rules: Vec<(String, Rule)> = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let of_entry = |why: &str| invalid(format!("/log/entries/{number} {why}"));
        let Some(reply) = reply(entry).map_err(of_entry)? else { continue };
        let method = text(entry, "/request/method").ok_or_else(|| of_entry("has no method"))?;
        let url = text(entry, "/request/url").ok_or_else(|| of_entry("has no URL"))?.replace(REDACTED, "*");
        let key = format!("{method} {url}");
        if let Some((_, rule)) = rules.iter().find(|(other, _)| !strict && *other == key) {
            rule.add(reply);
            continue;
        }
        let mut rule = Rule::new(Some(method), &url)?;
        rule.wants_whole_query();
        if strict {
            rule.be_in_order();
            rule.set_times(1);
            if entry.pointer("/request/comment").is_none() {
                rule.match_body(&body(entry.pointer("/request/postData"), "_encoding").map_err(of_entry)?);
            }
        }
        rule.add(reply);
        rules.push((key, rule));
    }
    Ok(rules.into_iter().map(|(_, rule)| rule).collect())
}

fn text<'a>(entry: &'a Value, pointer: &str) -> Option<&'a str> {
    entry.pointer(pointer)?.as_str()
}

/// `None`: the attempt was ended by the client, and there is nothing to replay.
fn reply(entry: &Value) -> std::result::Result<Option<Reply>, &'static str> {
    let failure = text(entry, "/response/_error").and_then(|error| {
        Code::ALL.iter().find(|(_, name)| name.to_bytes() == error.as_bytes()).map(|(code, _)| *code)
    });
    let status = entry.pointer("/response/status").and_then(Value::as_u64).ok_or("has no status")?;
    if status == 0 {
        return Ok(failure.filter(|code| can_fail(*code)).map(Reply::failure));
    }
    let status = u16::try_from(status).ok().filter(|status| (200..600).contains(status)).ok_or("has an odd status")?;
    let body = body(entry.pointer("/response/content"), "encoding")?;
    let mut reply = Reply::response(status, &body);
    if let Kind::Response(response) = &mut reply.kind {
        response.broken = failure.filter(|code| can_break(*code)).map(|code| (code, body.len()));
        let headers = entry.pointer("/response/headers").and_then(Value::as_array);
        for header in headers.into_iter().flatten() {
            let (Some(name), Some(value)) = (text(header, "/name"), text(header, "/value")) else {
                return Err("has a header without name or value");
            };
            // Browsers list HTTP/2's own among them.
            if !name.starts_with(':') && !OF_THE_WIRE.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                response.headers.push((name.to_owned(), value.replace(['\r', '\n'], " ")));
            }
        }
    }
    Ok(Some(reply))
}

fn body(content: Option<&Value>, encoding: &str) -> std::result::Result<Vec<u8>, &'static str> {
    let Some(text) = content.and_then(|content| content.get("text")).and_then(Value::as_str) else {
        return Ok(Vec::new());
    };
    match content.and_then(|content| content.get(encoding)).and_then(Value::as_str) {
        Some("base64") => BASE64_STANDARD.decode(text).map_err(|_| "has a body that is not base64"),
        _ => Ok(text.as_bytes().to_vec()),
    }
}
