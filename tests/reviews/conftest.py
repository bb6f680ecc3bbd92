"""A call in review, its coordinator with her browser, and a reviewer with hers."""

import pytest
import world
from pages import StrictClient
from signing_in import browser_of

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Blindness, Call
from msme_calls.extensions import db


@pytest.fixture
def coordinator(app) -> Person:
    return world.person("Example Coordinator")


@pytest.fixture
def call(app, coordinator) -> Call:
    made = world.call("review", by=coordinator, economy_rule=False, blindness=Blindness.OPEN, reviews_per_proposal=2)
    db.session.commit()
    return made


@pytest.fixture
def desk(app, coordinator) -> StrictClient:
    """The coordinator's browser."""
    return browser_of(app, coordinator)


@pytest.fixture
def reviewer(app, call) -> Person:
    return world.reviewer(call, world.person("Example Reviewer", email="reviewer@example.org"))


@pytest.fixture
def her(app, reviewer) -> StrictClient:
    """The reviewer's browser."""
    return browser_of(app, reviewer)
