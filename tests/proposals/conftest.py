"""An open call, its applicant and her browser."""

from datetime import timedelta

import pytest
import world
from pages import StrictClient
from signing_in import sign_in

from msme_calls import clock
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.extensions import db


@pytest.fixture
def applicant(app) -> Person:
    return world.person("Example Applicant", email="applicant@example.org", organisation="Example Weavers")


@pytest.fixture
def call(app) -> Call:
    made = world.call("open", deadline_at=clock.now() + timedelta(days=5))
    db.session.commit()
    return made


@pytest.fixture
def her(client, applicant) -> StrictClient:
    """The applicant’s browser, signed in."""
    return sign_in(client, applicant)
