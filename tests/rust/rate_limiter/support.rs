//! A limiter on a clock that only the test moves, and what every limiter must keep.

use httpclient::client::clock::Clock;
use httpclient::client::rate_limiter::{Entry, Grant, Place, RateLimiter, acquire_all};
use httpclient::client::virtual_clock::VirtualClock;
use std::sync::Arc;

pub const SECOND: u64 = 1_000_000;

pub struct Bench {
    pub clock: Arc<VirtualClock>,
}

impl Bench {
    pub fn new() -> Bench {
        let clock = Arc::new(VirtualClock::default());
        clock.set_manual(true);
        Bench { clock }
    }

    pub fn limiter(&self, tokens: u64, period_us: u64, burst: u64) -> Arc<RateLimiter> {
        Arc::new(RateLimiter::new(tokens, period_us, burst, Clock::Virtual(self.clock.clone())).unwrap())
    }

    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    pub fn go_to(&self, us: u64) {
        self.clock.advance(us.checked_sub(self.now()).expect("time goes forward"));
    }

    pub fn request(&self, limiters: &[&Arc<RateLimiter>], weight: u64) -> Entry {
        let limiters: Vec<_> = limiters.iter().map(|limiter| (*limiter).clone()).collect();
        acquire_all(&limiters, weight, self.now(), u64::MAX).unwrap()
    }

    pub fn take(&self, limiters: &[&Arc<RateLimiter>], weight: u64) -> Grant {
        match self.request(limiters, weight) {
            Entry::Granted(grant) => grant,
            other => panic!("{other:?} at {}", self.now()),
        }
    }

    pub fn queue(&self, limiters: &[&Arc<RateLimiter>], weight: u64) -> Place {
        match self.request(limiters, weight) {
            Entry::Queued(place) => place,
            other => panic!("{other:?} at {}", self.now()),
        }
    }

    /// Whether it may not take them even now.
    pub fn is_refused(&self, limiter: &Arc<RateLimiter>, weight: u64) -> bool {
        matches!(limiter.request(weight, self.now(), self.now()).unwrap(), Entry::TooLate { .. })
    }
}

/// `grants` are times and weights. In no stretch of time more than the burst and what the rate brings.
pub fn check_rate(tokens: u64, period_us: u64, burst: u64, grants: &[(u64, u64)]) {
    let mut grants = grants.to_vec();
    grants.sort_unstable();
    for first in 0..grants.len() {
        let mut sum = 0u128;
        for (time, weight) in &grants[first..] {
            sum += u128::from(*weight);
            let brought = u128::from(time - grants[first].0) * u128::from(tokens);
            let above = sum.saturating_sub(u128::from(burst)) * u128::from(period_us);
            assert!(above <= brought, "{sum} tokens from {} to {time} us: {tokens} in {period_us}", grants[first].0);
        }
    }
}
