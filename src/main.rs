//! The `portcullis` binary.

use std::process::ExitCode;

/// See `docs/decisions/009-allocator.md`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    portcullis::cli::run()
}
