"""A passkey in a real browser with an authenticator of its own: made, asked for, and the only thing that is needed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from accounts.factors_at_hand import with_app
from browsing import LiveServer
from playwright.sync_api import Page, expect
from signing_in import PASSWORD, owner

from msme_calls.extensions import db


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """The site by its name: passkeys are made for a name, not for a number."""
    return live_server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def phone(page: Page) -> Iterator[Callable[[bool], None]]:
    """An authenticator inside the device, whose owner has a finger; call it with False, and she hasn't."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    number = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    yield lambda is_her: devtools.send(
        "WebAuthn.setUserVerified", {"authenticatorId": number, "isUserVerified": is_her}
    )
    devtools.detach()


def sign_in(page: Page, site: str) -> None:
    page.goto(f"{site}/en/sign-in")
    page.get_by_label("E-mail address").fill("ana@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_made_and_signs_in_with_and_without_a_password(
    page: Page, live_server: LiveServer, site: str, phone: Any, accessible: Any
) -> None:
    """Threat A3; and what Flask-Security’s first passkey could not be: one of a phone or computer."""
    with live_server.app.app_context():
        owner(email="ana@example.org")
        db.session.commit()
    sign_in(page, site)
    page.goto(f"{site}/en/profile/security")
    accessible()
    page.get_by_role("link", name="Add a passkey").click()
    accessible()
    page.get_by_label("Name").fill("This phone")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    accessible()
    page.get_by_role("link", name="I have kept them: go on").click()
    expect(page.get_by_role("link", name="This phone")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()  # the device's drafts are looked at before
    sign_in(page, site)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step")
    accessible()
    phone(False)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("It did not work, or was cancelled.")).to_be_visible()
    phone(True)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My work")

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.goto(f"{site}/fr/sign-in?next=/fr/profile")
    page.locator("[data-passkey] button").click()
    page.wait_for_url(f"{site}/fr/profile")


def test_without_scripts_the_other_factors_are_offered(page: Page, live_server: LiveServer, site: str) -> None:
    with live_server.app.app_context():
        _, codes = with_app()
    context = page.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    plain = context.new_page()
    sign_in(plain, site)
    expect(plain.get_by_role("button", name="Use a passkey")).to_have_count(0)
    plain.get_by_text("Use a recovery code").click()
    plain.get_by_label("Recovery code").fill(codes[0])
    plain.get_by_role("button", name="Sign in with this code").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("My work")
    plain.goto(f"{site}/en/profile/security/passkey")
    expect(plain.get_by_text("This browser can’t make passkeys")).to_be_visible()
    expect(plain.get_by_role("button", name="Make a passkey")).to_have_count(0)
    context.close()
