"""What is measured, by name: the rows of the table."""
import concurrent.futures
import dataclasses
import time
import typing

from loadbench import clients, idle, machine, relay
from loadbench.aims import Aim


@dataclasses.dataclass
class Workload:
    """`run` loads a running proxy for some seconds; `rows` are the figures of its result that the table shows, with their
    titles, `aims` what they are to reach. `plain` names the workload of ours that it is compared with: `alone`, in the place of
    the peers."""
    name: str
    rows: dict
    run: typing.Callable
    mode: str = "hardened"
    workers: int = 1
    # For how many workers CPUs are set apart.
    placed_for: int = 1
    # Added to the policy.
    extra: str = ""
    plain: str = ""
    alone: bool = False
    aims: dict = dataclasses.field(default_factory=dict)
    most_rounds: int = 1000


def cpu(title):
    return {"cpu_us": title}


def by_wrk(path="/", connections=64, headers=(), tls=False, **arguments):
    def run(running, seconds, _options):
        return clients.wrk(running.url(path, tls), running.places.rest, seconds, connections, headers, **arguments)
    return run


def by_gzip(running, seconds, options):
    """With the length of a compressed body."""
    _, headers, length = running.get("/files/20k.json", {"Accept-Encoding": "gzip"})
    if headers.get("content-encoding") != "gzip":
        raise RuntimeError(f"{running.target.name} does not compress")
    return {**by_wrk("/files/20k.json", headers=GZIP)(running, seconds, options), "bytes_out": length}


def by_h2(path="/", connections=16, streams=32, post=0):
    """`post` is the length of the body that is sent, in bytes."""
    def run(running, seconds, _options):
        more = [f"-d{running.scene.file_of(post)}"] if post else []
        return clients.h2load(running.url(path, tls=True), running.places.rest, seconds, running.work, f"-c{connections}", f"-m{streams}", *more)
    return run


def by_slow_line(version):
    """16 MB are sent over a line with a round trip of 50 ms."""
    def run(running, _seconds, _options):
        with relay.delaying(running.https, running.places.rest) as port:
            took = clients.upload(f"https://localhost:{port}/upload", running.scene.file_of(16_000_000), version)
        return {"upload_s": took, "requests": 1, "failed": 0}
    return run


def by_new_tls_connections(running, seconds, _options):
    return clients.new_tls_connections(running.https, running.places.rest, seconds)


def idle_connections(tls):
    def run(running, _seconds, options):
        return idle.memory_each(running, options.connections, tls)
    return run


def reloads(running, seconds, _options):
    """Five reloads, spread over a load; each must be seen in answers before the next."""
    seconds = max(seconds, 10)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        load = pool.submit(clients.wrk, running.url(), running.places.rest, seconds)
        for _ in range(5):
            time.sleep(seconds / 20)
            running.reload()
        if load.done():
            raise RuntimeError("the load was over before the fifth reload")
        return load.result()


def open_loop(running, seconds, _options):
    """Requests come at their own times, at 30, 60 and 90 % of what a closed loop gets through."""
    capacity = clients.wrk(running.url(), running.places.rest, seconds)
    capacity = capacity["requests"] / capacity["seconds"]
    result = {"requests": 0, "failed": 0, "capacity": capacity}
    for share in SHARES:
        rate = capacity * share / 100
        each = rate / 128
        # Connections start one after another within one interval, so that requests are spread and come in no bursts.
        options = ["--h1", "-c128", "-m1", f"--rps={each:.3f}", f"-r{max(1, round(rate / 1000))}", "--rate-period=1ms"]
        part = clients.h2load(running.url(), running.places.rest, 0, running.work, *options, f"-n{max(1, round(each * seconds)) * 128}")
        result[f"p50_us_{share}"], result[f"p99_us_{share}"] = part["p50_us"], part["p99_us"]
        result[f"rate_{share}"] = part["requests"] / part["seconds"]
        result["requests"] += part["requests"]
        result["failed"] += part["failed"]
    return result


def by_worker(running, seconds, options):
    """As the plain load, with each worker's share of the time."""
    before = machine.cpu_ns_by_thread(running.pids())
    result = by_wrk()(running, seconds, options)
    after = machine.cpu_ns_by_thread(running.pids())
    times = [time - before.get(name, 0) for name, time in after.items() if name.startswith("worker-")]
    if times and sum(times):
        result["busiest_worker"] = max(times) / sum(times)
    return result


def routes(count):
    each = '[[routes]]\nname = "r{0}"\nmatch = {{ path = "/r{0}/{{id}}/parts", methods = ["GET"] }}\n'
    return "\n" + "".join(each.format(number) for number in range(count)) + '[[routes]]\nname = "app"\nmatch = { path = "/*" }\n'


# Ours are appended to the policies, which say nothing of either.
TRUSTING = '\n[client]\ntrusted_proxies = ["loopback"]\n'
SHARES = (30, 60, 90)
CLOSE, GZIP = ["Connection: close"], ["Accept-Encoding: gzip"]
LATENCIES = {f"p{part}_us_{share}": f"two workers, p{part} at {share} % of their capacity, µs" for share in SHARES for part in (50, 99)}


def to_best(at_most, stretch):
    return {"cpu_us": [Aim("best", at_most, stretch)]}


