//! One request through every layer, answered at once in the place of the upstream. What hyper and the sockets
//! cost is not in it: `benches/load/run` measures the whole.

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group};
use http::request::Parts;
use http_body_util::BodyExt;
use portcullis::http::exchange::Response;
use portcullis::observe::Format;
use portcullis::observe::access_log::{AccessLog, Target};
use portcullis::stack::rehearse::Rehearsal;
use tokio::runtime::Runtime;

use crate::fixture::{TIMES, answer, carryover, compile, hardened, json, request};

/// Ready to go: everything is warm, requests and answers are made.
struct Scene {
    runtime: Runtime,
    rehearsal: Rehearsal,
    exchanges: Vec<(Parts, Response)>,
    _log: AccessLog,
}

impl Scene {
    fn new(policy: &str, head: &Parts, body: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let carryover = carryover();
        let lost = carryover.metrics.access_log_lost.clone();
        let log = AccessLog::start(Target::File("/dev/null".into()), Format::Json, lost)
            .expect("/dev/null takes lines");
        let rehearsal = {
            let _inside = runtime.enter();
            Rehearsal::new(compile(policy, &carryover), Some(log.lane()))
        };
        let body = json(body);
        let exchanges = |count| (0..count).map(|_| (head.clone(), answer(&body))).collect();
        let mut scene = Self {
            runtime,
            rehearsal,
            exchanges: exchanges(3),
            _log: log,
        };
        scene.run();
        scene.exchanges = exchanges(TIMES);
        scene
    }

    fn run(&mut self) {
        let exchanges = std::mem::take(&mut self.exchanges);
        self.runtime.block_on(async {
            for (head, answer) in exchanges {
                let response = self.rehearsal.run(head, answer).await;
                assert!(response.status().is_success());
                black_box(response.into_body().collect().await.ok());
            }
        });
    }
}

fn plain() -> Scene {
    Scene::new(&hardened(), &request("/api/items?page=2", &[]), 1000)
}

fn gzip() -> Scene {
    let head = request("/api/items?page=2", &[("accept-encoding", "gzip, deflate, br")]);
    Scene::new(&hardened(), &head, 20 << 10)
}

fn bare() -> Scene {
    let policy = "[upstreams.origin]\nservers = [\"http://127.0.0.1:8000\"]\n";
    Scene::new(policy, &request("/api/items?page=2", &[]), 1000)
}

#[library_benchmark]
#[bench::hardened(plain())]
#[bench::hardened_gzip_20k(gzip())]
#[bench::defaults(bare())]
fn once(mut scene: Scene) -> Scene {
    scene.run();
    scene
}

library_benchmark_group!(name = whole_stack, benchmarks = once);
