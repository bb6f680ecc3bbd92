"""A submitted proposal with its receipt."""

import pytest
import world

from msme_calls import clock
from msme_calls.extensions import db
from msme_calls.proposals import actions


@pytest.fixture
def version(app):
    draft = world.draft(world.call("open"))
    made = actions.submit(draft, "k", by=draft.owner, at=clock.now())
    db.session.commit()
    return made
