//! The rate limit as GCRA, the generic cell rate algorithm: all state is one word, the time at which the bucket is full
//! again (TAT, the "theoretical arrival time"). Integer microseconds, and whatever does not divide is rounded so that the
//! rate is never exceeded.

/// Tokens per period, with a bucket of `burst` tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gcra {
    /// Between two tokens, rounded up.
    interval_us: u64,
    burst: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Granted {
        new_tat_us: u64,
    },
    /// Not before this time; `u64::MAX` is never.
    WaitUntil(u64),
}

impl Gcra {
    /// `None` when an argument is 0 or there is more than one token per microsecond, which this unit cannot express.
    pub fn new(tokens: u64, period_us: u64, burst: u64) -> Option<Gcra> {
        if tokens == 0 || period_us == 0 || burst == 0 || tokens > period_us {
            return None;
        }
        Some(Gcra { interval_us: period_us.div_ceil(tokens), burst })
    }

    pub fn burst(&self) -> u64 {
        self.burst
    }

    /// To fill an empty bucket.
    pub fn capacity_us(&self) -> u128 {
        self.cost_us(self.burst)
    }

    /// Takes `weight` tokens now, or says from when on they may be taken. A bucket starts full with a TAT of 0. `weight`
    /// is at most [`Gcra::burst`]: more are never there at once.
    pub fn decide(&self, tat_us: u64, now_us: u64, weight: u64) -> Decision {
        let new_tat_us = u128::from(tat_us.max(now_us)) + self.cost_us(weight);
        let due_us = new_tat_us.saturating_sub(self.capacity_us());
        match u64::try_from(new_tat_us) {
            Ok(new_tat_us) if due_us <= u128::from(now_us) => Decision::Granted { new_tat_us },
            Ok(_) => Decision::WaitUntil(saturated(due_us)),
            // Past the end of time, whatever the burst: a TAT that stopped there would hand out tokens for nothing.
            Err(_) => Decision::WaitUntil(u64::MAX),
        }
    }

    /// From when on `weight` tokens may be taken by whoever comes after `ahead` other ones, if those are taken as soon as
    /// they may be. `now_us` when all are there.
    pub fn due_us(&self, tat_us: u64, now_us: u64, ahead: u64, weight: u64) -> u64 {
        let new_tat_us = u128::from(tat_us.max(now_us)) + self.cost_us(ahead) + self.cost_us(weight);
        saturated(new_tat_us.saturating_sub(self.capacity_us())).max(now_us)
    }

    fn cost_us(&self, weight: u64) -> u128 {
        u128::from(self.interval_us) * u128::from(weight)
    }
}

fn saturated(us: u128) -> u64 {
    u64::try_from(us).unwrap_or(u64::MAX)
}
