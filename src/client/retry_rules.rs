//! The retry policy as a program configures it: the pure rules, and the program's own judge.

use crate::client::attempt::Attempt;
use crate::client::headers;
use crate::error::{Error, Result};
use crate::policy::budget::{Budget, BudgetPolicy};
use crate::policy::retry::{MethodSet, RetryPolicy, StatusSet};
use crate::sync::Mutex;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Default,
    Retry,
    Stop,
}

pub type Decider = dyn Fn(&Attempt) -> Decision + Send + Sync;

#[derive(Clone)]
pub struct RetryRules {
    pub policy: RetryPolicy,
    pub decider: Option<Arc<Decider>>,
    /// Of loops without HTTP, for all copies of these rules together; calls have one for each origin.
    pub budget: Arc<Mutex<Budget>>,
    /// Functions without HTTP may be run again when they may have had their effect.
    pub idempotent: bool,
}

impl Default for RetryRules {
    fn default() -> RetryRules {
        let policy = RetryPolicy::default();
        let budget = Arc::new(Mutex::new(Budget::new(&policy.budget)));
        RetryRules { policy, decider: None, budget, idempotent: false }
    }
}

impl RetryRules {
    pub fn off() -> RetryRules {
        let policy = RetryPolicy { max_attempts: 1, ..RetryPolicy::default() };
        RetryRules { policy, ..RetryRules::default() }
    }

    pub fn set_max_attempts(&mut self, attempts: u32) -> Result<()> {
        if attempts == 0 {
            return Err(Error::invalid("attempts", "is 0; 1 means a single try without retries"));
        }
        self.policy.max_attempts = attempts;
        Ok(())
    }

    pub fn set_backoff(&mut self, base_ms: u64, multiplier: f64, cap_ms: u64) -> Result<()> {
        if !(1.0..=1000.0).contains(&multiplier) {
            return Err(Error::invalid("multiplier", format!("{multiplier} is not between 1 and 1000")));
        }
        if cap_ms < base_ms {
            return Err(Error::invalid("cap_ms", format!("{cap_ms} is less than base_ms, {base_ms}")));
        }
        let backoff = &mut self.policy.backoff;
        (backoff.base_ms, backoff.multiplier, backoff.cap_ms) = (base_ms, multiplier, cap_ms);
        Ok(())
    }

    pub fn set_statuses(&mut self, statuses: &[i32]) -> Result<()> {
        let codes: Option<Vec<u16>> = statuses
            .iter()
            .map(|status| u16::try_from(*status).ok().filter(|code| (100..600).contains(code)))
            .collect();
        let codes = codes.ok_or_else(|| {
            let odd = statuses.iter().find(|status| !(100..600).contains(*status)).copied().unwrap_or_default();
            Error::invalid("statuses", format!("{odd} is no HTTP status (100 to 599)"))
        })?;
        self.policy.statuses = StatusSet::from_codes(&codes);
        Ok(())
    }

    pub fn set_methods(&mut self, methods: &[&str]) -> Result<()> {
        for method in methods {
            headers::check_method(method).map_err(|why| Error::invalid("methods", why))?;
        }
        self.policy.methods = MethodSet::from_names(methods);
        Ok(())
    }

    pub fn set_budget(&mut self, capacity: u32, retry_cost: u32, throttled_cost: u32) {
        self.policy.budget = BudgetPolicy { capacity, retry_cost, throttled_cost, enabled: capacity > 0 };
        self.budget = Arc::new(Mutex::new(Budget::new(&self.policy.budget)));
    }
}
