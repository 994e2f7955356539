//! What one seed stands for: a client's configuration, its callers, and the temper of the servers. Times are mostly whole
//! milliseconds, so that things which race fall into one instant often.

use fastrand::Rng;
use httpclient::client::attempt::Attempt;
use httpclient::client::clock::Micros;
use httpclient::client::machine::Redirects;
use httpclient::client::method::Method;
use httpclient::client::retry_rules::{Decision, RetryRules};
use httpclient::client::timeouts::Timeouts;
use httpclient::policy::backoff::Jitter;
use httpclient::policy::budget::BudgetPolicy;
use std::sync::Arc;

pub const MS: Micros = 1000;
pub const S: Micros = 1_000_000;

/// No wait of a driver ends later than this after its time.
pub const GRANULARITY: Micros = MS;

pub const ORIGINS: [&str; 3] = ["http://a.test", "http://b.test", "https://c.test"];

pub struct Plan {
    pub seed: u64,
    pub max_connections: u32,
    pub max_per_host: u32,
    pub limiters: Vec<Rate>,
    pub retry: Arc<RetryRules>,
    /// The program's judge may want again what the policy would not send again.
    pub is_forced: bool,
    pub redirects: Redirects,
    pub status_errors: bool,
    pub max_body: u64,
    pub engines: usize,
    /// The last of the origins speaks HTTP/2 with engines.
    pub http2: bool,
    pub calls: Vec<Caller>,
    pub closed_at: Option<Micros>,
    /// In percent: of attempts that go wrong, and of waits that end early or late.
    pub trouble: u32,
    pub unrest: u32,
}

#[derive(Clone, Copy, Debug)]
pub struct Rate {
    pub tokens: u64,
    pub period: Micros,
    pub burst: u64,
    pub max_wait_ms: u64,
}

pub struct Caller {
    pub arrives: Micros,
    pub origin: usize,
    pub method: Method,
    pub idempotent: bool,
    pub own_key: bool,
    pub replayable: bool,
    pub timeouts: Timeouts,
    /// On an engine thread, else on its own.
    pub engine: Option<usize>,
    pub cancel: Option<Cancel>,
}

#[derive(Clone, Copy)]
pub struct Cancel {
    pub at: Micros,
    /// By the token, which any call may have; else by the handle of a submitted one.
    pub by_token: bool,
}

impl Plan {
    pub fn new(seed: u64) -> Plan {
        let rng = &mut Rng::with_seed(seed);
        let (retry, is_forced) = retry(rng);
        let engines = rng.usize(1..=2);
        let timeouts = timeouts(rng);
        let crowd = rng.u32(1..=16);
        let calls = (0..crowd).map(|_| caller(rng, &retry, &timeouts, engines)).collect();
        Plan {
            seed,
            max_connections: rng.u32(1..=6),
            max_per_host: rng.u32(1..=4),
            limiters: (0..rng.usize(0..=4).saturating_sub(2)).map(|_| rate(rng)).collect(),
            retry: Arc::new(retry),
            is_forced,
            redirects: Redirects { max: rng.u32(0..=4), post: rng.bool() },
            status_errors: chance(rng, 70),
            max_body: if chance(rng, 30) { rng.u64(0..2000) } else { 1 << 20 },
            engines,
            http2: rng.bool(),
            calls,
            closed_at: chance(rng, 15).then(|| span(rng)),
            trouble: rng.u32(0..=100),
            unrest: rng.u32(0..=50),
        }
    }
}

pub fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(0..100) < percent
}

/// Short ones are as likely as long ones.
pub fn span(rng: &mut Rng) -> Micros {
    match rng.u32(0..10) {
        0 => 0,
        1..=5 => rng.u64(1..=20) * MS,
        6 | 7 => rng.u64(1..=300) * 10 * MS,
        8 => rng.u64(1..=30) * S,
        _ => rng.u64(0..3 * S),
    }
}

pub fn one_of<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}

