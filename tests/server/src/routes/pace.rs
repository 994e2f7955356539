//! Too slow, too long, or never.

use super::{head, interval, milliseconds, parameter, parse, status_code};
use crate::{
    connection::{Answer, Exchange, Then},
    plan::{Plan, Planned},
    response::Response,
};
use serde_json::json;

pub fn delay(rest: &str) -> Planned {
    let (time, code) = rest.split_once('/').unwrap_or((rest, "200"));
    let (time, code) = (milliseconds(time)?, status_code(code)?);
    Ok(Plan::After(time, Response::json(code, &json!({"ok": code < 400}))))
}

pub fn gate() -> Planned {
    Ok(Plan::Gated(Response::json(200, &json!({"ok": true}))))
}

pub fn trickle(x: &mut Exchange) -> Answer {
    let (count, interval) = (parameter(x.request, "bytes", 10_u64)?, interval(x.request)?);
    x.connection.send(&head(&format!("Content-Length: {count}")))?;
    for _ in 0..count {
        x.connection.pause(interval)?;
        x.connection.send(b"x")?;
    }
    Ok(Then::Keep)
}

pub fn slow_head(x: &mut Exchange) -> Answer {
    let interval = interval(x.request)?;
    for byte in head("Content-Length: 2") {
        x.connection.send(&[byte])?;
        x.connection.pause(interval)?;
    }
    x.connection.send(b"ok")?;
    Ok(Then::Keep)
}

pub fn endless(x: &mut Exchange) -> Answer {
    let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
    x.connection.send(&head("Transfer-Encoding: chunked"))?;
    loop {
        x.connection.send(&chunk)?;
    }
}

pub fn endless_headers(x: &mut Exchange) -> Answer {
    x.connection.send(b"HTTP/1.1 200 OK\r\n")?;
    let mut number = 0_u64;
    loop {
        let lines = (number..number + 64).map(|i| format!("X-Endless-{i}: {:x<100}\r\n", ""));
        x.connection.send(lines.collect::<String>().as_bytes())?;
        number += 64;
    }
}

pub fn flood_1xx(x: &mut Exchange) -> Answer {
    let (count, code) = (parameter(x.request, "n", 1000_u64)?, parameter(x.request, "code", 103_u16)?);
    for number in 0..count {
        x.connection.send(format!("HTTP/1.1 {code} Scripted\r\nX-Number: {number}\r\n\r\n").as_bytes())?;
    }
    x.reply(Response::json(200, &json!({"ok": true})))
}

pub fn stall_body(x: &mut Exchange) -> Answer {
    let mut bytes = head("Content-Length: 100");
    bytes.extend([b'x'; 10]);
    x.connection.send(&bytes)?;
    x.connection.hold()
}

/// So much of the body at a time.
pub fn slow_upload(x: &mut Exchange) -> Answer {
    let (bytes, interval) = (parameter(x.request, "bytes", 16 << 10)?, interval(x.request)?);
    x.connection.set_receive_buffer(64 << 10); // what lies in there has been taken, to the client
    let mut left = parse::<usize>(x.request.header("content-length").unwrap_or("0"), "content-length")?;
    while left > 0 {
        x.connection.pause(interval)?;
        let mut wanted = bytes.min(left);
        left -= wanted;
        while wanted > 0 {
            wanted -= x.connection.read_up_to(wanted)?.len();
        }
    }
    x.reply(Response::json(200, &json!({"ok": true})))
}

pub fn stall_upload(x: &mut Exchange) -> Answer {
    x.connection.set_receive_buffer(4096);
    x.connection.hold()
}
