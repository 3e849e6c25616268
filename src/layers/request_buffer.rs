//! `request_buffer`: a request body is kept until it is whole, then the upstream is asked and told its length
//! (`stack/keep.rs`). Without, a body that tells no length is waited for briefly (`stack/forward/brief.rs`).

use std::sync::Arc;
use std::time::Duration;

use crate::kept_body::Bounds;
use crate::kept_body::spill::Spill;
use crate::layers::Describe;
use crate::policy::Size;

/// How long the end of a small body without a length is waited for where nothing is said: a client that wants an answer to
/// the first half of its body waits no longer than that.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// How much of a body is kept, and where.
#[derive(Debug)]
pub struct RequestBuffer {
    /// The most bytes.
    pub max: u64,
    /// Bytes of it in memory.
    pub memory: u64,
    /// Where the rest goes.
    pub spill: Arc<Spill>,
}

impl RequestBuffer {
    /// The bounds of one body.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            max: self.max,
            memory: self.memory,
            spill: Some(Arc::clone(&self.spill)),
        }
    }
}

impl Describe for RequestBuffer {
    fn describe(&self) -> Vec<String> {
        let (memory, spill) = (self.memory.min(self.max), &self.spill);
        let mut phrases = vec![format!(
            "waits for the whole body, at most {}, {} of it in memory",
            Size(self.max),
            Size(memory)
        )];
        if self.max > memory {
            let (folder, max) = (spill.folder().display(), Size(spill.max()));
            phrases.push(format!("the rest in {folder}, at most {max} for all requests"));
        }
        phrases
    }
}
