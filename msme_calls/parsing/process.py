"""The parser: one warm process with one thread, which forks a child for each file and reads none itself.

On its socket comes one byte for each file, with the ends of what the child needs: the line to its asker, the file, and
where a made copy goes. The child gives up memory, time, sockets and files before it looks at the first byte; however
it ends, the asker's line ends with it. The process ends when its socket does, which is when its owner ends.

A fork costs five times what reading a PDF does. So a child that has read one in which it found nothing may be given
another on the same line, as bytes, for it opens nothing: a few, soon, and while it has used little. Anything else that
it meets (a fault, a script, another kind, which libraries of C would read) is the last thing it does.
"""

import ctypes
import gc
import io
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from msme_calls.parsing import NEXT_ONE, Fault, copies, learn, typeset

MEMORY, CPU_SECONDS, WALL_SECONDS, OUTPUT = 512 << 20, 10, 20.0, 200_000_000
_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG
_SYSTEM = ctypes.CDLL(None)  # looked up once, not by each child
JOBS: dict[str, Callable[..., dict[str, Any]]] = {
    "learn": learn.learn,
    "plain": copies.plain,
    "neutral": copies.neutral,
    "logo": copies.logo,
    "typeset": typeset.typeset,
}
NEXT, NEXT_WITHIN = 25, 3.0  # PDFs that a child reads at most, and seconds that it waits for one more
SPENT_SECONDS, SPENT_MEMORY = 1.0, 128 << 20  # a child that has used so much takes none: each has nearly all limits
OPENS = {"typeset": 64}  # files that a job may open itself: our templates and fonts; a reader of people's files none


def confine(files: int = 0) -> None:
    """Take from this process what a file could make it waste: memory, time, disk, connections, other files."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, files),  # what is open stays open; with 0 nothing else is opened, sockets included
    ):
        with suppress(ValueError, OSError):  # a system that doesn't know the limit, or has a lower one
            resource.setrlimit(what, (most, most))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)  # its signal ends the process, whatever that does


def _die_with_parser() -> None:
    """Have the system end this process when the parser ends (Linux; elsewhere its limits end it soon after)."""
    with suppress(AttributeError, OSError):
        _SYSTEM.prctl(_DEATH_SIGNAL, signal.SIGKILL)


def answer(line: socket.socket, file: IO[bytes], out: IO[bytes] | None) -> None:
    """Do the job that the line asks for, within its limits, and say what came of it; so for a few PDFs."""
    with line.makefile("rb") as asked:
        wanted = json.loads(asked.readline())
        confine(OPENS.get(wanted["job"], 0))
        said = _done(file, out, **wanted)
        for count in range(1, NEXT + 1):
            goes_on = count < NEXT and wanted == NEXT_ONE and said.get("found") == [] and not _spent()
            line.sendall(json.dumps({**said, "goes_on": goes_on}).encode() + b"\n")
            if not goes_on:
                return
            signal.setitimer(signal.ITIMER_REAL, NEXT_WITHIN)
            if not (size := asked.readline()):
                return
            signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
            file = io.BytesIO(asked.read(int(size)))
            said = _done(file, None, **wanted)


def _done(file: IO[bytes], out: IO[bytes] | None, job: str, **wanted: Any) -> dict[str, Any]:
    """What came of a job."""
    try:
        said = JOBS[job](file, **wanted, **({} if out is None else {"out": out}))
        if out is not None:
            out.flush()
    except Fault as fault:
        return {"refused": fault.why, **fault.values}
    except Exception as error:  # a reader of foreign files raises anything
        return {"failed": type(error).__name__}
    return said


def _spent() -> bool:
    """Whether this child has used more than a file should."""
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return time.process_time() > SPENT_SECONDS or grown > SPENT_MEMORY


def _child(ends: list[int]) -> None:
    """All that a child does. However it ends, its asker sees the line end."""
    try:
        _die_with_parser()
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        line, file = socket.socket(fileno=ends[0]), os.fdopen(ends[1], "rb")
        answer(line, file, os.fdopen(ends[2], "wb") if len(ends) > 2 else None)
        os._exit(0)
    finally:
        os._exit(1)


def _ended(*_: Any) -> None:
    """Take note of children that ended, so that what they used is counted as the parser's."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def serve(control: socket.socket) -> None:
    """Fork a child for each byte on the socket, until the socket ends."""
    signal.signal(signal.SIGCHLD, _ended)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # its owner decides when it ends
        signal.signal(number, signal.SIG_IGN)
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the children
    while True:
        byte, ends, _flags, _address = socket.recv_fds(control, 1, 3)
        if not byte:
            return
        try:
            if os.fork() == 0:
                control.close()
                _child(list(ends))
        except OSError:  # no room for one more: its asker sees the line end
            pass
        for end in ends:
            os.close(end)


def main() -> None:
    """Serve on the socket whose number is given."""
    learn.warm()
    getattr(_SYSTEM, "prctl", None)
    serve(socket.socket(fileno=int(sys.argv[1])))
