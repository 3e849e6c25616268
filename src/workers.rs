//! The threads that serve: one single-threaded runtime per worker, with sockets, pools and log buffers of
//! its own, so that workers wait for each other in nothing. All futures are `Send`; only this file knows
//! how they are laid out.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tower::Service;

use crate::carryover::Carryover;
use crate::edge::accept::Acceptor;
use crate::edge::crew::{Crew, Inbox};
use crate::edge::door::Door;
use crate::gateway::live::Live;
use crate::http::exchange::Response;
use crate::observe::access_log::{self, AccessLog};
use crate::observe::crashes::Reporter;
use crate::policy::Workers as WorkerCount;
use crate::stack::enter::Arrival;
use crate::stack::passage::Lane;
use crate::stack::stack;

/// How long a log line may stay in a worker's buffer.
const FLUSH_EVERY: Duration = Duration::from_millis(100);

/// How long clients may take, at the end, to be told that their streams are cut.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// All workers.
pub struct Workers {
    workers: Vec<Worker>,
}

struct Worker {
    orders: mpsc::UnboundedSender<Order>,
    thread: JoinHandle<()>,
}

enum Order {
    /// Accept from this socket of a door.
    Accept(TcpListener, Arc<Door>),
    /// Another gateway is in force.
    Renew,
    /// All doors are closed: finish, then end.
    Finish,
    /// The time to finish is over: end.
    Leave,
}

impl Workers {
    /// Starts the threads.
    pub fn start(
        live: &Live,
        carryover: &Arc<Carryover>,
        log: Option<&AccessLog>,
        reporter: Option<&Reporter>,
    ) -> io::Result<Self> {
        let (crew, inboxes) = Crew::new(carryover.workers);
        let start = |(number, newcomers): (usize, Inbox)| {
            let lane = Arc::new(Lane {
                holder: live.holder(),
                log: log.map(AccessLog::lane),
                crashes: reporter.map(Reporter::lane),
                leaving: watch::Sender::new(false),
            });
            let acceptor = Acceptor {
                worker: number,
                lane,
                crew: Arc::clone(&crew),
                carryover: Arc::clone(carryover),
                metrics: Arc::clone(&carryover.metrics),
                visitors: None,
                stack: stack(),
            };
            let (orders, inbox) = mpsc::unbounded_channel();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let thread = thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || runtime.block_on(work(acceptor, inbox, newcomers)))?;
            Ok(Worker { orders, thread })
        };
        Ok(Self {
            workers: inboxes
                .into_iter()
                .enumerate()
                .map(start)
                .collect::<io::Result<_>>()?,
        })
    }

    /// Gives each worker its socket of a door.
    pub fn accept(&self, door: &Arc<Door>, sockets: Vec<TcpListener>) {
        for (worker, socket) in self.workers.iter().zip(sockets) {
            // A worker that is gone has panicked; the others go on.
            let _gone = worker
                .orders
                .send(Order::Accept(socket, Arc::clone(door)))
                .is_err();
        }
    }

    /// Has all workers let go of a gateway that is no longer in force; one without a request would keep it.
    pub fn renew(&self) {
        for worker in &self.workers {
            let _gone = worker.orders.send(Order::Renew).is_err();
        }
    }

    /// Asks all workers to end once their connections have.
    pub fn finish(&self) {
        for worker in &self.workers {
            let _gone = worker.orders.send(Order::Finish).is_err();
        }
    }

    /// Asks all workers to end now. What is under way is dropped, and logged as cut.
    pub fn leave(&self) {
        for worker in &self.workers {
            let _gone = worker.orders.send(Order::Leave).is_err();
        }
    }

    /// Whether all have ended.
    pub fn are_done(&self) -> bool {
        self.workers.iter().all(|worker| worker.thread.is_finished())
    }
}

async fn work<S>(acceptor: Acceptor<S>, mut inbox: mpsc::UnboundedReceiver<Order>, mut newcomers: Inbox)
where
    S: Service<Arrival, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
{
    let lane = Arc::clone(&acceptor.lane);
    let (alive, mut all_gone) = mpsc::channel::<()>(1);
    let flushing = lane.log.clone().map(|log| tokio::spawn(flush(log)));
    loop {
        let order = tokio::select! {
            biased;
            order = inbox.recv() => order,
            Some(newcomer) = newcomers.recv() => {
                acceptor.take_in(newcomer, &alive);
                continue;
            }
        };
        match order {
            Some(Order::Accept(socket, door)) => match tokio::net::TcpListener::from_std(socket) {
                Ok(socket) => drop(tokio::spawn(acceptor.clone().run(socket, door, alive.clone()))),
                Err(error) => tracing::error!(error = %error, "a worker cannot use its socket"),
            },
            Some(Order::Renew) => drop(lane.holder.snapshot()),
            Some(Order::Finish) | None => break,
            Some(Order::Leave) => {
                lane.leave();
                return tokio::time::sleep(LAST_WORDS).await;
            }
        }
    }
    // Whoever would hand over a connection from now on keeps it.
    newcomers.close();
    while let Some(newcomer) = newcomers.recv().await {
        acceptor.take_in(newcomer, &alive);
    }
    drop(acceptor);
    drop(alive);
    tokio::select! {
        // Ends when the last acceptor and the last connection have dropped their sender.
        _ = all_gone.recv() => {}
        // The one order that can follow. Connections still open are dropped with the runtime.
        _ = inbox.recv() => {
            lane.leave();
            let _all_gone = tokio::time::timeout(LAST_WORDS, all_gone.recv()).await.is_ok();
        }
    }
    if let Some(flushing) = flushing {
        flushing.abort();
    }
}

async fn flush(log: access_log::Lane) {
    let mut every = tokio::time::interval(FLUSH_EVERY);
    loop {
        every.tick().await;
        log.flush();
    }
}

/// How many workers a policy asks for; `auto` is what the CPU quota allows.
pub fn worker_count(count: WorkerCount) -> usize {
    match count {
        WorkerCount::Auto => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        WorkerCount::Count(count) => usize::from(count.get()),
    }
}
