//! The routes in the words of HTTP/2. README.md lists those that differ.

use super::{
    exchange::{Answer, Exchange},
    faults, frames,
};
use crate::{
    plan::{How, Place, Plan},
    request::bad,
    response::Response,
    routes::{interval, milliseconds, no_such_route, parameter, parse, pattern, split},
    socket::End,
};
use h2::Reason;
use serde_json::json;

const OCTETS: (&str, &str) = ("content-type", "application/octet-stream");
/// A code that says nothing about what was done.
const RESET: Reason = Reason::INTERNAL_ERROR;

pub async fn perform(x: &mut Exchange, plan: Plan) -> Answer {
    match plan {
        Plan::Reply(response) => x.reply(response).await,
        Plan::After(time, response) => {
            x.pause(time).await?;
            x.reply(response).await
        }
        Plan::Gated(response) => {
            x.pass_gate().await?;
            x.reply(response).await
        }
        Plan::Silence => x.hold().await,
        Plan::BreakOff(How::Reset, place) => reset(x, place).await,
        Plan::BreakOff(How::Close, place) => cut(x, place, End::Fin).await,
        Plan::Cut(response, bytes) => cut_off(x, response, bytes).await,
        Plan::Truncate => {
            x.begin(200, &[OCTETS, ("content-length", "100")], false)?;
            x.send(vec![b'x'; 50].into(), true).await
        }
        Plan::Refuse => x.reset(Reason::REFUSED_STREAM.into()),
    }
}

pub async fn answer(x: &mut Exchange) -> Answer {
    let path = x.request.path.clone();
    let (first, rest) = split(&path);
    match first {
        "bytes" => bytes(x, rest).await,
        "chunked" => chunked(x).await,
        "trickle" => trickle(x).await,
        "endless" => endless(x).await,
        "flood-1xx" => flood_1xx(x).await,
        "stall-body" => {
            x.begin(200, &[OCTETS, ("content-length", "100")], false)?;
            x.send(vec![b'x'; 10].into(), false).await?;
            x.hold().await
        }
        "slow-upload" => slow_upload(x).await,
        "stall-upload" => x.hold().await,
        "early-error" => x.reply(Response::json(413, &json!({"error": {"message": "scripted 413"}}))).await,
        "stale" => stale(x, rest, End::Fin).await,
        "stale-reset" => stale(x, rest, End::Reset).await,
        "stale-on-reuse" if x.nth > 1 => cut(x, Place::BeforeHead, End::Reset).await,
        "stale-on-reuse-fin" if x.nth > 1 => cut(x, Place::BeforeHead, End::Fin).await,
        "stale-on-reuse" | "stale-on-reuse-fin" => ok(x).await,
        "h2" => faults::answer(x, rest).await,
        "once" => end(x, frames::ok(x.id()), End::Fin).await,
        _ => x.reply(no_such_route()).await,
    }
}

pub async fn ok(x: &mut Exchange) -> Answer {
    x.reply(Response::json(200, &json!({"ok": true}))).await
}

async fn bytes(x: &mut Exchange, count: &str) -> Answer {
    const PART: u64 = 251 * 256;
    let count: u64 = parse(count, "number of bytes")?;
    let empty = count == 0 || x.request.is_head();
    x.begin(200, &[OCTETS, ("content-length", &count.to_string())], empty)?;
    let mut sent = 0;
    while sent < count && !empty {
        let end = count.min(sent + PART);
        x.send(pattern(sent..end).into(), end == count).await?;
        sent = end;
    }
    Ok(())
}

/// Each chunk is a DATA frame, if the window allows.
async fn chunked(x: &mut Exchange) -> Answer {
    let sizes = x.request.query.text("sizes").unwrap_or_else(|| "1,2,3".to_owned());
    let sizes = sizes.split(',').map(|size| parse::<u64>(size, "chunk size")).collect::<Result<Vec<_>, _>>()?;
    if sizes.contains(&0) {
        return bad("a chunk of no bytes ends the body");
    }
    let trailers: Vec<_> = x.request.query.all("trailer").filter_map(named).collect();
    x.begin(200, &[OCTETS], false)?;
    let mut sent = 0;
    for (index, size) in sizes.iter().enumerate() {
        x.send(pattern(sent..sent + size).into(), trailers.is_empty() && index + 1 == sizes.len()).await?;
        sent += size;
    }
    if trailers.is_empty() { Ok(()) } else { x.end(&trailers) }
}

