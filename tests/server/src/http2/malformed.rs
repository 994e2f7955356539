//! Answers that break a rule of RFC 9113, each in one place.

use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, LONGEST, PADDED, PING, PUSH_PROMISE, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, block, frame, head_of_100, headers, open_head,
};

const STATUS: (&str, &str) = (":status", "200");

/// What is sent on the request's stream, by the name that README.md gives it.
pub fn frames(name: &str, id: u32) -> Option<Vec<u8>> {
    fields(name)
        .map(|fields| answer_with(id, fields))
        .or_else(|| on_stream(name, id))
        .or_else(|| on_connection(name, id))
}

fn answer_with(id: u32, fields: &[(&str, &str)]) -> Vec<u8> {
    [headers(id, fields), frame(DATA, END_STREAM, id, b"ok")].concat()
}

/// Heads that are well formed for HPACK alone.
fn fields(name: &str) -> Option<&'static [(&'static str, &'static str)]> {
    Some(match name {
        "upper-case" => &[STATUS, ("X-Upper", "1")],
        "connection" => &[STATUS, ("connection", "close")],
        "transfer-encoding" => &[STATUS, ("transfer-encoding", "chunked")],
        "no-status" => &[("content-type", "text/plain")],
        "two-statuses" => &[STATUS, (":status", "204")],
        "late-status" => &[("content-type", "text/plain"), STATUS],
        "status-text" => &[(":status", "2x0")],
        "request-pseudo" => &[STATUS, (":path", "/")],
        "empty-name" => &[STATUS, ("", "1")],
        "space-in-name" => &[STATUS, ("x y", "1")],
        "line-break" => &[STATUS, ("x-injected", "a\r\nx-evil: b")],
        "nul" => &[STATUS, ("x-nul", "a\0b")],
        "too-long" => &[STATUS, ("content-length", "1")],
        "too-short" => &[STATUS, ("content-length", "3")],
        _ => return None,
    })
}

/// Frames that are wrong for the state of their stream.
fn on_stream(name: &str, id: u32) -> Option<Vec<u8>> {
    Some(match name {
        "oversized" => [head_of_100(id), frame(DATA, 0, id, &[b'x'; LONGEST + 1])].concat(),
        "data-first" => frame(DATA, END_STREAM, id, b"ok"),
        "after-end" => [answer_with(id, &[STATUS]), frame(DATA, END_STREAM, id, b"more")].concat(),
        "padding" => [head_of_100(id), frame(DATA, PADDED, id, &[200, b'x'])].concat(),
        "interim-end" => frame(HEADERS, END_HEADERS | END_STREAM, id, &block(&[(":status", "103")])),
        "no-final" => [headers(id, &[(":status", "103")]), frame(DATA, END_STREAM, id, b"ok")].concat(),
        "hpack" => frame(HEADERS, END_HEADERS, id, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        "interrupted-head" => [open_head(id), frame(PING, 0, 0, &[0; 8])].concat(),
        "continuation" => frame(CONTINUATION, END_HEADERS, id, &block(&[STATUS])),
        "push" => {
            let promised = (id + 1).to_be_bytes();
            let request = [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", "/echo")];
            frame(PUSH_PROMISE, END_HEADERS, id, &[&promised, block(&request).as_slice()].concat())
        }
        "window-zero" => frame(WINDOW_UPDATE, 0, id, &[0; 4]),
        "window-overflow" => frame(WINDOW_UPDATE, 0, id, &[0x7f, 0xff, 0xff, 0xff]),
        _ => return None,
    })
}

/// Frames that are wrong wherever they come.
fn on_connection(name: &str, id: u32) -> Option<Vec<u8>> {
    let idle = id + 1000;
    Some(match name {
        "data-idle" => frame(DATA, 0, idle, b"x"),
        "reset-idle" => frame(RST_STREAM, 0, idle, &[0; 4]),
        "reset-zero" => frame(RST_STREAM, 0, 0, &[0; 4]),
        "settings-length" => frame(SETTINGS, 0, 0, &[0; 5]),
        "settings-window" => frame(SETTINGS, 0, 0, &[0, 4, 0xff, 0xff, 0xff, 0xff]),
        "ping-length" => frame(PING, 0, 0, &[0; 7]),
        "connection-window-overflow" => frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]),
        // Must be ignored; it is followed by a good answer.
        "unknown-frame" => frame(0xfa, 0xff, id, b"whatever"),
        _ => return None,
    })
}
