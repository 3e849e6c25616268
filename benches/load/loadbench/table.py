"""The table a user reads."""
import statistics


def render(records, workloads, targets, heading):
    """Markdown: medians with their ranges, and ratios taken within each round."""
    ours, peers = targets[0], targets[1:]
    lines = ["# Reverse proxies on loopback", "", *heading, ""]
    lines += ["CPU time of the proxy in µs for each request, where nothing else is said: the median of the rounds, and their range. "
              "A ratio is taken within each round, to the peer that was best in it; lower is better.", ""]
    lines += table(["workload", *(target.name for target in targets), "to the best peer"],
                   [compared(records, workload, row, ours, peers) for workload in workloads if not workload.plain for row in workload.rows])
    own = [workload for workload in workloads if workload.plain and workload.rows]
    if own:
        lines += ["", f"{ours.name} against itself: lower is better for CPU time, higher for requests a second.", ""]
        lines += table(["", "figure", "plain", "ratio"], [to_plain(records, workload, row, ours) for workload in own for row in workload.rows])
    return "\n".join(lines + [""] + notes(records, peers)) + "\n"


def table(head, rows):
    return ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] + ["---:"] * (len(head) - 1), *rows]]


def compared(records, workload, row, ours, peers):
    found = {target.name: by_round(records, workload.name, target.name, row) for target in (ours, *peers)}
    best = {}
    for peer in peers:
        for number, value in found[peer.name].items():
            best[number] = min(value, best.get(number, value))
    return [workload.rows[row], *(spread(list(values.values())) for values in found.values()), ratio(found[ours.name], best)]


def to_plain(records, workload, row, ours):
    mine = by_round(records, workload.name, ours.name, row)
    plain = by_round(records, workload.plain, ours.name, row)
    return [workload.rows[row], spread(list(mine.values())), spread(list(plain.values())), ratio(mine, plain)]


def by_round(records, workload, target, row):
    return {record["round"]: record[row] for record in records if record["workload"] == workload and record["target"] == target and row in record}


def ratio(mine, theirs):
    """The median and range of the rounds; none where either is nothing."""
    mine = {number: value for number, value in mine.items() if value}
    ratios = [mine[number] / theirs[number] for number in mine if theirs.get(number)]
    if not ratios:
        return "–"
    span = f" ({min(ratios):.2f}–{max(ratios):.2f})" if len(ratios) > 1 else ""
    return f"**{statistics.median(ratios):.2f}**{span}"


def spread(values):
    if not values:
        return "–"
    shown = [f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" for value in (statistics.median(values), min(values), max(values))]
    return f"{shown[0]} ({shown[1]}–{shown[2]})" if len(values) > 1 else shown[0]


def notes(records, peers):
    """What a reader must know not to be misled."""
    lines = [f"- {peer.name}: {peer.lacks}." for peer in peers]
    failed = sum(record.get("failed", 0) for record in records)
    lines.append(f"- Requests that failed, all together: {failed}.")
    lines += [f"- Not measured: {record['workload']} of {record['target']}: {record['broken'].splitlines()[0]}" for record in records if "broken" in record]
    disturbed = [record["disturbed"] for record in records if "disturbed" in record]
    if disturbed:
        lines.append(f"- Other programs and the host took {statistics.median(disturbed):.2f} of a CPU in the median, {max(disturbed):.2f} at most.")
    workers = [record["busiest_worker"] for record in records if "busiest_worker" in record]
    if workers:
        lines.append(f"- Of two workers the busier had {statistics.median(workers):.0%} of the time.")
    rates = [record for record in records if "rate_90" in record]
    lines += [f"- Open loop of {record['target']}, round {record['round']}: {', '.join(f'{record[key]:,.0f}' for key in ('rate_30', 'rate_60', 'rate_90'))} requests a second came through." for record in rates]
    return lines
