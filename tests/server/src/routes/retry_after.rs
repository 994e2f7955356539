//! Retry-After in every form there is.

use super::{parse, status_code};
use crate::{
    date,
    plan::{Asked, Planned},
    query::decode,
    request::{Fault, bad},
    response::Response,
};
use serde_json::json;

/// Seconds beyond which years have more digits than a date has room for.
const FAR: i64 = 200_000_000_000;

pub fn answer(x: &Asked, form: &str) -> Planned {
    let turn = x.turn();
    if turn > 1 {
        return x.reply(Response::json(200, &json!({"ok": true, "n": turn})));
    }
    let status = status_code(&x.request.query.text("status").unwrap_or_else(|| "503".to_owned()))?;
    // The same clock reading for both, or a client that subtracts them is a second off now and then.
    let now = date::now();
    let body = json!({"error": {"message": format!("scripted {status}")}});
    let response = Response::json(status, &body).header("Date", date::imf_fixdate(now));
    x.reply(response.header("Retry-After", value(form, now)?))
}

fn value(form: &str, now: i64) -> Result<Vec<u8>, Fault> {
    let Some((form, argument)) = form.split_once('-') else { return bad(format!("bad form: {form}")) };
    let seconds = || parse::<i64>(argument, "number of seconds");
    let ahead = || seconds().map(|seconds| now + seconds.clamp(-FAR, FAR));
    Ok(match form {
        "seconds" => seconds()?.to_string().into_bytes(),
        "date" => date::imf_fixdate(ahead()?).into_bytes(),
        "rfc850" => date::rfc850(ahead()?).into_bytes(),
        "asctime" => date::asctime(ahead()?).into_bytes(),
        "raw" => decode(argument),
        _ => return bad(format!("bad form: {form}")),
    })
}
