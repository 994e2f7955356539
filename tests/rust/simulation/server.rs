//! What servers do, drawn for each attempt; and what they have seen, which is the truth that a call's own history is held
//! against.

use crate::plan::{MS, Plan, S, chance, one_of, span};
use fastrand::Rng;
use httpclient::client::clock::Micros;
use httpclient::error::Code;
use std::collections::VecDeque;
use std::time::{Duration, UNIX_EPOCH};

/// The wall clock at the beginning of virtual time, in seconds.
const EPOCH: u64 = 1_700_000_000;

#[derive(Clone, Debug)]
pub enum Step {
    /// A part of the request is out.
    SentPart,
    Sent,
    /// Lines of a head, as they come.
    Lines(Vec<String>),
    Body(usize),
    Complete,
    Broken(Broken),
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Broken {
    pub code: Option<Code>,
    pub hopeless: bool,
    pub unprocessed: bool,
}

#[derive(Debug, Default)]
pub struct Script {
    pub name: &'static str,
    /// Each so long after the one before.
    pub steps: VecDeque<(Micros, Step)>,
    /// What arrives may have its effect; not where it is refused before anything is done.
    pub acts: bool,
    /// It needs a connection, and gets none.
    pub is_unconnected: bool,
    /// Milliseconds that the head asks to wait, or the wall clock's second to wait for.
    pub asks: Option<Asks>,
}

#[derive(Clone, Copy, Debug)]
pub enum Asks {
    Ms(u64),
    Second(u64),
}

/// One attempt as the server has seen it.
#[derive(Debug)]
pub struct Seen {
    pub call: usize,
    pub method: String,
    pub name: &'static str,
    pub started: Micros,
    /// Any byte of the request.
    pub arrived: bool,
    /// It may have had its effect.
    pub acted: bool,
    pub asks: Option<Asks>,
    /// It was given up before its turn, and is no attempt.
    pub is_void: bool,
    /// No sooner may the next one come.
    pub not_before: Option<Micros>,
}

pub fn unix_ms(now: Micros) -> i64 {
    (EPOCH * 1000 + now / MS) as i64
}

impl Asks {
    pub fn until(self, now: Micros) -> Micros {
        match self {
            Asks::Ms(ms) => now + ms * MS,
            Asks::Second(second) => ((second - EPOCH) * S).max(now),
        }
    }
}

/// Of one attempt: `number` counts all attempts of a run, so that an attempt is drawn by its place alone.
pub fn script(plan: &Plan, number: u64, reused: bool, now: Micros) -> Script {
    let rng = &mut Rng::with_seed(plan.seed ^ number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut script = Script { acts: true, ..Script::default() };
    if !reused {
        // Connecting; of a used connection there is nothing to wait for.
        script.steps.push_back((span(rng).min(200 * MS), Step::SentPart));
    }
    if reused && chance(rng, 15) {
        return stale(rng, script);
    }
    if chance(rng, plan.trouble) {
        trouble(rng, &mut script, now)
    } else {
        answer(rng, &mut script, "answer", 200)
    }
    script
}

fn stale(rng: &mut Rng, mut script: Script) -> Script {
    // From here nobody can tell whether it acted before it closed.
    script.acts = rng.bool();
    broken(&mut script, "stale connection", MS, Broken { code: Some(Code::HTTPC_E_IO), ..Broken::default() });
    script
}

fn trouble(rng: &mut Rng, script: &mut Script, now: Micros) {
    let io = Broken { code: Some(Code::HTTPC_E_IO), ..Broken::default() };
    match rng.u32(0..20) {
        0 | 1 => {
            unconnected(script);
            let code =
                one_of(rng, &[Code::HTTPC_E_DNS, Code::HTTPC_E_CONNECT, Code::HTTPC_E_TLS, Code::HTTPC_E_CERTIFICATE]);
            let hopeless = code == Code::HTTPC_E_CERTIFICATE || chance(rng, 10);
            broken(script, "never sent", span(rng), Broken { code: Some(code), hopeless, unprocessed: false });
        }
        2 => {
            unconnected(script);
            script.name = "silent before it connects";
        }
        3 => {
            script.name = "takes no more of the request";
            script.steps.push_back((MS, Step::SentPart));
        }
        4 => broken(script, "reset before the head", span(rng), io),
        5 => {
            script.name = "silent after the request";
            script.steps.push_back((MS, Step::Sent));
        }
        6 => {
            script.acts = false;
            script.steps.push_back((MS, Step::Sent));
            broken(script, "refused stream", MS, Broken { unprocessed: true, ..io });
        }
        7 => reset_inside_head(rng, script, io),
        8 => body_that_ends_early(rng, script),
        9 => bad_head(rng, script),
        10 => too_long(rng, script),
        11 | 12 => redirect(rng, script, now),
        _ => status(rng, script, now),
    }
}

fn unconnected(script: &mut Script) {
    script.steps.clear();
    script.is_unconnected = true;
}

fn broken(script: &mut Script, name: &'static str, after: Micros, how: Broken) {
    script.name = name;
    script.steps.push_back((after, Step::Broken(how)));
}

fn head(script: &mut Script, after: Micros, status: u16, fields: &[String]) {
    let first = format!("HTTP/1.1 {status} Whatever\r\n");
    let fields = fields.iter().map(|field| format!("{field}\r\n"));
    let lines = std::iter::once(first).chain(fields).chain(["\r\n".to_owned()]);
    script.steps.push_back((after, Step::Lines(lines.collect())));
}

fn answer(rng: &mut Rng, script: &mut Script, name: &'static str, status: u16) {
    answer_with(rng, script, name, status, Vec::new());
}

fn answer_with(rng: &mut Rng, script: &mut Script, name: &'static str, status: u16, mut fields: Vec<String>) {
    script.name = name;
    script.steps.push_back((one_of(rng, &[0, MS, 20 * MS]), Step::Sent));
    for _ in 0..rng.u32(0..8).saturating_sub(5) {
        head(script, span(rng).min(S), 103, &["Link: </x>".to_owned()]);
    }
    let chunks = rng.usize(0..=3);
    let chunk = rng.usize(0..600);
    if rng.bool() {
        fields.push(format!("Content-Length: {}", chunks * chunk));
    }
    head(script, span(rng), status, &fields);
    for _ in 0..chunks {
        script.steps.push_back((if chance(rng, 20) { span(rng) } else { 0 }, Step::Body(chunk)));
    }
    let last = match rng.u32(0..10) {
        0 => span(rng),
        _ => one_of(rng, &[0, MS]),
    };
    script.steps.push_back((last, Step::Complete));
}

fn status(rng: &mut Rng, script: &mut Script, now: Micros) {
    let status =
        one_of(rng, &[204, 304, 400, 401, 404, 408, 409, 413, 421, 425, 429, 429, 500, 502, 503, 503, 504, 599]);
    // Refused before anything was done; a 409 in answer to a key says that it is the first request that acts.
    script.acts = !matches!(status, 409 | 413 | 421 | 425 | 429);
    let fields = if status >= 400 { asks(rng, script, now) } else { Vec::new() };
    answer_with(rng, script, "status", status, fields);
}

fn redirect(rng: &mut Rng, script: &mut Script, now: Micros) {
    script.acts = false;
    let status = one_of(rng, &[301, 302, 303, 307, 308]);
    let to =
        one_of(rng, &["/next", "http://a.test/other", "https://c.test/", "ftp://a.test/", "//[", "http://b.test/?q"]);
    let mut fields = if chance(rng, 30) { asks(rng, script, now) } else { Vec::new() };
    if chance(rng, 95) {
        fields.push(format!("Location: {to}"));
    }
    answer_with(rng, script, "redirect", status, fields);
}

/// Retry-After, in every form, of which the longest counts.
fn asks(rng: &mut Rng, script: &mut Script, now: Micros) -> Vec<String> {
    let mut fields = Vec::new();
    let seconds = one_of(rng, &[0, 1, 1, 2, 5, 30, 86_400]);
    match rng.u32(0..8) {
        0..=2 => {
            fields.push(format!("Retry-After: {seconds}"));
            script.asks = Some(Asks::Ms(seconds * 1000));
        }
        3 => {
            fields.extend([format!("Retry-After: {seconds}"), "Retry-After: 3".to_owned()]);
            script.asks = Some(Asks::Ms(seconds.max(3) * 1000));
        }
        4 | 5 => {
            let second = EPOCH + now / S + seconds;
            fields.push(format!("Retry-After: {}", httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second))));
            script.asks = Some(Asks::Second(second));
        }
        6 => fields.push("Retry-After: soon".to_owned()),
        _ => {}
    }
    fields
}

