"""Nobody is led off this site after signing in (threat A7)."""

from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signing_in import PASSWORD, owner, sign_in

from msme_calls.access import safe_next

HERE = "https://calls.example.org/en/sign-in"
REFUSED = [
    None,
    "",
    " ",
    "e",
    "en/profile",
    "?next=/x",
    "#x",
    ".",
    "..//evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "/x\\..\\evil",
    "https://evil.example",
    "https:/evil.example",
    "https:evil.example",
    "HTTPS://evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "mailto:x@evil.example",
    "user@evil.example",
    "//user:pass@evil.example",
    "//calls.example.org@evil.example",
    "//evil.example%2f%2e%2e",
    "https://calls.example.org.evil.example/",
    "//ⓔⓥⓘⓛ.example",
    "//xn--evil-0ra.example",
    "/x\r\nSet-Cookie: a=b",
    "/x\r\n\r\n<script>",
    "/x\x00",
    "/x\x7f",
    "/\x0b/evil.example",
    "/\x85//evil",
]
KEPT = [
    "/",
    "/en/profile",
    "/en/calls/x?a=1&b=//evil.example",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/.//evil.example",
    "/en/@evil.example",
    "/en/people?search=%C3%A9",
]


@pytest.mark.parametrize("target", REFUSED)
def test_what_could_lead_elsewhere_is_refused(target: str | None) -> None:
    assert safe_next(target) is None


@pytest.mark.parametrize("target", KEPT)
def test_a_path_on_this_site_is_kept(target: str) -> None:
    assert safe_next(target) == target
    assert urlsplit(urljoin(HERE, target)).netloc == "calls.example.org"


@given(st.text(alphabet=st.sampled_from("/\\:@.?#%\t\r\n aé２／⁄evil"), max_size=12))
def test_whatever_is_kept_stays_on_this_site(target: str) -> None:
    if kept := safe_next(target):
        assert urlsplit(urljoin(HERE, kept)).netloc == "calls.example.org"
        assert kept.startswith("/") and kept[1:2] not in ("/", "\\")


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_the_door_leads_to_one_s_work_instead(app: Any, client: Any, target: str) -> None:
    owner(email="ana@example.org")
    page = client.page("/en/sign-in?next=" + target)
    answer = client.submit(page.form(button="Sign in"), email="ana@example.org", password=PASSWORD)
    assert answer.location == "/en/my-work"
    signed_in = sign_in(app.test_client(), owner())
    assert signed_in.get("/en/sign-in", query_string={"next": target}).location == "/en/my-work"
