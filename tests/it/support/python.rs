//! The Python that `./tests/run` prepares, for real applications behind and before the gateway.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of `tests/apps`, to be given its arguments.
pub fn python() -> Command {
    let mut command = Command::new(interpreter());
    command
        .current_dir(root().join("tests/apps"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn interpreter() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let python = target.join("venv/bin/python");
    assert!(
        python.exists(),
        "{} is missing: ./tests/run makes it",
        python.display()
    );
    python
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