fn retry(rng: &mut Rng) -> (RetryRules, bool) {
    let mut rules = RetryRules::default();
    let base_ms = one_of(rng, &[0, 1, 10, 100, 500]);
    rules.set_backoff(base_ms, one_of(rng, &[1.0, 2.0, 10.0]), base_ms + rng.u64(0..20_000)).expect("sane");
    rules.set_max_attempts(rng.u32(1..=6)).expect("sane");
    if chance(rng, 30) {
        rules
            .set_statuses(one_of(rng, &[&[][..], &[503], &[200, 404, 421, 429, 503], &[302, 413, 425, 500]]))
            .expect("sane");
    }
    if chance(rng, 20) {
        rules.set_methods(one_of(rng, &[&[][..], &["POST"], &["HEAD", "PUT"]])).expect("sane");
    }
    let policy = &mut rules.policy;
    policy.backoff.jitter =
        one_of(rng, &[Jitter::None, Jitter::Additive, Jitter::Full, Jitter::Equal, Jitter::Decorrelated]);
    policy.respect_retry_after = chance(rng, 85);
    policy.retry_throttled = rng.bool();
    policy.retry_after_max_ms = chance(rng, 20).then(|| rng.u64(0..5000));
    policy.throttled_base_ms = chance(rng, 30).then(|| rng.u64(0..2000));
    if chance(rng, 60) {
        let enabled = chance(rng, 80);
        policy.budget = BudgetPolicy {
            capacity: rng.u32(0..60),
            retry_cost: rng.u32(0..20),
            throttled_cost: rng.u32(0..10),
            enabled,
        };
    }
    let judge = rng.u32(0..10);
    rules.decider = match judge {
        0 => Some(Arc::new(|attempt: &Attempt| by_chance(attempt, Decision::Retry))),
        1 => Some(Arc::new(|attempt: &Attempt| by_chance(attempt, Decision::Stop))),
        _ => None,
    };
    (rules, judge == 0)
}

/// A program's judge whose mind nobody knows, but that would say the same again.
fn by_chance(attempt: &Attempt, decision: Decision) -> Decision {
    if (attempt.start_us / MS + u64::from(attempt.status)).is_multiple_of(2) { decision } else { Decision::Default }
}

fn rate(rng: &mut Rng) -> Rate {
    Rate {
        tokens: rng.u64(1..=5),
        period: one_of(rng, &[7 * MS, 100 * MS, S, 10 * S]),
        burst: rng.u64(1..=4),
        max_wait_ms: if chance(rng, 30) { rng.u64(1..5000) } else { 0 },
    }
}

fn timeouts(rng: &mut Rng) -> Timeouts {
    if chance(rng, 30) {
        return Timeouts::default();
    }
    let mut limit = |percent: u32| chance(rng, percent).then(|| span(rng).max(MS));
    Timeouts {
        connect: limit(60),
        read: limit(60),
        write: limit(60),
        pool: limit(60),
        attempt: limit(40),
        total: limit(85),
    }
}

fn caller(rng: &mut Rng, retry: &RetryRules, defaults: &Timeouts, engines: usize) -> Caller {
    let method = Method::new(one_of(rng, &["GET", "GET", "POST", "POST", "PUT", "HEAD", "PATCH"])).expect("a token");
    let own_key = chance(rng, 15);
    // As a call puts them together of its request and the client's configuration.
    let by_itself = retry.policy.is_idempotent_method(method.as_str()) || own_key;
    let idempotent = if chance(rng, 10) { rng.bool() } else { by_itself };
    let engine = rng.bool().then(|| rng.usize(..engines));
    let at = span(rng);
    let arrives = if rng.bool() { 0 } else { span(rng).min(S) };
    let cancel = chance(rng, 25).then(|| Cancel { at: at + arrives / 2, by_token: engine.is_none() || rng.bool() });
    Caller {
        arrives,
        origin: rng.usize(..ORIGINS.len()),
        replayable: chance(rng, 90),
        timeouts: if chance(rng, 20) { timeouts(rng) } else { defaults.clone() },
        idempotent,
        own_key,
        method,
        engine,
        cancel,
    }
}
