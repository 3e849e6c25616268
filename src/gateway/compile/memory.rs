//! `[gateway] max_memory`: the ceiling in bytes, of what the machine or the control group gives.

use std::fs;
use std::path::Path;

use crate::gateway::compile::Build;
use crate::policy::{LEAST_MEMORY, MaxMemory, Policy, Size};

/// Hundredths of the control group's limit that are used where the policy leaves it to us: the rest is for the kernel's buffers of
/// our sockets, which count there too.
const OF_THE_LIMIT: u64 = 60;
/// And of a machine's memory, where others live.
const OF_THE_MACHINE: u64 = 50;
/// What each further worker needs, in bytes: a few connections and their buffers.
const WORKER: u64 = 8 << 20;

pub(super) fn compile(policy: &Policy, build: &Build<'_>) -> u64 {
    let limit = limit_of_control_group();
    let needed = LEAST_MEMORY.0 + WORKER * build.carryover.workers.saturating_sub(1) as u64;
    let MaxMemory::Size(Size(bytes)) = policy.gateway.max_memory else {
        let auto = limit.map_or_else(
            || machine().unwrap_or(u64::MAX) / 100 * OF_THE_MACHINE,
            |limit| limit / 100 * OF_THE_LIMIT,
        );
        return auto.max(needed);
    };
    let key = build.at().key("gateway").key("max_memory");
    if bytes < needed {
        let least = Size(needed);
        key.fault(format!(
            "{} is less than the gateway needs with {} workers",
            Size(bytes),
            build.carryover.workers
        ))
        .help(format!("write \"{least}\" or more"));
    } else if let Some(limit) = limit.filter(|limit| bytes > *limit) {
        let most = Size((limit / 100 * OF_THE_LIMIT) >> 20 << 20);
        key.fault(format!(
            "{} is more than the control group lets this process use, {limit} bytes",
            Size(bytes)
        ))
        .help(format!("write \"{most}\" or less, or \"auto\""));
    }
    bytes
}

/// The lowest limit of the control groups that the process is in (cgroup v2, `memory.max`), or of v1's; none where there is none.
fn limit_of_control_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let root = Path::new("/sys/fs/cgroup");
    let inside = Path::new(own.trim_start_matches('/'));
    // In a container the path may be that of the host, which is not there.
    let of_v2 = inside
        .ancestors()
        .filter_map(|group| number(&root.join(group).join("memory.max")))
        .min();
    let of_v1 = number(&root.join("memory/memory.limit_in_bytes"));
    let machine = machine().unwrap_or(u64::MAX);
    of_v2.or(of_v1).filter(|limit| *limit < machine)
}

/// A file that holds one number; `max` is none.
fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The memory of the machine, in bytes.
fn machine() -> Option<u64> {
    let facts = fs::read_to_string("/proc/meminfo").ok()?;
    let total = facts.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}
