//! `request_buffer` of a route and `[gateway] spill` → how bodies are kept.

use std::path::Path;
use std::sync::Arc;

use super::Build;
use crate::kept_body::spill::Spill;
use crate::layers::request_buffer::RequestBuffer;
use crate::policy::problem::At;
use crate::policy::{self, Policy, Switch};

/// Compiles a route's `request_buffer`; `at` is its place.
pub(super) fn compile(
    table: Switch<policy::RequestBuffer>,
    spill: &Arc<Spill>,
    at: &At<'_>,
) -> Option<RequestBuffer> {
    let table = table.get()?;
    if table.max.0 == 0 {
        at.key("max")
            .fault("a body of 0 bytes is none")
            .help("write the largest body that is taken, such as \"10MiB\"");
    }
    Some(RequestBuffer {
        max: table.max.0,
        memory: table.memory.0,
        spill: Arc::clone(spill),
    })
}

/// The place of the files, as this policy has it.
pub(super) fn spill(policy: &Policy, build: &Build<'_>) -> Arc<Spill> {
    let policy::Spill { folder, max } = &policy.gateway.spill;
    Arc::new(Spill::new(folder, max.0, Arc::clone(&build.carryover.spilled)))
}

/// A folder that cannot be used shows now rather than with the first large body.
pub(super) fn report_folder(policy: &Policy, build: &Build<'_>) {
    let spills = |settings: &policy::Settings| {
        let table = settings.request_buffer.get();
        table.is_some_and(|table| table.max > table.memory)
    };
    let routes = policy.routes.iter();
    if !routes
        .map(|route| &route.settings)
        .chain([&policy.defaults])
        .any(spills)
    {
        return;
    }
    let folder: &Path = &policy.gateway.spill.folder;
    let Err(error) = spill(policy, build).open() else {
        return;
    };
    build
        .at()
        .key("gateway")
        .key("spill")
        .key("folder")
        .fault(format!(
            "no file can be made in `{}`, where `request_buffer` keeps large bodies: {error}",
            folder.display()
        ))
        .help("make the folder and let the gateway's user write to it, or name another one");
}
