//! How long to wait before a retry when the server did not say.

use fastrand::Rng;

/// How chance spreads a delay `d`, so that clients that failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Exactly `d`.
    None,
    /// `d + U(0, 0.1 d)`. The only kind that may go above the cap.
    Additive,
    /// `U(0, d)`.
    Full,
    /// `d/2 + U(0, d/2)`.
    Equal,
    /// `min(cap, U(base, 3 * previous))`, where the first delay takes `base` for its predecessor.
    Decorrelated,
}

/// Exponential backoff: `d = min(cap, base * multiplier^i)`, then jitter.
#[derive(Clone, Debug, PartialEq)]
pub struct Backoff {
    pub base_ms: u64,
    pub multiplier: f64,
    pub cap_ms: u64,
    pub jitter: Jitter,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff { base_ms: 500, multiplier: 2.0, cap_ms: 20_000, jitter: Jitter::Full }
    }
}

impl Backoff {
    /// Milliseconds before a retry; `index` is 0 for the first one. `previous_ms` is the last result, used by
    /// [`Jitter::Decorrelated`] only. Saturates at any index.
    pub fn delay_ms(&self, index: u32, previous_ms: Option<u64>, rng: &mut Rng) -> u64 {
        let d = self.without_jitter_ms(index);
        match self.jitter {
            Jitter::None => d,
            Jitter::Additive => d.saturating_add(rng.u64(0..=d / 10)),
            Jitter::Full => rng.u64(0..=d),
            Jitter::Equal => {
                let half = d / 2;
                half + rng.u64(0..=d - half)
            }
            Jitter::Decorrelated => {
                let high = previous_ms.unwrap_or(self.base_ms).saturating_mul(3).max(self.base_ms);
                rng.u64(self.base_ms..=high).min(self.cap_ms)
            }
        }
    }

    /// `min(cap, base * multiplier^index)` in milliseconds, exact as long as the product is a whole number below 2^53.
    pub fn without_jitter_ms(&self, index: u32) -> u64 {
        // 0 * infinity is no number, yet a zero base means zero at every index.
        if self.base_ms == 0 {
            return 0;
        }
        let exponent = i32::try_from(index).unwrap_or(i32::MAX);
        let d = self.base_ms as f64 * self.multiplier.powi(exponent);
        if d.is_nan() || d >= self.cap_ms as f64 {
            return self.cap_ms;
        }
        // Rounded, because 100 * 1.4^2 comes out as 195.99999999999997. The cast saturates.
        d.round() as u64
    }
}
