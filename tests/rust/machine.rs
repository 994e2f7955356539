//! The call machine under a virtual clock and a scripted transport: what it decides, and when, to the microsecond.

mod machine {
    pub mod support;

    mod history;
    mod interruptions;
    mod random;
    mod retries;
    mod timeouts;
}
