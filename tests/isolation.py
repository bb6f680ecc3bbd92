"""What keeps a test to itself: a clock that stands still, and no way to another machine."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

NOW = datetime(2027, 2, 24, 16, 52, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def frozen(request: pytest.FixtureRequest) -> Iterator[time_machine.Traveller]:
    """Python's clock stands still at NOW; before a real browser it runs on from there."""
    with time_machine.travel(NOW, tick="live_server" in request.fixturenames) as traveller:
        yield traveller


@pytest.fixture
def at(frozen: time_machine.Traveller) -> Callable[[str | datetime], datetime]:
    """Move the clock to an instant, given with its zone."""

    def move(moment: str | datetime) -> datetime:
        instant = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        assert instant.tzinfo, f"an instant needs a zone: {moment}"
        frozen.move_to(instant)
        return instant.astimezone(UTC)

    return move


class NetworkUse(RuntimeError):
    """A test reached for another machine."""


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """No test talks to another machine: sockets go to this one only, and no other name is looked up."""
    original, look_up = socket.socket.connect, socket.getaddrinfo

    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple):
            _local(address[0])
        original(self, address)

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        _local(host)
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield


def _local(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in (None, "", "localhost", "::1", "0.0.0.0") and not str(name).startswith("127."):
        raise NetworkUse(f"a test may not reach {name}")
