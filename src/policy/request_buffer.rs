//! Request bodies that are kept until they are whole: how much of one, and where all of them together.

use std::path::PathBuf;

use serde::Deserialize;

use super::defaults;
use super::units::Size;

/// `request_buffer`: request bodies are kept until they are whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestBuffer {
    /// Bytes of a request body; more is answered 413. Default `"10MiB"`.
    pub max: Size,
    /// Bytes of it that are kept in memory; the rest goes to `[gateway] spill`. Default `"64KiB"`.
    pub memory: Size,
}

/// `spill`: files without a name, which only this process can read (mode 0600).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spill {
    /// The folder. Default `"/var/tmp"`.
    pub folder: PathBuf,
    /// Bytes of all files together; what does not fit is answered 503. Default `"1GiB"`.
    pub max: Size,
}

impl Default for RequestBuffer {
    fn default() -> Self {
        Self {
            max: defaults::REQUEST_BUFFER,
            memory: defaults::REQUEST_BUFFER_MEMORY,
        }
    }
}

impl Default for Spill {
    fn default() -> Self {
        Self {
            folder: defaults::SPILL_FOLDER.into(),
            max: defaults::SPILL_MAX,
        }
    }
}
