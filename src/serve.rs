//! The order of start (policy → gateway → sockets → ready), of reload and of stop. One control thread
//! does it all, but for the compile of a reload; no reload stalls a worker.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime};

use crate::carryover::Carryover;
use crate::edge::admin;
use crate::edge::doors::{Doors, Opened};
use crate::gateway::live::Live;
use crate::observe::access_log::AccessLog;
use crate::observe::crashes::Reporter;
use crate::observe::logs::{self, Logs};
use crate::observe::metrics::Metrics;
use crate::serve::awaiting::{Awaiting, LOOK_EVERY};
use crate::serve::control::{tell, tell_aside};
use crate::serve::logging::{format, level, start_access_log};
use crate::serve::operator::Operator;
use crate::serve::reloading::Reloading;
use crate::signals::{Signals, Wish};
use crate::source::{Compiled, PolicySource, Refused, style_for_stderr};
use crate::upstream::tend::Tending;
use crate::workers::{Workers, worker_count};

mod awaiting;
mod control;
mod files;
mod logging;
mod memory;
mod operator;
mod reloading;
mod reporting;

/// How often clients that have gone quiet are forgotten.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// How long the logs may take to write their last lines.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Why the gateway did not start, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The policy cannot be read or has faults; the report says all.
    #[error(transparent)]
    Policy(#[from] Refused),
    /// A listener cannot have its address.
    #[error(transparent)]
    Bind(#[from] crate::edge::door::BindError),
    /// A log cannot be opened.
    #[error("the access log cannot be opened: {0}; check the path and its permissions")]
    Log(#[source] std::io::Error),
    /// A test event did not arrive at Sentry.
    #[error("{0}")]
    Test(String),
    /// Threads, signals or the like.
    #[error("the system refused what the gateway needs to run: {0}")]
    System(#[from] std::io::Error),
}

/// The running gateway, as the control thread sees it.
struct Running {
    source: PolicySource,
    live: Live,
    carryover: Arc<Carryover>,
    workers: Workers,
    doors: Doors,
    operator: Operator,
    awaiting: Awaiting,
    tending: Tending,
    reloading: Reloading,
    access: Option<AccessLog>,
    reporter: Option<Reporter>,
    logs: Logs,
    _memory: memory::Watch,
}

/// Serves a policy until a signal ends it.
pub fn serve(source: PolicySource) -> Result<(), StartError> {
    files::raise();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    control::run(runtime, async {
        let mut signals = Signals::listen()?;
        let mut running = Running::start(source)?;
        running.announce();
        running.attend(&mut signals).await;
        running.stop(&mut signals).await;
        Ok(())
    })
}

impl Running {
    fn start(source: PolicySource) -> Result<Self, StartError> {
        let metrics = Metrics::new(SystemTime::now());
        let workers = worker_count(source.workers()?);
        let carryover = Arc::new(Carryover::new(Arc::clone(&metrics), workers));
        let Compiled { gateway, warnings } = source.compile(&carryover, style_for_stderr())?;
        tell(&warnings);
        let mut doors = Doors::new(Arc::clone(&carryover.open));
        let opened = doors.open_new(&gateway.listeners, workers)?;
        let admin = admin::open(&gateway)?;
        let logs = logs::start(
            format(gateway.logs.format),
            level(gateway.logs.level),
            metrics.log_lost.clone(),
        )?;
        let access =
            start_access_log(&gateway.logs, metrics.access_log_lost.clone()).map_err(StartError::Log)?;
        metrics.policy_in_force(&gateway.hash);
        let reporter = reporting::start(&gateway, &metrics);
        let tending = Tending::new();
        tending.set(&gateway.upstreams);
        let mut awaiting = Awaiting::default();
        awaiting.follow(&gateway, &carryover);
        carryover.memory.set_ceiling(gateway.max_memory);
        let memory = memory::watch(Arc::clone(&carryover.memory), Arc::clone(&metrics))?;
        let live = Live::new(gateway);
        let workers = Workers::start(&live, &carryover, access.as_ref(), reporter.as_ref())?;
        for (door, sockets) in opened {
            workers.accept(&door, sockets);
        }
        let operator = Operator::serve(admin, &live, &carryover)?;
        Ok(Self {
            source,
            live,
            carryover,
            workers,
            doors,
            operator,
            awaiting,
            tending,
            reloading: Reloading::default(),
            access,
            reporter,
            logs,
            _memory: memory,
        })
    }

    /// The line scripts wait for: which listener is bound where.
    fn announce(&self) {
        let line = format!(
            "portcullis ready: {}{}{} workers={} connections={}\n",
            self.doors.describe(),
            self.awaiting.describe(),
            self.operator.describe(),
            self.carryover.workers,
            self.doors.connections().join(",")
        );
        let gateway = self.live.current();
        tracing::info!(
            listeners = self.doors.describe(),
            workers = self.carryover.workers,
            policy = gateway.hash,
            "serving"
        );
        for remark in &gateway.remarks {
            tracing::info!("{remark}");
        }
        tell_aside(line);
    }

    async fn attend(&mut self, signals: &mut Signals) {
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                wish = signals.next() => match wish {
                    Wish::Reload => self.begin_reload(),
                    Wish::Stop => return,
                },
                compiled = self.reloading.compiled() => self.finish_reload(compiled),
                _ = sweep.tick() => self.carryover.sweep(Instant::now()),
                // A policy that is being compiled looks at the same certificates.
                _ = look.tick(), if !self.awaiting.is_over() && !self.reloading.is_under_way() => self.open_late(),
            }
        }
    }

    fn accept(&self, opened: Vec<Opened>) {
        for (door, sockets) in opened {
            self.workers.accept(&door, sockets);
        }
    }

    /// Takes no new connection, lets requests under way finish, and gives up when the policy says so or
    /// the operator asks twice.
    async fn stop(self, signals: &mut Signals) {
        let drain = self.live.current().drain;
        tracing::info!(
            drain_seconds = drain.as_secs_f64(),
            "stopping: finishing what is under way"
        );
        self.carryover.draining.store(true, Relaxed);
        self.doors.close_all();
        self.workers.finish();
        let deadline = tokio::time::sleep(drain);
        tokio::pin!(deadline);
        let mut look = tokio::time::interval(Duration::from_millis(5));
        let drained = loop {
            tokio::select! {
                _ = look.tick() => if self.workers.are_done() { break true; },
                () = &mut deadline => break false,
                wish = signals.next() => if wish == Wish::Stop { break false; },
            }
        };
        if drained {
            tracing::info!("stopped: everything under way was finished");
        } else {
            let left = self.carryover.metrics.in_flight.get();
            tracing::warn!(
                requests = left,
                "stopped before everything under way was finished"
            );
            self.workers.leave();
            let gone = async {
                while !self.workers.are_done() {
                    look.tick().await;
                }
            };
            let _all_gone = tokio::time::timeout(LAST_LINES, gone).await.is_ok();
        }
        reporting::stop(self.reporter);
        if let Some(access) = &self.access {
            access.stop(LAST_LINES);
        }
        self.logs.stop(LAST_LINES);
    }
}
