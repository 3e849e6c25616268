"""Rounds: every target in turn, then all again, so that what disturbs one round disturbs all of them alike."""
import sys
import time

from loadbench import clients, machine
from loadbench.places import Places
from loadbench.scene import Running


def play(scene, workloads, targets, options):
    """Measures all, and yields a record for each measurement."""
    for number in range(1, options.rounds + 1):
        for workload in workloads:
            if number > workload.most_rounds:
                continue
            for target in targets:
                if workload.plain and not target.takes_extra:
                    continue
                record = {"round": number, "workload": workload.name, "target": target.name}
                try:
                    record.update(measured(scene, workload, target, options))
                except RuntimeError as error:
                    record["broken"] = str(error)
                say(record)
                yield record


def measured(scene, workload, target, options):
    """One measurement; when others had more than a tenth of a CPU meanwhile, a second one, and the quieter of both."""
    best = once(scene, workload, target, options)
    if best["disturbed"] > 0.1:
        best = min(best, once(scene, workload, target, options), key=lambda record: record["disturbed"])
    return best


def once(scene, workload, target, options):
    places = Places(workload.placed_for)
    with Running(scene, target, workload.mode, places, workload.workers, workload.extra) as running:
        if "kib_each" not in workload.rows:
            # Pools and caches fill, once and not in what is measured.
            clients.wrk(running.url(), places.rest, 1)
        pids = running.pids()
        machine.forget_peak(pids)
        before = snapshot(scene, pids)
        result = workload.run(running, options.seconds, options)
        after = snapshot(scene, pids)
        return {**result, **costs(result, before, after), "peak_mib": machine.memory_kib(running.pids(), "VmHWM") / 1024}


def snapshot(scene, pids):
    ours = machine.cpu_ns(pids)
    return {
        "proxy": ours,
        "all_ours": ours + machine.cpu_ns(machine.family(scene.origin.pid)) + machine.own_ns(),
        "machine": machine.busy_ns(),
        "time": time.monotonic(),
    }


def costs(result, before, after):
    spent = {key: after[key] - before[key] for key in after}
    foreign = (spent["machine"] - spent["all_ours"]) / (spent["time"] * 1e9)
    found = {"disturbed": max(0.0, foreign)}
    # A peer that starts new processes when it reloads takes their time with it.
    if result.get("requests") and spent["proxy"] > 0:
        found["cpu_us"] = spent["proxy"] / 1e3 / result["requests"]
    if result.get("seconds"):
        found["rps"] = result["requests"] / result["seconds"]
    return found


def say(record):
    figures = ", ".join(f"{key} {value:.4g}" for key, value in record.items() if isinstance(value, (int, float)) and key in SAID)
    print(f"round {record['round']}  {record['workload']:<11} {record['target']:<11} {record.get('broken') or figures}", file=sys.stderr, flush=True)


SAID = {"cpu_us", "rps", "failed", "p99_us", "kib_each", "peak_mib", "disturbed", "p99_us_30", "p99_us_60", "p99_us_90", "busiest_worker"}
