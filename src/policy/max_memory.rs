//! `[gateway] max_memory`: the most bytes that the process holds.

use std::fmt;

use super::units::{Size, text};

/// What the process needs with one worker before it serves anybody: code, policy, tables, and a few connections.
pub const LEAST: Size = Size(56 << 20);

/// The most bytes that the process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaxMemory {
    /// What the machine gives: 60 % of the control group's limit, else half of the memory.
    #[default]
    Auto,
    /// So many.
    Size(Size),
}

impl TryFrom<&str> for MaxMemory {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        if text.trim() == "auto" {
            return Ok(Self::Auto);
        }
        let size = Size::try_from(text)?;
        if size < LEAST {
            return Err(format!(
                "{size} is less than the gateway needs: write \"{LEAST}\" or more"
            ));
        }
        Ok(Self::Size(size))
    }
}

impl fmt::Display for MaxMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Size(size) => size.fmt(f),
        }
    }
}

text::text_type!(MaxMemory, "`\"auto\"` or a size such as \"512MiB\"");
