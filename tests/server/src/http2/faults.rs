//! What only HTTP/2 can get wrong: the routes below `/h2`.

use super::{
    exchange::{Answer, Exchange},
    frames, malformed, routes,
};
use crate::{
    request::{Fault, bad},
    routes::{milliseconds, parameter, parse, place, split},
    socket::{End, Stream},
};
use h2::Reason;
use std::{convert::Infallible, io};

pub async fn answer(x: &mut Exchange, rest: &str) -> Answer {
    if x.turn() > parameter(&x.request, "times", u64::MAX)? {
        return routes::ok(x).await;
    }
    match split(rest) {
        ("reset" | "reset-unread", code) => x.reset(error_code(code)?),
        ("tcp-reset", at) => routes::cut(x, place(at)?, End::Reset).await,
        ("goaway", last) => goaway(x, last).await,
        ("goaway-idle", time) => goaway_idle(x, time).await,
        ("flood", kind) => flood(x, kind).await,
        ("bad", name) => malformed(x, name).await,
        _ => bad(format!("no such fault: {rest}")),
    }
}

/// Names as RFC 9113 writes them, or any number.
fn error_code(text: &str) -> Result<u32, Fault> {
    let named = (0..=13).find(|code| format!("{:?}", Reason::from(*code)) == text);
    named.map_or_else(|| parse(text, "error code"), Ok)
}

/// GOAWAY, with the request above or below the last stream that the server claims to have taken up.
async fn goaway(x: &mut Exchange, last: &str) -> Answer {
    const HIGHEST: u32 = u32::MAX >> 1;
    let (last, answered) = match last {
        "below" => (x.id().saturating_sub(2), false),
        "own" => (x.id(), true),
        "above" => (HIGHEST, true),
        "unanswered" => (x.id(), false),
        _ => return bad(format!("no such last stream: {last}")),
    };
    let frame = frames::goaway(last, goaway_code(x)?);
    if closes(x) {
        let answer = if answered { frames::ok(x.id()) } else { Vec::new() };
        return routes::end(x, [frame, answer].concat(), End::Fin).await;
    }
    x.connection.inject(&frame).await;
    if answered { routes::ok(x).await } else { x.hold().await }
}

async fn goaway_idle(x: &mut Exchange, time: &str) -> Answer {
    let (time, frame) = (milliseconds(time)?, frames::goaway(x.id(), goaway_code(x)?));
    routes::ok(x).await?;
    tokio::time::sleep(time).await;
    if closes(x) {
        return routes::end(x, frame, End::Fin).await;
    }
    x.connection.inject(&frame).await;
    Ok(())
}

fn goaway_code(x: &Exchange) -> Result<u32, Fault> {
    x.request.query.text("code").map_or(Ok(Reason::NO_ERROR.into()), |code| error_code(&code))
}

fn closes(x: &Exchange) -> bool {
    x.request.query.get("then") == Some(b"close")
}

async fn flood(x: &mut Exchange, kind: &str) -> Answer {
    let id = x.id();
    let (first, again) = match kind {
        "settings" => (Vec::new(), frames::settings()),
        "ping" => (Vec::new(), frames::frame(frames::PING, 0, 0, &[0; 8])),
        "empty" => (frames::head_of_100(id), frames::frame(frames::DATA, 0, id, &[])),
        "continuation" => {
            let fields = frames::block(&[("x-endless", &"x".repeat(100))]);
            (frames::open_head(id), frames::frame(frames::CONTINUATION, 0, id, &fields))
        }
        "empty-continuation" => (frames::open_head(id), frames::frame(frames::CONTINUATION, 0, id, &[])),
        "reset" => (Vec::new(), frames::rst_stream(id, Reason::CANCEL.into())),
        "window" => (Vec::new(), frames::frame(frames::WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes())),
        _ => return bad(format!("no such flood: {kind}")),
    };
    x.connection.end_with(move |stream| {
        stream.send(&first)?;
        pour(stream, &again.repeat(64)).map(|never| match never {})
    });
    x.hold().await
}

/// As fast as the client takes it, and without a look at what it says.
fn pour(stream: &mut Stream, bytes: &[u8]) -> io::Result<Infallible> {
    loop {
        stream.send(bytes)?;
    }
}

/// The connection goes on, if the client thinks that it can.
async fn malformed(x: &mut Exchange, name: &str) -> Answer {
    let Some(bytes) = malformed::frames(name, x.id()) else { return bad(format!("nothing so bad: {name}")) };
    x.connection.inject(&bytes).await;
    match name {
        "unknown-frame" => routes::ok(x).await,
        _ => x.hold().await,
    }
}
