"""The parser: limited, alone, and no loss when it dies."""

import io
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from files.hostile import pdf_of, scripted, writer

from msme_calls import reading
from msme_calls.parsing import Fault

ROOT = Path(__file__).resolve().parent.parent.parent


def kept(content: bytes):
    file = tempfile.TemporaryFile()
    file.write(content)
    file.flush()
    return file


@pytest.fixture
def pdf():
    with kept(pdf_of(writer(3))) as file:
        yield file


def parser() -> int:
    """The process that reads files for this one."""
    assert reading._parser is not None
    return reading._parser.process.pid


def gone(pid: int, within: float = 10) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_one_parser_with_one_thread_serves_a_process(pdf):
    for _ in range(3):
        assert reading.learn(pdf, "pdf") == {"pages": 3, "found": []}
    first = parser()
    assert reading.learn(pdf, "pdf")["pages"] == 3 and parser() == first
    assert len(os.listdir(f"/proc/{first}/task")) == 1
    environment = Path(f"/proc/{first}/environ").read_bytes()
    assert b"MSME" not in environment and b"SECRET" not in environment


def test_a_parser_that_was_killed_is_started_anew_and_the_file_is_read(pdf):
    """Threats B14, C21."""
    reading.learn(pdf, "pdf")
    first = parser()
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    assert reading.learn(pdf, "pdf")["pages"] == 3
    assert parser() != first


def waiting() -> int:
    """The child that waits for another file, once all others have ended."""
    deadline = time.monotonic() + 10
    while len(pids := Path(f"/proc/{parser()}/task/{parser()}/children").read_text().split()) != 1:
        assert time.monotonic() < deadline, pids
        time.sleep(0.01)
    return int(pids[0])


def test_a_child_that_found_nothing_in_a_pdf_reads_the_next_one_within_the_same_limits(pdf):
    """Threat B14."""
    reading.learn(pdf, "pdf")
    first = waiting()
    with kept(pdf_of(writer(7))) as other:
        assert reading.learn(other, "pdf") == {"pages": 7, "found": []}
    assert waiting() == first
    limits = Path(f"/proc/{first}/limits").read_text()
    assert "Max open files            0                    0" in limits
    assert "Max cpu time              10                   10" in limits


@pytest.mark.parametrize("content", [scripted(), b"%PDF-1.4\n" + b"x" * 100, pdf_of(writer(1))[:-600]])
def test_nobody_s_file_is_read_by_a_child_that_has_met_trouble(pdf, content):
    """Threats B12, B14: what a file does to its reader, it does to no other file."""
    reading.learn(pdf, "pdf")
    first = waiting()
    with kept(content) as bad, suppress(reading.Unreadable, Fault):
        assert reading.learn(bad, "pdf")["found"]
    assert gone(first) and not reading._lines
    assert reading.learn(pdf, "pdf") == {"pages": 3, "found": []}


def test_other_kinds_of_files_have_a_child_each(pdf):
    """Threat B14: what libraries of C read is read alone."""
    from PIL import Image

    reading.learn(pdf, "pdf")
    first = waiting()
    with tempfile.TemporaryFile() as picture:
        Image.new("RGB", (2, 2)).save(picture, "PNG")
        assert reading.learn(picture, "png") == {"pages": None, "found": []}
    assert waiting() == first


def test_a_child_that_ends_while_it_waits_costs_nobody_an_answer(pdf):
    reading.learn(pdf, "pdf")
    first = waiting()
    os.kill(first, signal.SIGKILL)
    assert reading.learn(pdf, "pdf") == {"pages": 3, "found": []}


def test_a_child_reads_only_so_many_files(pdf):
    from msme_calls.parsing import process

    reading._let_go()
    for _ in range(process.NEXT - 1):
        reading.learn(pdf, "pdf")
    first = waiting()
    reading.learn(pdf, "pdf")
    assert gone(first)
    assert reading.learn(pdf, "pdf")["pages"] == 3


def test_a_parser_that_hangs_is_ended_and_the_next_file_is_read(pdf, monkeypatch):
    reading.learn(pdf, "pdf")
    reading._let_go()
    first = parser()
    monkeypatch.setattr(reading, "ANSWER", 0.3)
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(reading.Unreadable):
        reading.learn(pdf, "pdf")
    monkeypatch.undo()
    assert gone(first)
    assert reading.learn(pdf, "pdf")["pages"] == 3


def test_many_at_once_each_get_their_own_answer():
    files = [(n, kept(pdf_of(writer(n)))) for n in range(1, 9)]
    found = {}

    def read(n, file):
        found[n] = reading.learn(file, "pdf")["pages"]

    threads = [threading.Thread(target=read, args=pair) for pair in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: n for n in range(1, 9)}
    for _n, file in files:
        file.close()


