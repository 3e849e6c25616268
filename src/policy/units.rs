//! Values with a unit, as the operator writes them: `"15s"`, `"1MiB"`, `"100/minute"`, `"10.0.0.0/8"`.
//! Each is a type of its own whose parser says how to write it right; a bare number is refused, since
//! a number without its unit is how a timeout of 30 ms ends up in production.

mod network;
mod period;
mod rate;
mod size;
mod switch;
pub(super) mod text;

use std::time::Duration;

pub(super) use text::{Text, one_or_many, text_type};

/// A number of bytes: `"512B"`, `"10KiB"`, `"1MiB"`, `"1GiB"` (also `kB`, `MB`, `GB` in powers of ten).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(pub u64);

/// A length of time: `"250ms"`, `"15s"`, `"5m"`, `"1h"`, `"365d"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(pub Duration);

/// So many requests in so long: `"100/minute"`, `"10/second"`, `"10/hour"`, `"100/60s"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many requests, at least one.
    pub count: u32,
    /// In how long a window, more than nothing.
    pub per: Duration,
}

/// A set of addresses: a CIDR (`"10.0.0.0/8"`), one address (`"192.0.2.7"`), or a name:
/// `loopback`, `private`, `cloudflare`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// As written.
    pub name: String,
    /// The ranges it stands for.
    pub ranges: Vec<ipnet::IpNet>,
}

/// A value, or the word `"off"` that switches it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch<T> {
    /// Switched off by the operator.
    Off,
    /// In force with this value.
    On(T),
}

text_type!(Size, "a size such as \"1MiB\"");
text_type!(Period, "a time such as \"15s\"");
text_type!(Rate, "a rate such as \"100/minute\"");
text_type!(Network, "a network such as \"10.0.0.0/8\"");
