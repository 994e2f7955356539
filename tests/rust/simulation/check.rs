//! What must hold at the end of a run, whatever happened in it.

use crate::plan::{Caller, GRANULARITY, MS};
use crate::server::Seen;
use crate::world::{Outcome, World};
use httpclient::client::attempt::Attempt;
use httpclient::client::clock::Micros;
use httpclient::error::{Code, Sent, Stop};

pub fn all(world: &mut World) {
    nothing_is_kept(world);
    tokens_keep_the_rates(world);
    retries_are_paid_for(world);
    let completions = std::mem::take(&mut world.completions);
    for (call, ends) in completions.iter().enumerate() {
        match ends.as_slice() {
            [(at, outcome)] => one_call(world, call, *at, outcome),
            ends => world.violated(format!("call {call} has {} completions", ends.len())),
        }
    }
}

fn nothing_is_kept(world: &mut World) {
    let (held, waiting) = (world.admission.in_use(), world.admission.waiting());
    world.hold(held == 0, || format!("{held} permits are held after the end"));
    world.hold(waiting == 0, || format!("{waiting} places in the pool's queue after the end"));
    let places: usize = world.limiters.iter().map(|limiter| limiter.waiting()).sum();
    world.hold(places == 0, || format!("{places} places in limiters' queues after the end"));
}

/// Of tokens that were given back another may have come at once.
fn tokens_keep_the_rates(world: &mut World) {
    let mut taken = std::mem::take(&mut world.tokens_used);
    taken.sort_unstable();
    for rate in world.plan.limiters.clone() {
        for (first, from) in taken.iter().enumerate() {
            for (more, to) in taken[first..].iter().enumerate() {
                let above = (more as u64 + 1).saturating_sub(rate.burst) * rate.period;
                let brought = (to - from) * rate.tokens;
                world.hold(above <= brought, || format!("{} tokens from {from} to {to} us of {rate:?}", more + 1));
            }
        }
    }
}

pub fn budgets(world: &mut World) {
    let capacity = world.plan.retry.policy.budget.capacity;
    let most = world.budgets.iter().map(|budget| budget.lock().tokens()).max().unwrap_or(0);
    world.hold(most <= capacity, || format!("a budget of {most} tokens, and {capacity} fit"));
}

/// What an origin's calls have drawn is no more than was there and what their successes can have brought.
fn retries_are_paid_for(world: &mut World) {
    let policy = world.plan.retry.policy.budget.clone();
    if !policy.enabled {
        return;
    }
    let least = u64::from(policy.retry_cost.min(policy.throttled_cost));
    let most = u64::from(policy.retry_cost.max(policy.throttled_cost).max(1));
    for origin in 0..world.budgets.len() {
        let (mut drawn, mut brought) = (0, u64::from(policy.capacity));
        for (caller, ends) in world.plan.calls.iter().zip(&world.completions) {
            if let [(_, outcome)] = ends.as_slice()
                && caller.origin == origin
            {
                drawn += least * paid_retries(history(outcome));
                brought += most;
            }
        }
        world.hold(drawn <= brought, || format!("retries drew {drawn} tokens, and there were {brought}"));
    }
}

fn paid_retries(history: &[Attempt]) -> u64 {
    let is_paid =
        |pair: &&[Attempt]| pair[0].sent != Sent::HTTPC_SENT_NEVER_SENT && !matches!(pair[0].status, 300..400);
    history.windows(2).filter(is_paid).count() as u64
}

fn history(outcome: &Outcome) -> &[Attempt] {
    match outcome {
        Ok(response) => &response.attempts,
        Err(error) => &error.attempts,
    }
}

fn one_call(world: &mut World, call: usize, at: Micros, outcome: &Outcome) {
    let mut wrong = Vec::new();
    let seen: Vec<&Seen> = world.seen.iter().filter(|seen| seen.call == call && !seen.is_void).collect();
    let caller = &world.plan.calls[call];
    in_time(caller, at, outcome, world.plan.closed_at, &mut wrong);
    as_the_server_saw_it(caller, &seen, outcome, &mut wrong);
    if !world.plan.is_forced {
        no_effect_twice(world, caller, &seen, &mut wrong);
    }
    if world.plan.retry.policy.respect_retry_after {
        no_sooner_than_asked(&seen, &mut wrong);
    }
    let most = world.plan.retry.policy.max_attempts + world.plan.redirects.max;
    if seen.len() > most as usize {
        wrong.push(format!("{} attempts of {most}", seen.len()));
    }
    if let Err(error) = outcome {
        let detail = error.detail.to_string_lossy();
        if detail.contains("secret") || detail.chars().any(char::is_control) {
            wrong.push(format!("its detail shows too much: {detail}"));
        }
        if error.code == Code::HTTPC_E_INTERNAL {
            wrong.push(format!("an internal error: {detail}"));
        }
    }
    tally(world, outcome);
    for what in wrong {
        world.violated(format!("call {call}: {what}"));
    }
}

