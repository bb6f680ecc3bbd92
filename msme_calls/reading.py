"""Asks the parser about people's files: whatever a file does to its reader, this process lives and goes on.

Each process that asks has a parser of its own, started when it first asks, ended with it, and not inherited by fork;
but a server that loads all before it forks starts one for all its workers (`share`), which saves memory.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import structlog

from msme_calls.parsing import NEXT_ONE, Fault

log = structlog.get_logger()
AT_ONCE = 4  # files that are read at the same time, each within its limits
PATIENCE = 60.0  # seconds that a file may wait for its turn
ANSWER = 25.0  # seconds for an answer; a child ends itself before that
SENT = 4 << 20  # bytes of a file that may be given to a child that has read another one
# The package's own start would load Flask and everything: the parser needs none of it.
_START = """
import sys, types
package = types.ModuleType("msme_calls")
package.__path__ = [{folder!r}]
sys.modules["msme_calls"] = package
from msme_calls.parsing import process
process.main()
"""


class Unreadable(Exception):
    """A file that can't be read within the limits, or not at all."""


class Busy(Exception):
    """Too many files are being read; later it may go."""


class Parser:
    """The way to one parser process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START.format(folder=str(Path(__file__).parent)), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={"LC_ALL": "C.UTF-8"},  # none of the settings' secrets
                start_new_session=True,  # Ctrl-C in the terminal is for its owner
            )
        self.control = ours
        self.shared = self.inherited = False

    def send(self, ends: list[int]) -> None:
        """Hand over what a child needs. Raises OSError if the parser is gone."""
        socket.send_fds(self.control, [b"j"], ends)

    def alive(self) -> bool:
        """Whether it still listens; one that was killed is gone before the system says that it ended."""
        try:
            return self.control.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) != b""
        except BlockingIOError:
            return self.inherited or self.process.poll() is None
        except OSError:
            return False

    def end(self) -> None:
        """Have it end, and wait for that."""
        self.control.close()
        if self.inherited:  # not ours to end
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
            return
        self.process.kill()
        self.process.wait()


_lock = threading.Lock()
_turns = threading.BoundedSemaphore(AT_ONCE)
_parser: Parser | None = None
_lines: deque[socket.socket] = deque()  # at most one: to a child that has just read a PDF and takes another


def _hand_over(ends: list[int]) -> Parser:
    """Give a file to the parser, a new one if there is none or it is gone."""
    global _parser
    with _lock:
        for _attempt in range(2):
            if _parser is None or not _parser.alive():
                if _parser is not None:
                    log.warning("parser ended", code=_parser.process.returncode)
                    _parser.end()
                _parser = Parser()
            with suppress(OSError):
                _parser.send(ends)
                return _parser
            _stop(_parser)
    raise Unreadable("no parser")


def _stop(parser: Parser) -> None:
    """End a parser that doesn't answer; the next file finds a new one. The lock is held."""
    global _parser
    if not parser.inherited:
        parser.process.kill()
    parser.end()
    if _parser is parser:
        _parser = None


def share() -> None:
    """Start a parser now for this process and all that it will fork; it ends when the last of them has."""
    global _parser
    with _lock:
        if _parser is None:
            _parser = Parser()
        _parser.shared = True


def _forked() -> None:
    """A process made by fork has a parser of its own: if it held the line, its parent's would outlive the parent."""
    global _parser, _lock, _turns
    _let_go()
    if _parser is not None:
        _parser.process.returncode = 0  # not ours to wait for
        _parser.inherited = True
        if not _parser.shared:
            _parser.control.close()
            _parser = None
    _lock, _turns = threading.Lock(), threading.BoundedSemaphore(AT_ONCE)


def _ended() -> None:
    global _parser
    _let_go()
    if _parser is not None:
        _parser.end()
        _parser = None


os.register_at_fork(after_in_child=_forked)
atexit.register(_ended)


def learn(file: IO[bytes], kind: str) -> dict[str, Any]:
    """What a file is: its `pages` and what was `found` in it. Raises Fault, Unreadable, Busy."""
    return _ask(file, None, job="learn", kind=kind)


def copy(job: str, file: IO[bytes], out: IO[bytes], **values: Any) -> None:
    """Write a copy of a file: `plain`, `neutral` (both with `kind`) or `logo`. Raises Fault, Unreadable, Busy."""
    _ask(file, out, job=job, **values)
    out.seek(0)


def typeset(file: IO[bytes], out: IO[bytes], **values: str) -> dict[str, Any]:
    """Write a PDF of our template (`root`, `name`) with the JSON in a file. Raises Unreadable, Busy."""
    said = _ask(file, out, job="typeset", **values)
    out.seek(0)
    return said


def _ask(file: IO[bytes], out: IO[bytes] | None, **wanted: Any) -> dict[str, Any]:
    if not _turns.acquire(timeout=PATIENCE):
        raise Busy
    try:
        said = _again(file) if wanted == NEXT_ONE else None
        for _attempt in range(0 if said else 2):
            said, parser = _answer(file, out, wanted)
            if said is not None:
                break
            if parser.alive():  # then it was the child that ended, and would end again
                raise Unreadable(wanted["job"])
        if said is None:
            raise Unreadable("parser ended")
    finally:
        _turns.release()
    if "failed" in said:
        raise Unreadable(said["failed"])
    if "refused" in said:
        raise Fault(said.pop("refused"), **said)
    return said


def _answer(file: IO[bytes], out: IO[bytes] | None, wanted: dict[str, Any]) -> tuple[dict[str, Any] | None, Parser]:
    """What a child says, or None if it ended without a word."""
    file.seek(0)
    ours, theirs = socket.socketpair()
    ours.settimeout(ANSWER)
    try:
        with theirs:
            ours.sendall(json.dumps(wanted).encode() + b"\n")
            parser = _hand_over([end.fileno() for end in (theirs, file, out) if end is not None])
        return _heard(ours), parser
    except Unreadable:
        ours.close()
        raise
    except TimeoutError:
        with _lock:
            _stop(parser)
        raise Unreadable("no answer") from None


def _again(file: IO[bytes]) -> dict[str, Any] | None:
    """What a child says that has just read another PDF. None if there is no such child, or it has anything to say

    against the file: one of its own is then asked, so that no file pays for the one before it.
    """
    size = file.seek(0, os.SEEK_END)
    try:
        line = _lines.pop() if size <= SENT else None
    except IndexError:
        line = None
    if line is None:
        return None
    file.seek(0)
    try:
        line.sendall(b"%d\n" % size + file.read())
        said = _heard(line)
    except OSError:  # it has waited long enough, and ended; or it takes too long
        line.close()
        return None
    return said if said and said.get("found") == [] else None


def _heard(line: socket.socket) -> dict[str, Any] | None:
    """A child's answer, or None if it ended without a word. The line of one that goes on is kept for the next file."""
    said = None
    try:
        with line.makefile("rb") as answers:
            said = json.loads(answers.readline() or b"null")
    except (ConnectionError, ValueError):
        pass
    finally:
        if said and said.pop("goes_on"):
            _lines.append(line)
        else:
            line.close()
    if len(_lines) > 1:
        _let_go()
    return said


def _let_go() -> None:
    """Have children that wait for another file end."""
    while _lines:
        with suppress(IndexError):  # another thread took it meanwhile
            _lines.popleft().close()
