"""What the kernel tells: CPU time, memory and open files of processes, and what else the machine was doing."""
import os
import platform
import resource

TICK_NS = 1e9 / os.sysconf("SC_CLK_TCK")


def read(path):
    """A file of /proc; empty once its process is gone."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def family(pid):
    """A process and all below it."""
    found, ahead = [], [pid]
    while ahead:
        pid = ahead.pop()
        found.append(pid)
        for task in tasks(pid):
            ahead += map(int, read(f"{task}/children").split())
    return found


def tasks(pid):
    try:
        return [f"/proc/{pid}/task/{task}" for task in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def cpu_ns(pids):
    """Time on a CPU of all threads, to the nanosecond (/proc/…/schedstat)."""
    stats = (read(f"{task}/schedstat").split() for pid in pids for task in tasks(pid))
    return sum(int(fields[0]) for fields in stats if fields)


def cpu_ns_by_thread(pids):
    """The same for each thread, by its name."""
    times = {}
    for task in (task for pid in pids for task in tasks(pid)):
        fields = read(f"{task}/schedstat").split()
        if fields:
            times[read(f"{task}/comm").strip() + " " + task.rsplit("/", 1)[1]] = int(fields[0])
    return times


def memory_kib(pids, key="VmRSS"):
    """Resident memory of all together; `VmHWM` for its peak."""
    total = 0
    for pid in pids:
        for line in read(f"/proc/{pid}/status").splitlines():
            if line.startswith(key + ":"):
                total += int(line.split()[1])
    return total


def forget_peak(pids):
    """Starts `VmHWM` anew."""
    for pid in pids:
        try:
            with open(f"/proc/{pid}/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            pass


def open_files(pids):
    count = 0
    for pid in pids:
        try:
            count += len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            pass
    return count


def busy_ns():
    """Time that CPUs were not idle, and time that the host took away, of the whole machine."""
    fields = [int(field) * TICK_NS for field in read("/proc/stat").splitlines()[0].split()[1:9]]
    user, nice, system, _idle, _wait, irq, softirq, steal = fields
    return user + nice + system + irq + softirq + steal


def own_ns():
    """CPU time of this process and of the children it has waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum((usage.ru_utime + usage.ru_stime) * 1e9 for usage in used)


def raise_file_limit():
    """As many open files as are allowed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def described():
    """CPU, kernel, memory, in one line."""
    model = next((line.split(":", 1)[1].strip() for line in read("/proc/cpuinfo").splitlines() if line.startswith("model name")), platform.machine())
    memory = int(read("/proc/meminfo").split()[1]) / 1024 / 1024
    return f"{len(os.sched_getaffinity(0))} CPUs ({model}), {memory:.0f} GiB, Linux {platform.release()}"
