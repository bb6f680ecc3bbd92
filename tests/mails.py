"""The mails that the product sends, read from the mailbox that takes them in tests."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from msme_calls import clock, outbox
from msme_calls.extensions import db


@dataclass(frozen=True)
class Mail:
    """A mail as its reader sees it."""

    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]

    @property
    def links(self) -> list[str]:
        """The addresses in the text."""
        return re.findall(r"https?://\S+", self.text)

    @property
    def path(self) -> str:
        """The path of the one link: what a test's client opens."""
        (url,) = self.links
        return urlsplit(url).path


def sent() -> list[Mail]:
    """Send what is due, and give what was sent by it, in the order of addresses and subjects."""
    before = {name for name, _ in outbox.kept()}
    db.session.commit()
    while outbox.deliver(clock.tick()):
        pass
    new = [message for name, message in outbox.kept() if name not in before]
    return sorted((_mail(m) for m in new), key=lambda mail: (mail.to, mail.subject))


def _mail(message) -> Mail:
    text = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    return Mail(message["To"], message["Subject"], text, html, dict(message.items()))
