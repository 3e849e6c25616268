//! What the operator wrote.

pub mod units;
