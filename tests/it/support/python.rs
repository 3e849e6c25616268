//! The Python that `./tests/run` prepares, for real applications behind and before the gateway.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of `tests/apps`, to be given its arguments. It has the packages of `tests/apps/requirements.txt`.
pub fn python() -> Command {
    python_in("venv")
}

/// The same with the packages of `tests/apps/requirements-NAME.txt`.
pub fn python_of(name: &str) -> Command {
    python_in(&format!("venv-{name}"))
}

fn python_in(environment: &str) -> Command {
    let mut command = Command::new(interpreter(environment));
    command
        .current_dir(root().join("tests/apps"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn interpreter(environment: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let python = target.join(environment).join("bin/python");
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
