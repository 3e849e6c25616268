//! A real application as a child process, on a port of the test's choosing.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::lines::Lines;
use super::{Wire, until};

/// A running application; dropping it stops it and its workers.
pub struct App {
    child: Child,
    address: SocketAddr,
}

impl App {
    /// Starts what the closure makes for a free address, and waits until it accepts connections.
    pub fn start(command: impl FnOnce(SocketAddr) -> Command) -> Self {
        let address = free_address();
        let mut child = command(address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let printed = Lines::read(child.stderr.take().unwrap());
        let mut app = Self { child, address };
        until("the application accepts connections", || {
            assert!(
                app.child.try_wait().unwrap().is_none(),
                "it ended: {:#?}",
                printed.so_far()
            );
            Wire::try_connect(address).is_ok()
        });
        app
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // TERM, not KILL: the parent must get the chance to stop its workers.
        let _already_gone = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _status = self.child.wait();
    }
}

/// A port that nobody has now.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}
