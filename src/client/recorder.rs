//! Writes exchanges down in the HTTP Archive format (HAR 1.2), which browsers' tools read and mocks replay. After each
//! exchange the file is whole: a program that crashes loses nothing that came before.

use super::body::file::failed;
use super::clock::{Micros, unix_ms};
use super::log::is_secret;
use super::machine::AttemptEnd;
use super::response::Head;
use crate::error::{Code, Result};
use crate::sync::Mutex;
use crate::transport::{Outgoing, Payload};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Map, Value, json};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Stands in place of a secret; a mock that replays takes any text there.
pub const REDACTED: &str = "REDACTED";

const END: &str = "\n]}}\n";

/// Query parameters that are secrets by their names.
const SECRET_PARAMETERS: [&str; 14] = [
    "access_token",
    "api_key",
    "api-key",
    "apikey",
    "auth",
    "client_secret",
    "code",
    "key",
    "password",
    "refresh_token",
    "secret",
    "sig",
    "signature",
    "token",
];

pub struct Recorder {
    output: Mutex<Output>,
    keeps_secrets: bool,
}

struct Output {
    file: File,
    /// Where [`END`] stands.
    end: u64,
    is_empty: bool,
}

/// An exchange whose response is still to come.
pub struct Recording {
    request: Value,
    started_ms: i64,
    began: Micros,
}

impl Recorder {
    /// Replaces what was there. For nobody but the owner to read.
    pub fn create(path: &Path, keeps_secrets: bool) -> Result<Recorder> {
        let failed = |why: std::io::Error| failed(path, "cannot be written", &why);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)?;
        let version = env!("CARGO_PKG_VERSION");
        let start = format!(
            "{{\"log\":{{\"version\":\"1.2\",\"creator\":{{\"name\":\"libhttpclient\",\"version\":\"{version}\"}},\"entries\":["
        );
        file.write_all_at(format!("{start}{END}").as_bytes(), 0).map_err(failed)?;
        let output = Output { file, end: start.len() as u64, is_empty: true };
        Ok(Recorder { output: Mutex::new(output), keeps_secrets })
    }

    pub fn begin(&self, out: &Outgoing<'_>, now: Micros) -> Box<Recording> {
        let mut headers = Vec::new();
        let mut mime = String::new();
        (out.headers)(&mut |name, value, secret| {
            if name.eq_ignore_ascii_case("Content-Type") {
                value.clone_into(&mut mime);
            }
            headers.push(self.header(name, value, secret));
        });
        let query = out.target.query.as_deref().map(|query| self.query(query));
        let base = format!("{}{}", out.target.origin, out.target.path);
        let parameters = query.iter().flat_map(|query| query.split('&')).map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            json!({ "name": name, "value": value })
        });
        let mut request = json!({
            "method": out.method.as_str(),
            "url": query.as_ref().map_or(base.clone(), |query| format!("{base}?{query}")),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": headers,
            "queryString": parameters.collect::<Vec<_>>(),
            "headersSize": -1,
            "bodySize": -1,
        });
        match out.body {
            Payload::Bytes(bytes) if !bytes.is_empty() => {
                let mut data = text_of(bytes, "_encoding");
                data.insert("mimeType".into(), mime.into());
                request["postData"] = data.into();
                request["bodySize"] = bytes.len().into();
            }
            Payload::Stream(_) => request["comment"] = "the body was a stream and is not recorded".into(),
            Payload::Bytes(_) | Payload::None => request["bodySize"] = 0.into(),
        }
        Box::new(Recording { request, started_ms: unix_ms(), began: now })
    }

    /// Writes the exchange down. What goes wrong with that, in words.
    pub fn end(&self, recording: Recording, end: &AttemptEnd, now: Micros) -> std::result::Result<(), String> {
        let ms = now.saturating_sub(recording.began) as f64 / 1000.0;
        let mut response = match &end.response {
            Some((head, body)) => self.response(head, body, end),
            None => no_response(),
        };
        if end.code != Code::HTTPC_OK || end.response.is_none() {
            let name = Code::ALL.iter().find(|(code, _)| *code == end.code && end.code != Code::HTTPC_OK);
            response["_error"] = name.map_or("ended by the client".into(), |(_, name)| name.to_string_lossy()).into();
        }
        let mut entry = json!({
            "startedDateTime": iso_8601(recording.started_ms),
            "time": ms,
            "request": recording.request,
            "response": response,
            "cache": {},
            "timings": { "send": 0, "wait": ms, "receive": 0 },
        });
        if let Some(peer) = end.peer {
            entry["serverIPAddress"] = peer.ip().to_string().into();
        }
        self.output.lock().append(&entry.to_string()).map_err(|why| format!("the recording cannot be written: {why}"))
    }

    fn response(&self, head: &Head, body: &[u8], end: &AttemptEnd) -> Value {
        let mime = head.headers.get(b"content-type").unwrap_or_default();
        let mut content = text_of(body, "encoding");
        content.insert("size".into(), body.len().into());
        content.insert("mimeType".into(), String::from_utf8_lossy(mime).into());
        if end.delivered.is_some_and(|delivered| delivered > 0) {
            content.insert("comment".into(), "the body went to a sink and is not recorded".into());
        }
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| self.header(&String::from_utf8_lossy(name), &String::from_utf8_lossy(value), false));
        let location = head.headers.get(b"location").map(|value| String::from_utf8_lossy(value).into_owned());
        json!({
            "status": head.status,
            "statusText": head.reason.as_deref().map_or("".into(), |reason| reason.to_string_lossy()),
            "httpVersion": if head.version == 20 { "HTTP/2.0" } else { "HTTP/1.1" },
            "cookies": [],
            "headers": headers.collect::<Vec<_>>(),
            "content": content,
            "redirectURL": self.location(location.as_deref().unwrap_or_default()),
            "headersSize": -1,
            "bodySize": end.sizes.body,
        })
    }

    fn header(&self, name: &str, value: &str, secret: bool) -> Value {
        let is_hidden = !self.keeps_secrets && (secret || is_secret(name));
        let value = match name {
            _ if is_hidden => REDACTED.to_owned(),
            _ if name.eq_ignore_ascii_case("Location") => self.location(value),
            _ => value.to_owned(),
        };
        json!({ "name": name, "value": value })
    }

    fn location(&self, url: &str) -> String {
        let (before, query) = url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)));
        let before = if self.keeps_secrets { before.to_owned() } else { without_userinfo(before) };
        query.map_or(before.clone(), |query| format!("{before}?{}", self.query(query)))
    }

    fn query(&self, query: &str) -> String {
        if self.keeps_secrets {
            return query.to_owned();
        }
        let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
            Some((name, _)) if SECRET_PARAMETERS.iter().any(|secret| secret.eq_ignore_ascii_case(name)) => {
                format!("{name}={REDACTED}")
            }
            _ => parameter.to_owned(),
        });
        parameters.collect::<Vec<_>>().join("&")
    }
}