def memory(at_most, stretch):
    return {"kib_each": [Aim("value", at_most, stretch)]}


# Within 15 % of the plain case: for what only ours is asked, of its time; for the rest, of its ratio to the peers.
LIKE_PLAIN = {"cpu_us": [Aim("plain", 1.15)]}
LIKE_CASE = {"cpu_us": [Aim("case", 1.15)]}

ALL = [
    Workload("h1-1k", {"cpu_us": "1 KiB, HTTP/1.1, kept connections", "peak_mib": "peak memory under that load, MiB"}, by_wrk(),
             aims={**to_best(0.9, 0.8), "peak_mib": [Aim("value", 20)]}),
    # Ours against ours: each beside what it is compared with.
    Workload("bare", {}, by_wrk(), mode="bare", plain="bare", alone=True),
    Workload("hardened", cpu("everything on, to a bare proxy"), by_wrk(), plain="bare", alone=True, aims={"cpu_us": [Aim("plain", 1.2, 1.1)]}),
    Workload("clients", cpu("2,000 clients behind a trusted proxy, to one"), by_wrk(clients=2000), extra=TRUSTING, plain="h1-1k", alone=True, aims=LIKE_PLAIN),
    Workload("routes-200", cpu("200 routes, to none"), by_wrk("/r133/4711/parts"), extra=routes(200), plain="h1-1k", alone=True, aims=LIKE_PLAIN),
    Workload("routes-10k", cpu("10,000 routes, to none"), by_wrk("/r6667/4711/parts"), extra=routes(10_000), plain="h1-1k", alone=True, aims=LIKE_PLAIN),
    Workload("h1-100k", cpu("100 KiB"), by_wrk("/files/100k.bin"), aims=to_best(1.0, 0.85)),
    Workload("h1-1m", cpu("1 MiB"), by_wrk("/files/1m.bin", 16), aims=to_best(1.0, 0.85)),
    Workload("gzip", {"cpu_us": "20 KiB of JSON, gzipped", "bytes_out": "bytes of it that go out"}, by_gzip,
             aims={"cpu_us": [Aim("nginx", 0.9, 0.75)], "bytes_out": [Aim("value", 5200)]}),
    Workload("post-1k", cpu("POST of 1 KiB"), by_wrk("/upload", post=1024), plain="h1-1k", aims=LIKE_CASE),
    Workload("post-64k", cpu("POST of 64 KiB"), by_wrk("/upload", post=65536), plain="h1-1k", aims=LIKE_CASE),
    Workload("close", cpu("a connection for each request"), by_wrk(headers=CLOSE), aims=to_best(1.0, 0.9)),
    Workload("tls-h1", cpu("1 KiB, TLS, HTTP/1.1"), by_wrk(tls=True), aims=to_best(1.0, 0.9)),
    Workload("tls-h2", cpu("1 KiB, TLS, HTTP/2"), by_h2(), aims={"cpu_us": [Aim("nginx", 1.0, below=True), Aim("haproxy", 1.1)]}),
    *(Workload(f"h2-{size}-{streams}", cpu(f"{title}, TLS, HTTP/2, {streams} streams a connection"), by_h2(f"/files/{size}.bin", 4, streams), aims={"cpu_us": [Aim("nginx", 1.0)]})
      for size, title in (("100k", "100 KiB"), ("1m", "1 MiB")) for streams in (1, 10, 50)),
    Workload("h2-post-64k", cpu("POST of 64 KiB, TLS, HTTP/2"), by_h2("/upload", 4, 8, post=65536)),
    *(Workload(f"slow-line-{name}", {"upload_s": f"16 MB sent over a round trip of 50 ms, {title}, seconds"}, by_slow_line(name), aims={"upload_s": [Aim("value", 1.2)]})
      for name, title in (("h1", "HTTP/1.1"), ("h2", "HTTP/2"))),
    Workload("tls-new", cpu("a new TLS 1.3 connection for each request"), by_new_tls_connections, aims=to_best(0.9, 0.7)),
    Workload("idle", {"kib_each": "an idle connection, KiB"}, idle_connections(False), most_rounds=2, aims=memory(12, 4)),
    Workload("idle-tls", {"kib_each": "an idle TLS connection, KiB"}, idle_connections(True), most_rounds=2, aims=memory(20, 12)),
    Workload("reload", {"failed": "requests that fail over 5 reloads"}, reloads, most_rounds=2, aims={"failed": [Aim("value", 0)]}),
    Workload("workers-1", {}, by_wrk(), placed_for=2, plain="workers-1", alone=True),
    Workload("workers-2", {"cpu_us": "two workers, to one", "rps": "requests a second of two workers, to one"}, by_worker, workers=2, placed_for=2, plain="workers-1", alone=True),
    Workload("latency", LATENCIES, open_loop, workers=2, placed_for=2, most_rounds=3),
]


def chosen(names):
    """Those of these names (none: all), and what they are compared with."""
    known = {workload.name for workload in ALL}
    for name in names:
        if name not in known:
            raise SystemExit(f"`{name}` is no workload; there are: {', '.join(sorted(known))}")
    wanted = set(names) or known
    wanted |= {workload.plain for workload in ALL if workload.name in wanted and workload.plain}
    return [workload for workload in ALL if workload.name in wanted]