/// "Name:Value"
fn named(trailer: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let colon = trailer.iter().position(|byte| *byte == b':')?;
    Some((trailer[..colon].to_ascii_lowercase(), trailer[colon + 1..].trim_ascii().to_vec()))
}

async fn trickle(x: &mut Exchange) -> Answer {
    let (count, interval) = (parameter(&x.request, "bytes", 10_u64)?, interval(&x.request)?);
    x.begin(200, &[OCTETS, ("content-length", &count.to_string())], count == 0)?;
    for number in 1..=count {
        x.pause(interval).await?;
        x.send("x".into(), number == count).await?;
    }
    Ok(())
}

async fn slow_upload(x: &mut Exchange) -> Answer {
    let (bytes, interval) = (parameter(&x.request, "bytes", 16 << 10)?, interval(&x.request)?);
    let mut taken = 0;
    while let Some(part) = x.receive().await? {
        taken += part.len();
        if taken >= bytes {
            x.pause(interval).await?;
            taken -= bytes;
        }
        x.make_room(part.len())?;
    }
    ok(x).await
}

async fn endless(x: &mut Exchange) -> Answer {
    x.begin(200, &[OCTETS], false)?;
    loop {
        x.send(vec![b'x'; frames::LONGEST].into(), false).await?;
        // A window of a gigabyte is no reason to keep one.
        x.connection.all_sent().await;
    }
}

async fn flood_1xx(x: &mut Exchange) -> Answer {
    let (count, code) = (parameter(&x.request, "n", 1000_u64)?, parameter(&x.request, "code", 103_u16)?);
    for number in 0..count {
        x.inform(code, &[("x-number", number.to_string())])?;
        if number % 64 == 0 {
            x.connection.all_sent().await;
        }
    }
    ok(x).await
}

/// RST_STREAM, but in the middle of a head, where no other frame may stand, RST.
async fn reset(x: &mut Exchange, place: Place) -> Answer {
    match place {
        Place::BeforeHead => {}
        Place::InHead => return cut(x, place, End::Reset).await,
        Place::AfterHead | Place::InBody => {
            x.begin(200, &[OCTETS, ("content-length", "100")], false)?;
            if place == Place::InBody {
                x.send(vec![b'x'; 50].into(), false).await?;
            }
            // A reset overtakes what is still to be sent.
            x.connection.all_sent().await;
        }
    }
    x.reset(RESET.into())
}

async fn cut_off(x: &mut Exchange, response: Response, bytes: usize) -> Answer {
    let (status, fields, mut body) = response.into_parts(x.request.is_head());
    body.truncate(bytes);
    x.begin(status, &fields, false)?;
    x.send(body.into(), false).await?;
    x.connection.all_sent().await;
    x.reset(RESET.into())
}

/// Ends the connection, inside a frame where the place is inside something.
pub async fn cut(x: &mut Exchange, place: Place, how: End) -> Answer {
    let head = frames::head_of_100(x.id());
    let data = frames::frame(frames::DATA, frames::END_STREAM, x.id(), &[b'x'; 100]);
    let bytes = match place {
        Place::BeforeHead => Vec::new(),
        Place::InHead => head[..head.len() / 2].to_vec(),
        Place::AfterHead => head,
        Place::InBody => [&head, &data[..data.len() - 50]].concat(),
    };
    end(x, bytes, how).await
}

/// These bytes are the connection's last.
pub async fn end(x: &mut Exchange, bytes: Vec<u8>, how: End) -> Answer {
    x.connection.end_with(move |stream| {
        stream.send(&bytes)?;
        Ok(how)
    });
    x.hold().await
}

async fn stale(x: &mut Exchange, time: &str, how: End) -> Answer {
    let time = milliseconds(time)?;
    ok(x).await?;
    // Answered, the stream cannot be left any more.
    tokio::time::sleep(time).await;
    x.connection.end_with(move |_| Ok(how));
    Ok(())
}
