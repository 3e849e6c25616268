"""The table a user reads."""
import statistics

from loadbench.aims import best_of, figures, ratios, reached


def render(records, workloads, targets, heading):
    """Markdown: medians with their ranges, ratios taken within each round, and what each was to reach."""
    ours, peers = targets[0].name, [target.name for target in targets[1:]]
    lines = ["# Reverse proxies on loopback", "", *heading, ""]
    lines += ["CPU time of the proxy in µs for each request, where nothing else is said: the median of the rounds, and their range. "
              "A ratio is taken within each round, to the peer that was best in it; lower is better. "
              "A target in brackets is the one beyond the target.", ""]
    nginx = ["to nginx"] if len(peers) > 1 and "nginx" in peers else []
    lines += table(["workload", ours, *peers, "to the best peer", *nginx, "target", "reached"],
                   [compared(records, workload, row, ours, peers, nginx) for workload in workloads if not workload.alone for row in workload.rows])
    own = [workload for workload in workloads if workload.alone and workload.rows]
    if own:
        lines += ["", f"{ours} against itself: lower is better for CPU time, higher for requests a second.", ""]
        lines += table(["", "figure", "plain", "ratio", "target", "reached"], [to_plain(records, workload, row, ours) for workload in own for row in workload.rows])
    return "\n".join(lines + [""] + notes(records, targets[1:])) + "\n"


def table(head, rows):
    return ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] + ["---:"] * (len(head) - 1), *rows]]


def compared(records, workload, row, ours, peers, nginx):
    mine = figures(records, workload.name, ours, row)
    cells = [workload.rows[row], spread(mine), *(spread(figures(records, workload.name, peer, row)) for peer in peers)]
    cells.append(shown(ratios(mine, best_of(records, workload.name, peers, row))))
    cells += [shown(ratios(mine, figures(records, workload.name, name, row))) for name in nginx and ["nginx"]]
    return cells + verdict(records, workload, row, ours, peers)


def to_plain(records, workload, row, ours):
    mine, plain = (figures(records, name, ours, row) for name in (workload.name, workload.plain))
    return [workload.rows[row], spread(mine), spread(plain), shown(ratios(mine, plain)), *verdict(records, workload, row, ours, [])]


def verdict(records, workload, row, ours, peers):
    """What was to be reached, and whether it was."""
    aims = workload.aims.get(row, ())
    judged = [aim.judged(reached(aim, records, workload, row, ours, peers)) for aim in aims]
    return ["; ".join(aim.shown() for aim in aims) or "–", "; ".join(judged) or "–"]


def shown(found):
    """The median and range of ratios."""
    if not found:
        return "–"
    found = list(found.values())
    span = f" ({min(found):.2f}–{max(found):.2f})" if len(found) > 1 else ""
    return f"**{statistics.median(found):.2f}**{span}"


def spread(values):
    values = list(values.values())
    if not values:
        return "–"
    texts = [f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" for value in (statistics.median(values), min(values), max(values))]
    return f"{texts[0]} ({texts[1]}–{texts[2]})" if len(values) > 1 else texts[0]


def notes(records, peers):
    """What a reader must know not to be misled."""
    lines = [f"- {peer.name}: {peer.lacks}." for peer in peers]
    failed = sum(record.get("failed", 0) for record in records)
    lines.append(f"- Requests that failed, all together: {failed}.")
    lines += [f"- Not measured: {record['workload']} of {record['target']} in round {record['round']}: {record['broken'].splitlines()[0]}" for record in records if "broken" in record]
    handshakes = [record for record in records if "resumed" in record]
    if handshakes:
        lines.append(f"- New TLS connections: {sum(record['requests'] for record in handshakes):,}, of which {sum(record['resumed'] for record in handshakes)} resumed a session.")
    disturbed = [record["disturbed"] for record in records if "disturbed" in record]
    if disturbed:
        lines.append(f"- Other programs and the host took {statistics.median(disturbed):.2f} of a CPU in the median, {max(disturbed):.2f} at most.")
    workers = [record["busiest_worker"] for record in records if "busiest_worker" in record]
    if workers:
        lines.append(f"- Of two workers the busier had {statistics.median(workers):.0%} of the time.")
    rates = [record for record in records if "rate_90" in record]
    lines += [f"- Open loop of {record['target']}, round {record['round']}: {', '.join(f'{record[key]:,.0f}' for key in ('rate_30', 'rate_60', 'rate_90'))} requests a second came through." for record in rates]
    return lines