fn reset_inside_head(rng: &mut Rng, script: &mut Script, how: Broken) {
    script.steps.push_back((MS, Step::Sent));
    let lines = vec!["HTTP/1.1 200 OK\r\n".to_owned(), "Content-Le".to_owned()];
    script.steps.push_back((span(rng), Step::Lines(lines)));
    broken(script, "reset inside the head", span(rng), how);
}

fn body_that_ends_early(rng: &mut Rng, script: &mut Script) {
    script.steps.push_back((MS, Step::Sent));
    head(script, MS, one_of(rng, &[200, 404, 503]), &["Content-Length: 1000".to_owned()]);
    let trickle = rng.usize(0..20);
    let pace = span(rng);
    script.steps.extend((0..trickle).map(|_| (pace, Step::Body(5))));
    script.name = "stalls in the body";
    if rng.bool() {
        let how = Broken { code: Some(Code::HTTPC_E_TRUNCATED), ..Broken::default() };
        broken(script, "truncated", span(rng), how);
    }
}

fn bad_head(rng: &mut Rng, script: &mut Script) {
    script.name = "no valid answer";
    script.steps.push_back((MS, Step::Sent));
    let line = one_of(rng, &["SSH-2.0-x\r\n", "HTTP/1.1 999 What\r\n", "HTTP/1.1 101 Switching\r\n", "HTTP/7 200\r\n"]);
    script.steps.push_back((span(rng), Step::Lines(vec![line.to_owned(), "\r\n".to_owned()])));
}

fn too_long(rng: &mut Rng, script: &mut Script) {
    script.name = "exceeds a limit";
    script.steps.push_back((MS, Step::Sent));
    match rng.u32(0..3) {
        0 => {
            let field = format!("X: {}\r\n", "x".repeat(100));
            let lines = std::iter::once("HTTP/1.1 200 OK\r\n".to_owned()).chain(std::iter::repeat_n(field, 30));
            script.steps.push_back((MS, Step::Lines(lines.collect())));
        }
        1 => head(script, MS, 200, &[format!("Content-Length: {}", 1_u64 << 40)]),
        _ => {
            head(script, MS, one_of(rng, &[200, 500]), &[]);
            script.steps.extend((0..30).map(|_| (MS, Step::Body(100_000))));
        }
    }
}
