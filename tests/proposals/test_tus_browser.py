"""Files sent in chunks from a real browser: the line breaks, the page is left, and nothing is sent twice.

Threats C2, C24.
"""

import pytest
import sqlalchemy as sa
import world
from playwright.sync_api import expect
from proposals.sending import pdf
from signing_in import browser_of

from msme_calls import clock
from msme_calls.extensions import db
from msme_calls.proposals import actions
from msme_calls.proposals.incoming import IncomingUpload
from msme_calls.proposals.models import Attachment

CHUNK, MOST = 32 << 10, 256 << 10


@pytest.fixture
def section(live_server, page):
    """The page of a draft's documents, its applicant signed in."""
    with live_server.app.app_context():
        made = actions.start(world.call("open"), by=world.person(), at=clock.now())
        db.session.commit()
        cookie = browser_of(live_server.app, made.owner).get_cookie("session")
        page.context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])
        address = f"/en/proposals/{made.id}/sections/documents"
    page.goto(address)
    return address


class Line:
    """The line between browser and server: counts what goes over it, and breaks as it is told."""

    def __init__(self, page):
        self.page, self.sent, self.chunks, self.breaks = page, [], 0, {}
        page.route("**/uploads/*", self.carry)

    def carry(self, route):
        if route.request.method != "PATCH":
            return route.continue_()
        self.chunks += 1
        self.sent.append(len(route.request.post_data_buffer or b""))
        return self.breaks.pop(self.chunks, lambda r: r.continue_())(route)

    def off(self, route):
        self.page.context.set_offline(True)
        route.abort("connectionfailed")

    @staticmethod
    def lost(route):
        """The server gets it, and its answer gets lost."""
        route.fetch()
        route.abort("connectionreset")


@pytest.fixture
def line(page):
    return Line(page)


def choose(page, content, name="plan.pdf"):
    page.locator("#q-document").set_input_files({"name": name, "mimeType": "application/pdf", "buffer": content})


def listed(page, name="plan.pdf"):
    page.locator(".files a", has_text=name).wait_for()


def kept(live_server):
    with live_server.app.app_context():
        rows = db.session.scalars(sa.select(Attachment).where(Attachment.removed_at.is_(None)))
        return [world.content(a.sha256) for a in rows]


def test_a_chosen_file_is_sent_at_once_and_listed(live_server, page, section, line, accessible):
    content = pdf(700_000)
    page.evaluate("addEventListener('uploaded', (e) => (window.came = e.target.id))")
    choose(page, content)
    listed(page)
    assert kept(live_server) == [content]
    assert line.sent[:4] == [CHUNK, 2 * CHUNK, 4 * CHUNK, 8 * CHUNK]  # it grows as the line allows
    assert (sum(line.sent), max(line.sent)) == (len(content), MOST)
    assert page.evaluate("window.came") == "q-document"
    assert page.locator("#q-document").input_value() == ""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        accessible()
    page.get_by_role("button", name="Remove plan.pdf").click()
    page.wait_for_url("**/sections/documents#q-document")
    assert kept(live_server) == []


def test_a_file_of_another_kind_is_refused_before_any_of_it_is_sent(live_server, page, section, line, accessible):
    choose(page, b"A film", "film.mov")
    said = page.get_by_text("“film.mov” is not one of the kinds that are read here. Choose a file of these: PDF")
    expect(said).to_have_class("error")
    accessible()
    choose(page, pdf(40_000))
    listed(page)
    expect(said).to_have_count(0)
    assert len(kept(live_server)) == 1 and line.chunks == 2


def test_a_broken_line_costs_one_chunk_at_most(live_server, page, section, line, accessible):
    content = pdf(700_000)
    line.breaks[3] = line.off
    choose(page, content)
    page.get_by_text("The line is broken. It goes on by itself").wait_for()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        accessible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("[data-sent]").inner_text() == "· 0.1 of 0.7 MB"
    page.context.set_offline(False)
    listed(page)
    assert kept(live_server) == [content]
    assert sum(line.sent) <= len(content) + 4 * CHUNK  # what was on its way when it broke


