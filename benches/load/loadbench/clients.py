"""The clients: wrk, h2load, and what neither of them does."""
import json
import os
import re
import shutil
import subprocess
import sys

from loadbench.scene import run_pinned
from loadbench.targets import HERE

PROGRAMS = {"wrk": os.environ.get("BENCH_WRK") or shutil.which("wrk"), "h2load": os.environ.get("BENCH_H2LOAD") or shutil.which("h2load"), "curl": shutil.which("curl")}
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}


def versions():
    """Of wrk and h2load."""
    found = []
    for name, flag in (("wrk", "-v"), ("h2load", "--version")):
        done = subprocess.run([PROGRAMS[name], flag], capture_output=True, text=True)
        found.append(" ".join((done.stdout + done.stderr).split("\n", 1)[0].split()[:2]))
    return ", ".join(found)


def output_of(command, cpus, patience):
    process = run_pinned(command, cpus, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        return process.communicate(timeout=patience)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise RuntimeError(f"{command[0]} did not end: {process.communicate()[0][-500:]}") from None


def wrk_command(url, seconds, connections=64, headers=(), **arguments):
    """Closed loop: each connection asks again as soon as it is answered."""
    command = [PROGRAMS["wrk"], "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", "-s", os.path.join(HERE, "peers/load.lua")]
    for header in headers:
        command += ["-H", header]
    return [*command, url, "--", *(f"{key}={value}" for key, value in arguments.items())]


def wrk(url, cpus, seconds, connections=64, headers=(), **arguments):
    text = output_of(wrk_command(url, seconds, connections, headers, **arguments), cpus, seconds + 30)
    found = re.search(r"^RESULT (.*)$", text, re.M)
    if not found:
        raise RuntimeError(f"wrk: {text[-500:]}")
    return json.loads(found[1])


def h2load(url, cpus, seconds, folder, *options):
    """As the options say; latencies are read from its log."""
    log = os.path.join(folder, "h2load.log")
    if os.path.exists(log):
        os.unlink(log)
    text = output_of([PROGRAMS["h2load"], "-t1", f"-D{seconds}", f"--log-file={log}", *options, url], cpus, seconds + 40)
    counts = re.search(r"requests: .* (\d+) done, (\d+) succeeded, (\d+) failed", text)
    took = re.search(r"finished in ([\d.]+)(us|ms|s|m)\b", text)
    if not counts or not took:
        raise RuntimeError(f"h2load: {text[-500:]}")
    with open(log) as file:
        times = sorted(int(line.split()[2]) for line in file)
    return {"requests": int(counts[1]), "seconds": float(took[1]) * UNITS[took[2]], "failed": int(counts[3]), "p50_us": part(times, 0.5), "p99_us": part(times, 0.99)}


def upload(url, path, version):
    """Seconds that curl takes to send a file, from its first byte to the end of the answer."""
    flag = {"h1": "--http1.1", "h2": "--http2"}[version]
    command = [PROGRAMS["curl"], "-sS", "--insecure", flag, "--max-time", "60", "-H", "Expect:", "-T", path, "-o", os.devnull, "-w", "%{http_code} %{http_version} %{time_total} %{time_pretransfer}", url]
    done = subprocess.run(command, capture_output=True, text=True)
    found = done.stdout.split()
    if done.returncode or found[0] != "200" or found[1] != {"h1": "1.1", "h2": "2"}[version]:
        raise RuntimeError(f"curl: {done.stdout} {done.stderr}")
    return float(found[2]) - float(found[3])


def new_tls_connections(port, cpus, seconds, clients=8):
    """Each makes one TLS connection after another with one request on each, none resumed."""
    command = [sys.executable, os.path.join(HERE, "loadbench/tls_client.py"), str(port), str(seconds)]
    running = [run_pinned(command, cpus, stdout=subprocess.PIPE, text=True) for _ in range(clients)]
    try:
        results = [json.loads(client.communicate(timeout=seconds + 30)[0]) for client in running]
    finally:
        for client in running:
            client.kill()
    times = sorted(time for result in results for time in result["us"])
    failed, resumed = (sum(result[key] for result in results) for key in ("failed", "resumed"))
    return {"requests": len(times), "seconds": seconds, "failed": failed, "resumed": resumed, "p50_us": part(times, 0.5), "p99_us": part(times, 0.99)}


def part(ordered, share):
    """A percentile."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None
