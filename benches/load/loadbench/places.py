"""Which CPUs the proxy has, and which the rest."""
import os


class Places:
    """A proxy with one worker has the first CPU to itself. One with two has two, where there are four; else nothing is
    pinned, and proxy, origin and generator share the machine."""

    def __init__(self, workers):
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) < 2:
            raise SystemExit("two CPUs at least are needed: one for the proxy, one for the load")
        if workers == 1:
            self.proxy, self.rest = set(cpus[:1]), set(cpus[1:])
        elif len(cpus) >= 2 + workers:
            self.proxy, self.rest = set(cpus[:workers]), set(cpus[workers:])
        else:
            self.proxy = self.rest = set(cpus)
        self.pinned = self.proxy != self.rest