fn tally(world: &mut World, outcome: &Outcome) {
    let (code, stop) = match outcome {
        Ok(response) => (Code::HTTPC_OK, response.attempts.last().map(|last| last.stop)),
        Err(error) => (error.code, Some(error.stop)),
    };
    let code = Code::ALL.iter().find(|(known, _)| *known == code);
    let stop = Stop::ALL.iter().find(|(known, _)| Some(*known) == stop);
    let names = [code.map(|(_, name)| name), stop.map(|(_, name)| name)];
    for name in names.into_iter().flatten().filter_map(|name| name.to_str().ok()) {
        world.reach(name);
    }
}

fn in_time(caller: &Caller, at: Micros, outcome: &Outcome, closed_at: Option<Micros>, wrong: &mut Vec<String>) {
    let deadline = caller.timeouts.total.map_or(Micros::MAX, |total| caller.arrives + total);
    let cancelled = caller.cancel.map_or(Micros::MAX, |cancel| cancel.at);
    for (limit, name) in [(deadline, "deadline"), (cancelled, "cancel"), (closed_at.unwrap_or(Micros::MAX), "close")] {
        if at > limit.max(caller.arrives).saturating_add(GRANULARITY) {
            wrong.push(format!("ends at {at} us, past its {name} at {limit} us"));
        }
    }
    let Err(error) = outcome else { return };
    if error.code == Code::HTTPC_E_TIMEOUT_TOTAL && at < deadline {
        wrong.push(format!("times out at {at} us, before its deadline at {deadline} us"));
    }
    let limit = caller.timeouts.attempt.unwrap_or(Micros::MAX);
    if let Some(long) = history(outcome).iter().find(|attempt| attempt.duration_us > limit.saturating_add(GRANULARITY))
    {
        wrong.push(format!("an attempt of {} us, and {limit} are allowed", long.duration_us));
    }
}

fn as_the_server_saw_it(caller: &Caller, seen: &[&Seen], outcome: &Outcome, wrong: &mut Vec<String>) {
    let history = history(outcome);
    if history.len() != seen.len() {
        wrong.push(format!("tells of {} attempts, and there were {}", history.len(), seen.len()));
    }
    for (attempt, seen) in history.iter().zip(seen) {
        let started = caller.arrives + attempt.start_us;
        // A call of an engine begins when the engine takes it in, which here is at once.
        if started != seen.started || attempt.method.as_str() != seen.method {
            wrong.push(format!(
                "tells of {} at {started} us, and it was {} at {}",
                attempt.method.as_str(),
                seen.method,
                seen.started
            ));
        }
        if seen.arrived && attempt.sent == Sent::HTTPC_SENT_NEVER_SENT {
            wrong.push(format!("says never sent of what the server saw ({})", seen.name));
        }
        if attempt.delay_ms * MS > attempt.start_us {
            wrong.push(format!(
                "waited {} ms before an attempt that began at {} us",
                attempt.delay_ms, attempt.start_us
            ));
        }
    }
    if let Err(error) = outcome
        && error.sent == Sent::HTTPC_SENT_NEVER_SENT
        && seen.iter().any(|seen| seen.arrived)
    {
        wrong.push("says never sent, and the server saw it".to_owned());
    }
}

fn no_effect_twice(world: &World, caller: &Caller, seen: &[&Seen], wrong: &mut Vec<String>) {
    for at in seen {
        let is_safe = match at.method == caller.method.as_str() {
            true => caller.idempotent,
            // What a redirect has made of it.
            false => world.plan.retry.policy.is_idempotent_method(&at.method),
        };
        let effects = seen.iter().filter(|other| other.acted && other.method == at.method).count();
        if !is_safe && effects > 1 {
            wrong.push(format!("{} sent twice: it may have had its effect {effects} times", at.method));
            return;
        }
    }
}

fn no_sooner_than_asked(seen: &[&Seen], wrong: &mut Vec<String>) {
    for pair in seen.windows(2) {
        if let Some(not_before) = pair[0].not_before
            && pair[1].started < not_before
        {
            wrong.push(format!("comes back at {} us, and was asked not to before {not_before} us", pair[1].started));
        }
    }
}
