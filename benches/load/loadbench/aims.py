"""What each figure is to reach, and whether it does."""
import dataclasses
import statistics


@dataclasses.dataclass
class Aim:
    """`to` says what the figure is held against: the `best` peer, one peer by its name, the `plain` workload of ours that it
    belongs to, `value` for the figure itself, or `case` for the ratio to the best peer that the plain workload has."""
    to: str
    at_most: float
    stretch: float = None
    # Whether the bound itself is too much.
    below: bool = False

    def shown(self):
        against = {"best": " × best", "value": "", "plain": " × plain", "case": " × the ratio of the plain case"}.get(self.to, f" × {self.to}")
        stretch = "" if self.stretch is None else f" ({self.stretch:g})"
        return f"{'<' if self.below else '≤'} {self.at_most:,g}{stretch}{against}"

    def judged(self, reached):
        """In a word; `reached` is the median."""
        if reached is None:
            return "not measured"
        if reached > self.at_most or (self.below and reached == self.at_most):
            return f"**missed** ({reached:,.2f})" if self.to != "value" else f"**missed** ({reached:,.1f})"
        return "hit" if self.stretch is None or reached > self.stretch else "hit, stretch too"


def figures(records, workload, target, row):
    """One figure of each round."""
    return {record["round"]: record[row] for record in records if record["workload"] == workload and record["target"] == target and record.get(row) is not None}


def best_of(records, workload, peers, row):
    """The lowest of the peers in each round."""
    best = {}
    for peer in peers:
        for number, value in figures(records, workload, peer, row).items():
            best[number] = min(value, best.get(number, value))
    return best


def ratios(mine, theirs):
    """By round, where both are known and neither is nothing."""
    return {number: value / theirs[number] for number, value in mine.items() if value and theirs.get(number)}


def reached(aim, records, workload, row, ours, peers):
    """The median that an aim is about; none where it was not measured."""
    mine = figures(records, workload.name, ours, row)
    if aim.to == "value":
        found = mine
    elif aim.to == "plain":
        found = ratios(mine, figures(records, workload.plain, ours, row))
    elif aim.to == "best":
        found = ratios(mine, best_of(records, workload.name, peers, row))
    elif aim.to == "case":
        plain = ratios(figures(records, workload.plain, ours, row), best_of(records, workload.plain, peers, row))
        found = ratios(ratios(mine, best_of(records, workload.name, peers, row)), plain)
    else:
        found = ratios(mine, figures(records, workload.name, aim.to, row))
    return statistics.median(found.values()) if found else None