def test_too_many_at_once_are_asked_to_come_back(pdf, monkeypatch):
    monkeypatch.setattr(reading, "PATIENCE", 0.01)
    monkeypatch.setattr(reading, "_turns", threading.BoundedSemaphore(1))
    with reading._turns, pytest.raises(reading.Busy):
        reading.learn(pdf, "pdf")


def test_a_child_made_by_fork_has_a_parser_of_its_own(pdf):
    """As gunicorn forks its workers from one that has loaded the application."""
    reading.learn(pdf, "pdf")
    first = parser()
    pid = os.fork()
    if pid == 0:
        try:
            well = reading.learn(pdf, "pdf")["pages"] == 3 and parser() != first
            reading._ended()
        finally:
            os._exit(0 if well else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert reading.learn(pdf, "pdf")["pages"] == 3 and parser() == first


def test_workers_of_one_server_share_the_parser_and_go_on_without_it(pdf):
    """As `wsgi.py` starts it before gunicorn forks; one that is killed costs nobody an answer."""
    reading._ended()
    reading.share()
    first = parser()
    try:
        pid = os.fork()
        if pid == 0:
            well = False
            try:
                shared = reading.learn(pdf, "pdf")["pages"] == 3 and parser() == first
                os.kill(first, signal.SIGKILL)
                well = shared and gone(first) and reading.learn(pdf, "pdf")["pages"] == 3 and parser() != first
                reading._ended()
            finally:
                os._exit(0 if well else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert reading.learn(pdf, "pdf")["pages"] == 3 and parser() != first
    finally:
        reading._ended()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_parser_ends_with_its_owner_however_that_ends(how, tmp_path):
    (tmp_path / "a.pdf").write_bytes(pdf_of(writer()))
    code = ALONE + (
        "from msme_calls import reading\n"
        "reading.learn(open(sys.argv[1], 'rb'), 'pdf')\n"
        "print(reading._parser.process.pid, flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "a.pdf")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        pid = int(owner.stdout.readline())
        owner.send_signal(how)
        owner.wait(10)
    assert gone(pid)


ALONE = reading._START.format(folder=str(ROOT / "msme_calls")).partition("from msme_calls")[0]
LIMITS = (
    ALONE.replace("{", "{{").replace("}", "}}")
    + """
import os, resource, signal, socket, time
from msme_calls.parsing import process
process.WALL_SECONDS, process.CPU_SECONDS = {wall}, {cpu}
process.confine()
{act}
"""
)


@pytest.mark.parametrize(
    ("act", "ending"),
    [
        ("bytearray(600 << 20)", 1),
        ("socket.socket()", 1),
        ("open('/etc/passwd')", 1),
        ("time.sleep(30)", -signal.SIGALRM),
        ("while True: pass", -signal.SIGKILL),
    ],
)
def test_a_child_gets_no_more_memory_time_files_or_connections(act, ending):
    """Threats B14, C21."""
    code = LIMITS.format(act=act, wall=1.0 if "sleep" in act else 20.0, cpu=1)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == ending, done.stderr


def test_a_child_writes_no_more_than_its_limit():
    code = LIMITS.format(act="os.write(1, b'x' * 50)", wall=20.0, cpu=5).replace(
        "process.confine()", "process.OUTPUT = 10; process.confine()"
    )
    with tempfile.TemporaryFile() as out:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL, timeout=30)
        assert out.seek(0, io.SEEK_END) <= 10


def test_the_limits_are_those_that_are_promised():
    from msme_calls.parsing import process

    assert (process.MEMORY, process.CPU_SECONDS) == (512 << 20, 10)
    assert process.WALL_SECONDS < reading.ANSWER
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != process.MEMORY, "and not ours"


def test_a_fault_comes_with_its_reason():
    with kept(b"%PDF-1.4\n" + b"x" * 100) as file, pytest.raises(reading.Unreadable):
        reading.learn(file, "pdf")
    locked = writer()
    locked.encrypt("secret")
    with kept(pdf_of(locked)) as file, pytest.raises(Fault) as fault:
        reading.learn(file, "pdf")
    assert fault.value.why == "encrypted"


def test_a_copy_is_written_where_it_is_wanted():
    with kept(scripted()) as file, tempfile.TemporaryFile() as out:
        reading.copy("plain", file, out, kind="pdf")
        content = out.read()
    assert content.startswith(b"%PDF-") and b"JavaScript" not in content


def test_the_socket_to_the_parser_is_not_inherited(pdf):
    reading.learn(pdf, "pdf")
    assert isinstance(reading._parser.control, socket.socket) and not reading._parser.control.get_inheritable()
