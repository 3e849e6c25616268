//! The limit of open files, which is a limit of connections. The soft one that systems set (1024) is meant for
//! programs that use `select`; this one does not, so it takes what the hard one grants, within reason.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::gateway::listener::FILES;

/// Raises the limit for this process, where it may.
pub(super) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let granted = limit.maximum.map_or(FILES, |most| most.min(FILES));
    if limit.current.is_some_and(|now| now < granted) {
        let raised = Rlimit {
            current: Some(granted),
            maximum: limit.maximum,
        };
        // Fewer files are fewer connections, and no reason not to serve.
        let _stays = setrlimit(Resource::Nofile, raised);
    }
}
