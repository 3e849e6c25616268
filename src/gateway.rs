//! Floor 5: the compiled gateway.

pub mod router;
