"""Time is the server's: a reader's clock that is wrong changes nothing (threat D2)."""

from datetime import UTC, datetime, timedelta

import pytest
import world
from browsing import LiveServer
from playwright.sync_api import Browser, expect

from msme_calls.extensions import db


@pytest.mark.parametrize("wrong", [timedelta(hours=2), timedelta(hours=-2)], ids=["fast", "slow"])
def test_a_wrong_clock_shows_the_true_time_left(live_server: LiveServer, browser: Browser, wrong: timedelta) -> None:
    with live_server.app.app_context():
        now = datetime.now(UTC)
        call = world.call("open", deadline_at=now + timedelta(hours=5, minutes=30, seconds=20))
        db.session.commit()
        slug = call.slug
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    page.clock.install(time=datetime.now(UTC) + wrong)
    page.goto(f"/en/calls/{slug}")
    left = page.locator(".left [data-until], .left[data-until]").first
    expect(left).to_have_text("5 hours and 31 minutes")
    page.clock.run_for(10 * 60_000)
    expect(left).to_have_text("5 hours and 21 minutes")
    context.close()
