"""A call that a coordinator sets up, with her browser."""

import pytest
import world
from signing_in import sign_in

from msme_calls.calls.models import Call


@pytest.fixture
def by(app):
    return world.person(name="Example Coordinator", is_convenor=True)


@pytest.fixture
def draft(by) -> Call:
    """A draft that lacks nothing."""
    return world.call("draft", by=by)


@pytest.fixture
def desk(client, by):
    """The coordinator's browser."""
    return sign_in(client, by)
