//! Answers that end before they are complete.

use super::head;
use crate::{
    connection::{Answer, Exchange, Then},
    plan::{How, Place, Plan, Planned},
    request::{Fault, bad},
    response::Response,
    socket::End,
};
use serde_json::json;
use std::time::Duration;

/// A client that stays although the answer is there must not keep the connection for ever.
const LINGER: Duration = Duration::from_secs(5);

pub fn broken_off(how: &str, at: &str) -> Planned {
    Ok(Plan::BreakOff(if how == "reset" { How::Reset } else { How::Close }, place(at)?))
}

pub fn place(text: &str) -> Result<Place, Fault> {
    Ok(match text {
        "before-head" => Place::BeforeHead,
        "in-head" => Place::InHead,
        "after-head" => Place::AfterHead,
        "in-body" => Place::InBody,
        _ => return bad(format!("no such place: {text}")),
    })
}

pub fn break_off(x: &mut Exchange, how: How, place: Place) -> Answer {
    let whole_head = head("Content-Length: 100");
    let bytes = match place {
        Place::BeforeHead => Vec::new(),
        Place::InHead => b"HTTP/1.1 200 OK\r\nContent-Ty".to_vec(),
        Place::AfterHead => whole_head,
        Place::InBody => [whole_head, vec![b'x'; 50]].concat(),
    };
    x.connection.send(&bytes)?;
    Ok(Then::End(if how == How::Reset { End::Reset } else { End::Fin }))
}

/// An orderly answer up to there.
pub fn cut_off(x: &mut Exchange, response: &Response, bytes: usize) -> Answer {
    let (head, whole) = (response.render(true), response.render(x.request.is_head()));
    x.connection.send(&whole[..whole.len().min(head.len() + bytes)])?;
    Ok(Then::End(End::Fin))
}

pub fn truncate_chunked(x: &mut Exchange) -> Answer {
    let mut bytes = head("Transfer-Encoding: chunked");
    bytes.extend(b"5\r\nhello\r\n");
    x.connection.send(&bytes)?;
    Ok(Then::End(End::Fin))
}

/// The body stays unread, so that the client still sends it (or cannot) when the answer comes.
pub fn early_error(x: &mut Exchange) -> Answer {
    let response = Response::json(413, &json!({"error": {"message": "scripted 413"}})).header("Connection", "close");
    x.reply(response)?;
    // A close() with unread bytes would send RST, which can overtake the answer.
    x.connection.finish_sending();
    x.connection.pause(LINGER)?;
    Ok(Then::End(End::Fin))
}

/// Only a close_notify could tell the client that this body is whole.
pub fn without_close_notify(x: &mut Exchange) -> Answer {
    x.connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\ntrunc")?;
    Ok(Then::End(End::Cut))
}
