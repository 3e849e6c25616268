"""Rounds: every target in turn, then all again, so that what disturbs one round disturbs all of them alike."""
import sys
import time

from loadbench import clients, machine
from loadbench.places import Places
from loadbench.scene import Running


def play(scene, workloads, targets, options):
    """Measures all, and yields a record for each measurement. One that fails, however, costs only itself."""
    plan = [(number, workload, target) for number in range(1, options.rounds + 1) for workload in workloads for target in targets
            if number <= workload.most_rounds and (target is targets[0] or not workload.alone)]
    started = time.monotonic()
    for done, (number, workload, target) in enumerate(plan):
        spent = time.monotonic() - started
        if spent > options.minutes * 60:
            over = f"{options.minutes:g} minutes are over, {len(plan) - done} of {len(plan)} measurements are left out"
            print(over, file=sys.stderr)
            yield {"round": number, "workload": f"{workload.name} and all that follow", "target": "every proxy", "broken": over}
            return
        record = {"round": number, "workload": workload.name, "target": target.name}
        # Measuring again what others disturbed is for those who have the time.
        ahead = spent + (len(plan) - done) * (spent / done if done else 8)
        try:
            record.update(measured(scene, workload, target, options, ahead < options.minutes * 60))
        except Exception as error:
            record["broken"] = f"{type(error).__name__}: {error}"
        say(record, f"{done + 1}/{len(plan)}", ahead - spent)
        yield record


def measured(scene, workload, target, options, again):
    """One measurement; when others had more than a tenth of a CPU meanwhile, a second one, and the quieter of both."""
    best = once(scene, workload, target, options)
    if again and best["disturbed"] > 0.1:
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


def say(record, place, left):
    figures = ", ".join(f"{key} {value:.4g}" for key, value in record.items() if isinstance(value, (int, float)) and key in SAID)
    figures = record.get("broken") or figures
    print(f"{place:>9}  {left / 60:4.1f} min left  round {record['round']}  {record['workload']:<11} {record['target']:<11} {figures}", file=sys.stderr, flush=True)


SAID = {"cpu_us", "rps", "failed", "p99_us", "kib_each", "peak_mib", "disturbed", "p99_us_30", "p99_us_60", "p99_us_90", "busiest_worker", "bytes_out", "resumed"}
