//! The retry budget of one origin: a token bucket that retries draw from and successes refill, so that retries cannot
//! multiply an outage. Sizes and costs follow the AWS standard retry behaviour 2.1.

/// What retries cost, in tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetPolicy {
    /// The bucket's size, and its first content. 0: no retries at all, not even free ones.
    pub capacity: u32,
    pub retry_cost: u32,
    /// Of a retry after a refusal for load. Lower: the server answers, and says when to come back.
    pub throttled_cost: u32,
    /// Off: retries are neither counted nor refused.
    pub enabled: bool,
}

impl Default for BudgetPolicy {
    fn default() -> Self {
        BudgetPolicy { capacity: 500, retry_cost: 14, throttled_cost: 5, enabled: true }
    }
}

/// The bucket. It locks nothing: the caller holds whatever guards its origin.
#[derive(Debug)]
pub struct Budget {
    tokens: u32,
    capacity: u32,
}

impl Budget {
    /// A full bucket.
    pub fn new(policy: &BudgetPolicy) -> Self {
        Budget { tokens: policy.capacity, capacity: policy.capacity }
    }

    pub fn tokens(&self) -> u32 {
        self.tokens
    }

    pub fn is_full(&self) -> bool {
        self.tokens == self.capacity
    }

    /// All of `cost` or nothing; false when there is less than that.
    pub fn take(&mut self, cost: u32) -> bool {
        match self.tokens.checked_sub(cost) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }

    /// Never above the capacity.
    pub fn give_back(&mut self, n: u32) {
        self.tokens = self.tokens.saturating_add(n).min(self.capacity);
    }
}