fn without_userinfo(url: &str) -> String {
    let authority = url.find("//").map_or(url.len(), |at| at + 2);
    let end = url[authority..].find(['/', '#']).map_or(url.len(), |at| authority + at);
    match url[authority..end].rfind('@') {
        Some(at) => format!("{}{}", &url[..authority], &url[authority + at + 1..]),
        None => url.to_owned(),
    }
}

impl Output {
    fn append(&mut self, entry: &str) -> std::io::Result<()> {
        let separator = if self.is_empty { "\n" } else { ",\n" };
        let text = format!("{separator}{entry}{END}");
        if let Err(why) = self.file.write_all_at(text.as_bytes(), self.end) {
            // As it was before.
            self.file.set_len(self.end)?;
            self.file.write_all_at(END.as_bytes(), self.end)?;
            return Err(why);
        }
        self.end += (text.len() - END.len()) as u64;
        self.is_empty = false;
        Ok(())
    }
}

/// `text`, in base64 where it is not UTF-8; `encoding` is the member that says so.
fn text_of(bytes: &[u8], encoding: &str) -> Map<String, Value> {
    let mut members = Map::new();
    match std::str::from_utf8(bytes) {
        Ok(text) => members.insert("text".into(), text.into()),
        Err(_) => {
            members.insert(encoding.into(), "base64".into());
            members.insert("text".into(), BASE64_STANDARD.encode(bytes).into())
        }
    };
    members
}

fn no_response() -> Value {
    json!({
        "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [],
        "content": { "size": 0, "mimeType": "" }, "redirectURL": "", "headersSize": -1, "bodySize": -1,
    })
}

/// "2026-11-25T14:05:00.123Z". The days to a date as in Howard Hinnant's `civil_from_days`.
fn iso_8601(unix_ms: i64) -> String {
    let (days, ms) = (unix_ms.div_euclid(86_400_000), unix_ms.rem_euclid(86_400_000));
    let since_0000_03 = days + 719_468;
    let (era, day_of_era) = (since_0000_03.div_euclid(146_097), since_0000_03.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
}