def test_a_lost_answer_costs_nothing(live_server, page, section, line):
    content = pdf(300_000)
    line.breaks[2] = line.lost
    line.breaks[4] = line.lost
    choose(page, content)
    listed(page)
    assert (kept(live_server), sum(line.sent)) == ([content], len(content))


def test_the_lost_answer_to_the_last_chunk_is_no_lost_file(live_server, page, section, line):
    content = pdf()
    line.breaks[1] = line.lost
    choose(page, content)
    listed(page)
    assert (kept(live_server), line.chunks) == ([content], 1)


def test_after_the_page_was_left_the_rest_follows(live_server, page, section, line):
    content = pdf(700_000)
    line.breaks[3] = line.off
    choose(page, content)
    page.get_by_text("The line is broken.").wait_for()
    page.context.set_offline(False)
    page.unroute("**/uploads/*")
    page.on("dialog", lambda dialog: dialog.accept())
    page.route("**/uploads/*", lambda route: route.abort())
    page.goto(section)
    page.get_by_text("Not all of it was sent. Choose the same file again, and the rest follows.").wait_for()
    page.unroute("**/uploads/*")
    again = Line(page)
    choose(page, content)
    listed(page)
    assert kept(live_server) == [content]
    assert sum(again.sent) <= len(content) - 3 * CHUNK
    assert page.locator("[data-sending]").count() == 0


def test_another_file_of_that_name_and_length_does_not_go_on_from_it(live_server, page, section, line):
    first = pdf(700_000)
    second = first.replace(b"words", b"other")
    line.breaks[3] = line.off
    choose(page, first)
    page.get_by_text("The line is broken.").wait_for()
    page.route("**/uploads/*", lambda route: route.abort())
    page.context.set_offline(False)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(section)
    page.unroute("**/uploads/*")
    choose(page, second)
    listed(page)
    assert kept(live_server) == [second]
    with live_server.app.app_context():
        assert [u.outcome for u in db.session.scalars(sa.select(IncomingUpload))] == ["attached"]


def test_save_and_continue_waits_for_the_file(live_server, page, section, line):
    content = pdf(300_000)
    line.breaks[2] = line.off
    choose(page, content)
    page.get_by_text("The line is broken.").wait_for()
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("A file is still being sent. This page goes on by itself").wait_for()
    assert page.url.endswith(section)
    page.context.set_offline(False)
    page.wait_for_url("**/check")
    assert kept(live_server) == [content]


def test_a_file_that_is_not_taken_says_why_and_how(live_server, page, section):
    choose(page, b"%PDF-1.7 nothing" * 100)
    page.get_by_text("This file could not be read: it may be damaged. Save it anew and send it again.").wait_for()
    page.get_by_role("button", name="Remove plan.pdf").click()
    assert page.locator("[data-sending]").count() == 0
    choose(page, b"anything", "plan.exe")
    page.get_by_text("“plan.exe” is not one of the kinds that are read here. Choose a file of these: pdf").wait_for()
    assert kept(live_server) == []


def test_a_cancelled_file_is_forgotten(live_server, page, section, line):
    line.breaks[2] = line.off
    choose(page, pdf(300_000))
    page.get_by_text("The line is broken.").wait_for()
    page.context.set_offline(False)
    with page.expect_response(lambda r: r.request.method == "DELETE") as gone:
        page.get_by_role("button", name="Cancel plan.pdf").click()
    assert gone.value.status in (204, 404)
    assert page.evaluate("document.activeElement.id") == "q-document"


def test_signed_out_meanwhile_it_goes_on_when_she_is_back(live_server, page, section, line):
    content = pdf(300_000)
    cookies = page.context.cookies()
    line.breaks[2] = lambda route: (page.context.clear_cookies(), route.continue_())
    choose(page, content)
    page.get_by_text("You are no longer signed in. Sign in in another tab, and it goes on by itself").wait_for()
    page.context.add_cookies(cookies)
    listed(page)
    assert kept(live_server) == [content]
