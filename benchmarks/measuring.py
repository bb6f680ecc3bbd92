"""What processes cost, and what the machine could do in the same minutes."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it ended meanwhile; its parent counts what it used
        return []


def cpu(pid: int) -> float:
    """The CPU seconds of a process, of all below it, and of those that have ended and were waited for."""
    return sum(sum(map(int, fields[11:15])) for one in family(pid) if (fields := _stat(one))) / TICK


def pss(pid: int) -> float:
    """Their memory in MB, each shared page counted in equal parts for those that share it."""
    total = 0
    for one in family(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1000


def rate(act: Callable[[], object], seconds: float = 0.5) -> float:
    """How often a second something can be done now."""
    begun, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - begun) < seconds:
        act()
        count += 1
    return count / passed


def fdatasyncs(folder: Path) -> float:
    """How many blocks of 4 KiB a second reach the disk, one after the other."""
    with tempfile.TemporaryFile(dir=folder) as file:
        block = os.urandom(4096)

        def one() -> None:
            os.pwrite(file.fileno(), block, 0)
            os.fdatasync(file.fileno())

        return rate(one)
