//! Answers without any fault.

use super::{head, parse, pattern, status_code};
use crate::{
    connection::{Answer, Exchange, Then},
    plan::{Asked, Planned},
    query::decode,
    request::bad,
    response::Response,
};
use serde_json::{Map, json};

pub fn echo(x: &Asked) -> Planned {
    let mut headers = Map::new();
    for (name, value) in &x.request.headers {
        let values = headers.entry(name.to_ascii_lowercase()).or_insert_with(|| json!([]));
        values.as_array_mut().expect("only arrays are put in").push(json!(value));
    }
    let request = x.request;
    let body = json!({
        "method": request.method, "path": request.path, "query": request.query.raw, "headers": headers,
        "body": String::from_utf8_lossy(&request.body),
    });
    x.reply(Response::json(200, &body))
}

/// What the server's side of the connection knows of its TLS.
pub fn tls(x: &mut Exchange) -> Answer {
    let Some(ssl) = x.connection.ssl() else { return bad("this is no TLS") };
    let client = ssl.peer_certificate();
    let name = client.as_ref().and_then(|client| client.subject_name().entries().next());
    let name = name.and_then(|entry| entry.data().to_string().ok());
    let body = json!({
        "version": ssl.version_str(), "cipher": ssl.current_cipher().map(|cipher| cipher.name()),
        "resumed": ssl.session_reused(), "client": name,
    });
    x.reply(Response::json(200, &body))
}

/// The request's body, byte for byte, in the coding that it came in.
pub fn body(x: &Asked) -> Planned {
    let kind = x.request.header("content-type").unwrap_or("application/octet-stream");
    let response = Response::new(200, kind, x.request.body.clone());
    x.reply(match x.request.header("content-encoding") {
        Some(coding) => response.header("Content-Encoding", coding),
        None => response,
    })
}

pub fn headers(x: &Asked) -> Planned {
    let asked = x.request.query.pairs().filter(|(name, _)| *name != b"key");
    let response = asked.fold(Response::text(200, "headers"), |response, (name, value)| response.header(name, value));
    x.reply(response)
}

pub fn status(x: &Asked, code: &str) -> Planned {
    let query = &x.request.query;
    let body = query.get("body").unwrap_or_default();
    let kind = query.text("type").unwrap_or_else(|| "text/plain".to_owned());
    let mut response = Response::new(status_code(code)?, &kind, body);
    if let Some(value) = query.get("retry_after") {
        response = response.header("Retry-After", value);
    }
    if let Some(reason) = query.get("reason") {
        response = response.reason(reason);
    }
    for header in query.all("header") {
        let Some(colon) = header.iter().position(|byte| *byte == b':') else {
            return bad("header wants Name:Value");
        };
        response = response.header(&header[..colon], header[colon + 1..].trim_ascii_start());
    }
    x.reply(response)
}

pub fn bytes(x: &mut Exchange, count: &str) -> Answer {
    const PART: u64 = 251 * 256;
    let count: u64 = parse(count, "number of bytes")?;
    let mut part = head(&format!("Content-Length: {count}"));
    let mut sent = 0;
    while sent < count && !x.request.is_head() {
        let end = count.min(sent + PART);
        part.extend(pattern(sent..end));
        x.connection.send(&part)?;
        (sent, part) = (end, Vec::new());
    }
    x.connection.send(&part)?;
    Ok(Then::Keep)
}

pub fn chunked(x: &mut Exchange) -> Answer {
    let sizes = x.request.query.text("sizes").unwrap_or_else(|| "1,2,3".to_owned());
    let mut bytes = head("Transfer-Encoding: chunked");
    let mut sent = 0;
    for size in sizes.split(',') {
        let size: u64 = parse(size, "chunk size")?;
        if size == 0 {
            return bad("a chunk of no bytes ends the body");
        }
        bytes.extend(format!("{size:x}\r\n").into_bytes());
        bytes.extend(pattern(sent..sent + size));
        bytes.extend(b"\r\n");
        sent += size;
    }
    bytes.extend(b"0\r\n");
    for trailer in x.request.query.all("trailer") {
        bytes.extend(trailer);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"\r\n");
    x.connection.send(&bytes)?;
    Ok(Then::Keep)
}

pub fn bearer(x: &Asked, token: &str) -> Planned {
    let wanted = [b"Bearer ", decode(token).as_slice()].concat();
    if x.request.header("authorization").is_some_and(|given| given.as_bytes() == wanted) {
        return x.reply(Response::json(200, &json!({"ok": true})));
    }
    let body = json!({"error": {"message": "wrong or missing bearer token"}});
    x.reply(Response::json(401, &body).header("WWW-Authenticate", "Bearer"))
}
