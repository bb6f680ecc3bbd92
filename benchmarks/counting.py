"""Loaded into a served process: counts its statements in a file that the benchmark reads, and profiles it on demand.

BENCH_COUNT names a file of 4,096 numbers, one for each process. BENCH_PROFILE names a file for the profile of one
process; requests are profiled while a file of that name with “.on” behind it exists.
"""

import atexit
import cProfile
import itertools
import mmap
import os
import pstats
import time
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

SLOTS = 4096


def count(path: str) -> None:
    """Count every statement of this process from now on."""
    with open(path, "r+b") as file:
        numbers = memoryview(mmap.mmap(file.fileno(), SLOTS * 8)).cast("Q")
    counter = itertools.count(1)

    @event.listens_for(Engine, "before_cursor_execute")
    def note(*_: Any) -> None:
        numbers[os.getpid() % SLOTS] = next(counter)


def counted(path: Path) -> int:
    """How many statements all processes have run so far."""
    return sum(memoryview(path.read_bytes()).cast("Q"))


def profiled(app: Any, path: str) -> Any:
    """The application, profiled request by request while it is asked for."""
    profile, switch = cProfile.Profile(time.thread_time), Path(path + ".on")

    def write() -> None:
        profile.create_stats()
        if profile.stats:  # type: ignore[attr-defined]
            pstats.Stats(profile).dump_stats(path)

    def call(environ: Any, start_response: Any) -> Any:
        if not switch.exists():
            return app(environ, start_response)
        profile.enable()
        try:
            return list(app(environ, start_response))
        finally:
            profile.disable()

    atexit.register(write)
    return call


if "BENCH_COUNT" in os.environ:
    count(os.environ["BENCH_COUNT"])
