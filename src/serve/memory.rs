//! Looks how much memory the process uses, fifty times a second, and has done what follows from it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::http::memory::{Look, Memory, Stage, Watchman};
use crate::observe::metrics::Metrics;

/// How often is looked.
const EVERY: Duration = Duration::from_millis(20);
/// In how many looks the metrics are brought up to date.
const SHOWN_EVERY: u32 = 50;

/// The thread that looks. It ends when this is dropped.
pub(super) struct Watch(#[expect(dead_code, reason = "held, not used")] Sender<()>);

/// Begins to look.
pub(super) fn watch(memory: Arc<Memory>, metrics: Arc<Metrics>) -> io::Result<Watch> {
    let (held, until) = channel();
    let statm = File::open("/proc/self/statm").ok();
    let page = rustix::param::page_size() as u64;
    thread::Builder::new()
        .name("memory".to_owned())
        .spawn(move || run(&memory, &metrics, &until, || resident(statm.as_ref(), page)))?;
    Ok(Watch(held))
}

fn run(memory: &Memory, metrics: &Metrics, until: &Receiver<()>, resident: impl Fn() -> u64) {
    let (mut watchman, mut looks) = (Watchman::default(), 0);
    loop {
        let (max, resident, bodies) = (memory.ceiling(), resident(), memory.held() as u64);
        let look = watchman.look(resident.max(bodies), max, Instant::now());
        if looks % SHOWN_EVERY == 0 || look.changed {
            metrics.memory.show(max, resident, bodies);
        }
        looks = looks.wrapping_add(1);
        act(look, memory, metrics, (max, resident, bodies));
        if let Err(RecvTimeoutError::Disconnected) = until.recv_timeout(EVERY) {
            return;
        }
    }
}

fn act(look: Look, memory: &Memory, metrics: &Metrics, (max, resident, bodies): (u64, u64, u64)) {
    let Look {
        stage,
        changed,
        reset,
    } = look;
    if changed {
        memory.enter(stage);
        match stage {
            Stage::Free => tracing::info!(max, resident, bodies, "memory is free again"),
            Stage::Near | Stage::Full => {
                metrics.memory.actions.count(stage.name());
                tracing::warn!(
                    stage = stage.name(),
                    max,
                    resident,
                    bodies,
                    "memory is short (`[gateway] max_memory`)"
                );
            }
        }
    }
    if reset && let Some(held) = memory.reset_largest() {
        metrics.memory.actions.count("reset");
        tracing::debug!(held, "a connection was reset for what it held");
    }
}

/// Bytes of memory that the process has in use.
fn resident(statm: Option<&File>, page: u64) -> u64 {
    let mut text = [0; 128];
    let read = statm.and_then(|statm| statm.read_at(&mut text, 0).ok());
    let text = text
        .get(..read.unwrap_or(0))
        .and_then(|text| str::from_utf8(text).ok());
    let pages = text.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * page
}
