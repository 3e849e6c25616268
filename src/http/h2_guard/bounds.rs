//! How large a header block may be on the wire.

use crate::http::h2_guard::rules::FRAME;

/// What a header block may be larger than the list it holds: changes of table size, padding.
const SLACK: u32 = 1024;

/// The bounds of one connection.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of one header block, compressed.
    pub block: u32,
    /// CONTINUATION frames of one header block.
    pub continuations: u32,
}

impl Bounds {
    /// For heads of so many bytes. A block whose frames are nearly empty is no client's way to send one
    /// (CVE-2024-27316 and its kin): each may be a quarter smaller than it could be.
    pub fn of(max_head: usize) -> Self {
        let most = u32::try_from(max_head).unwrap_or(u32::MAX / 4);
        let full = (most / FRAME).max(1);
        Self {
            block: most.saturating_mul(2).saturating_add(SLACK),
            continuations: (full + full / 4).clamp(4, 80),
        }
    }
}
