//! What a client's pool holds at one moment.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections, or permits for one, that calls hold.
    pub in_use: u32,
    pub idle: u32,
    /// Calls that wait for a permit.
    pub waiting: u32,
    /// Connections opened since the client was made.
    pub opened: u64,
    /// Attempts that used an idle connection again.
    pub reused: u64,
}
