//! What an answer is held to: by what was asked, and by what the policy says of its server.

use super::repair::Repairs;

/// What an answer is an answer to, as far as that tells how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Any request but those below.
    Plain,
    /// HEAD: the answer has no body, whatever its head says.
    Head,
    /// A handshake: a 101 may answer it, and what follows that is no HTTP.
    Switch,
}

/// What a server's answers are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The most octets of one head.
    pub max_head: usize,
    /// The most fields of one head.
    pub max_fields: u16,
    /// What this server is allowed.
    pub tolerated: Repairs,
}

impl Default for Rules {
    /// As the policy has it where nothing is written.
    fn default() -> Self {
        Self {
            max_head: 96 * 1024,
            max_fields: 200,
            tolerated: Repairs::default(),
        }
    }
}
