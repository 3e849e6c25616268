//! The application under the real server, as seed 001 runs it: several worker processes, keep-alive 5 s.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::lines::Lines;
use crate::support::python::python;
use crate::support::{Ask, Wire, until};

/// A running application; dropping it stops it and its workers.
pub struct Uvicorn {
    child: Child,
    address: SocketAddr,
}

impl Uvicorn {
    /// Starts it on a free port and waits until it answers.
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let address = free_address();
        let mut child = python()
            .args([
                "-m",
                "uvicorn",
                "shop:app",
                "--host",
                "127.0.0.1",
                "--port",
                &address.port().to_string(),
            ])
            .args(["--workers", "2", "--timeout-keep-alive", "5", "--no-access-log"])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let printed = Lines::read(child.stderr.take().unwrap());
        let mut app = Self { child, address };
        until("uvicorn answers", || {
            assert!(
                app.child.try_wait().unwrap().is_none(),
                "uvicorn ended: {:#?}",
                printed.so_far()
            );
            Wire::try_connect(address).is_ok()
        });
        assert_eq!(Ask::get("/").to(address).status, 200, "{:#?}", printed.so_far());
        app
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Uvicorn {
    fn drop(&mut self) {
        // TERM, not KILL: the parent must get the chance to stop its workers.
        let _already_gone = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _status = self.child.wait();
    }
}

/// A port that nobody has now. uvicorn's parent binds it for its workers, so that it can't choose one itself
/// and tell us.
fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
}
