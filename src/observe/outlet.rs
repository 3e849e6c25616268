//! One writer thread and the bounded queue before it: whoever has lines hands them over and goes on.
//! It never makes a worker wait: when the sink is slower than the traffic, lines are dropped and counted.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::observe::lock;
use crate::observe::metrics::Counter;
use crate::observe::sink::{self, Sink};

/// A batch of lines is handed over when it is this long, in bytes.
pub(super) const BATCH: usize = 60 * 1024;
/// Room for the line that makes a batch full, so that the buffer seldom grows.
const SLACK: usize = 4 * 1024;
/// Bytes that may wait for the writer; beyond them lines are lost rather than memory.
const QUEUE: usize = 4 * 1024 * 1024;
/// Empty buffers kept for the next batches.
const SPARES: usize = 16;

/// The way to a sink.
pub(super) struct Outlet {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    done: Condvar,
    lost: Counter,
}

#[derive(Default)]
struct Queue {
    orders: VecDeque<Order>,
    bytes: usize,
    spares: Vec<Vec<u8>>,
    closed: bool,
    finished: bool,
}

enum Order {
    Write(Vec<u8>),
    Swap(Sink),
}

impl Outlet {
    /// Starts the writer thread under this name (15 bytes at most are shown by the system).
    pub(super) fn start(name: &str, mut sink: Sink, lost: Counter) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            work: Condvar::new(),
            done: Condvar::new(),
            lost,
        });
        let ours = Arc::clone(&shared);
        let writer = thread::Builder::new().name(name.to_owned()).spawn(move || {
            while let Some(order) = ours.next() {
                match order {
                    Order::Write(batch) => {
                        ours.lost.add(sink.put(&batch));
                        ours.give_back(batch);
                    }
                    Order::Swap(new) => sink = new,
                }
            }
            ours.finish();
        })?;
        Ok(Self {
            shared,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// An empty buffer for a batch.
    pub(super) fn buffer(&self) -> Vec<u8> {
        self.shared.lock().spares.pop().unwrap_or_else(fresh)
    }

    /// Takes the lines and leaves an empty buffer. Lines are dropped and counted when too much waits.
    pub(super) fn hand_over(&self, batch: &mut Vec<u8>) {
        self.exchange(batch, QUEUE);
    }

    /// As `hand_over`, however much waits: for the last lines, once no more can come.
    pub(super) fn hand_over_last(&self, batch: &mut Vec<u8>) {
        self.exchange(batch, usize::MAX);
    }

    /// Takes one line, or drops and counts it.
    pub(super) fn send(&self, line: Vec<u8>) {
        if let Err(line) = self.enqueue(line, QUEUE) {
            self.shared.lost.add(sink::lines(&line));
        }
    }

    /// What is handed over from now on goes to another sink.
    pub(super) fn swap(&self, sink: Sink) {
        self.shared.lock().orders.push_back(Order::Swap(sink));
        self.shared.work.notify_one();
    }

    /// Writes all that waits and ends the thread; gives up on a sink that takes nothing for so long.
    /// Returns whether all was written. Lines handed over afterwards are counted as lost.
    pub(super) fn stop(&self, patience: Duration) -> bool {
        let mut queue = self.shared.lock();
        queue.closed = true;
        self.shared.work.notify_one();
        let (queue, _) = self
            .shared
            .done
            .wait_timeout_while(queue, patience, |queue| !queue.finished)
            .unwrap_or_else(PoisonError::into_inner);
        let finished = queue.finished;
        drop(queue);
        if finished && let Some(writer) = lock(&self.writer).take() {
            return writer.join().is_ok();
        }
        finished
    }

    fn exchange(&self, batch: &mut Vec<u8>, limit: usize) {
        if batch.is_empty() {
            return;
        }
        *batch = match self.enqueue(std::mem::take(batch), limit) {
            Ok(spare) => spare.unwrap_or_else(fresh),
            Err(mut refused) => {
                self.shared.lost.add(sink::lines(&refused));
                refused.clear();
                refused
            }
        };
    }

    /// Queues the batch and brings a spare buffer if there is one; gives the batch back when too much waits.
    fn enqueue(&self, batch: Vec<u8>, limit: usize) -> Result<Option<Vec<u8>>, Vec<u8>> {
        let mut queue = self.shared.lock();
        if queue.closed || queue.bytes.saturating_add(batch.len()) > limit {
            return Err(batch);
        }
        queue.bytes += batch.len();
        queue.orders.push_back(Order::Write(batch));
        let spare = queue.spares.pop();
        drop(queue);
        self.shared.work.notify_one();
        Ok(spare)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// The next order; none when closed and empty.
    fn next(&self) -> Option<Order> {
        let mut queue = self
            .work
            .wait_while(self.lock(), |queue| queue.orders.is_empty() && !queue.closed)
            .unwrap_or_else(PoisonError::into_inner);
        let order = queue.orders.pop_front();
        if let Some(Order::Write(batch)) = &order {
            queue.bytes = queue.bytes.saturating_sub(batch.len());
        }
        order
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut queue = self.lock();
        if queue.spares.len() < SPARES && (BATCH..=2 * BATCH).contains(&buffer.capacity()) {
            queue.spares.push(buffer);
        }
    }

    fn finish(&self) {
        self.lock().finished = true;
        self.done.notify_all();
    }
}

fn fresh() -> Vec<u8> {
    Vec::with_capacity(BATCH + SLACK)
}

#[cfg(test)]
mod tests;
