"""What people write comes out as text, wherever it comes out (threats B1, B5, B7, B11, B16, B17)."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from access.crawl import crawl
from flask import render_template_string
from hypothesis import given
from hypothesis import strategies as st

from msme_calls import exports, storage, uploads, web
from msme_calls.i18n import _l

HOSTILE_LINKS = (
    "javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "//evil.example",
    "JaVaScRiPt:x",
    "\tjavascript:x",
)


def test_a_sentence_that_is_said_later_is_no_html(seen: Any) -> None:
    with seen.app.test_request_context("/en/"):
        said = _l("The account of %(name)s is closed.", name="<b>Mallory</b>")
        assert "<b>" not in render_template_string("{{ said }}", said=said)
        assert render_template_string("{{ said }}", said=_l("Help")) == "Help"


@pytest.mark.parametrize("link", HOSTILE_LINKS)
def test_a_link_in_a_coordinators_text_leads_to_the_web_or_to_mail_only(link: str) -> None:
    html = web.markdown(f"[a]({link}) <{link}> [b]: {link}\n\n[b]\n\n![c]({link}) <a href='{link}'>d</a>")
    assert not re.search(r"""(href|src)="(?!https?://|mailto:|%5C|#|/[^/\\])""", html)


@given(st.text(st.sampled_from("<>\"'&ax=/ \n#*_[](){}!`:;-")))
def test_whatever_is_written_no_html_of_ones_own_gets_through(text: str) -> None:
    allowed = {"p", "ul", "ol", "li", "strong", "em", "a", "h3", "h4", "blockquote", "br", "hr", "code"}
    tags = {t.lower() for t in re.findall(r"</?([A-Za-z][A-Za-z0-9]*)", web.markdown(text))}
    assert tags <= allowed


def test_a_picture_from_elsewhere_tells_nobody_who_reads() -> None:
    assert "img" not in web.markdown("![x](https://tracker.example/pixel.gif)").lower().replace("img&gt;", "")


FORMULAS = st.builds(
    "".join, st.tuples(st.sampled_from(["", " ", "\ufeff", "\u200b"]), st.sampled_from("=+-@\t\r＝＋－＠"), st.text())
)


@given(FORMULAS)
def test_no_spreadsheet_takes_a_cell_for_a_formula(text: str) -> None:
    rows = "".join(exports.as_csv([exports.Column("a", lambda row: row)], [text]))
    cell = list(csv.reader(io.StringIO(rows.removeprefix("\ufeff"), newline="")))[1][0]
    assert cell.startswith("'") and cell[1:].replace("\r\n", "\n") == text.replace("\r\n", "\n")


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_stays_a_number(number: float) -> None:
    assert exports.inert(number) == number


def test_an_instant_is_written_alike_in_every_format() -> None:
    columns = [exports.Column("at", lambda row: row)]
    at = datetime(2027, 6, 27, 8, tzinfo=UTC)
    assert "2027-06-27T08:00:00+00:00" in "".join(exports.as_csv(columns, [at]))
    assert json.loads("".join(exports.as_json(columns, [at]))) == [{"at": "2027-06-27T08:00:00+00:00"}]


BARE = {"results.sealed_file", "front.key_set", "proposals.outcome"}  # read by programs: no list, no words of people


def test_every_list_that_can_be_downloaded_is_inert(seen: Any) -> None:
    """All words of the world begin with a letter; here what coordinators and applicants may write begins with “=”."""
    found = [
        v
        for v in crawl(seen)
        if v.status == 200 and v.header("Content-Type").startswith(("text/csv", "application/json"))
    ]
    for visit in {v.endpoint + v.url: v for v in found if v.endpoint not in ("healthz", "readyz")}.values():
        assert visit.header("Content-Disposition").startswith("attachment") or visit.endpoint in BARE
        assert "nosniff" in visit.header("X-Content-Type-Options"), visit


def test_a_file_of_a_person_never_opens_as_a_page_of_this_site(seen: Any) -> None:
    kinds = ("application/pdf", "application/vnd", "image/")
    files = [v for v in crawl(seen) if v.status == 200 and v.header("Content-Type").startswith(kinds)]
    assert {v.endpoint for v in files} >= {"proposals.file", "proposals.staff_file", "reviews.file", "calls.logo"}
    for visit in files:
        assert "sandbox" in visit.header("Content-Security-Policy"), visit
        assert visit.header("X-Content-Type-Options") == "nosniff", visit
        drawn_by_us = visit.endpoint in ("calls.logo", "calls.desk_logo")
        assert drawn_by_us or visit.header("Content-Disposition").startswith("attachment; filename="), visit
        for_all = visit.endpoint in ("calls.logo", "publication.questions_file")
        assert for_all or visit.header("Cache-Control") == "no-store", visit


def test_a_file_that_was_sent_is_closed(seen: Any) -> None:
    """However it was sent: a warning of Python's fails the test otherwise."""
    url = next(v.url for v in crawl(seen) if v.endpoint == "proposals.file" and v.status == 200)
    assert seen.ask("owner", url).get_data().startswith(b"%PDF")
    assert seen.ask("owner", url, "HEAD").get_data() == b""


@given(st.text() | st.sampled_from(["../../etc/passwd", "..\\x", "/etc/passwd", "a" * 65, "A" * 64, "%2e%2e/"]))
def test_no_name_leads_out_of_the_folder_of_files(name: str) -> None:
    clean = uploads.clean_name(name)
    assert Path(clean).name == clean and clean not in (".", "..") and not set(clean) & set('/\\\x00\r\n"<>')
    assert len(clean) <= 120 and "\u202e" not in clean
    with pytest.raises(ValueError, match="hash"):
        storage.key_of(name)
