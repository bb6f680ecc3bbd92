"""The partners of a call: who holds it with the group."""

from dataclasses import dataclass
from datetime import datetime

from msme_calls import history, uploads
from msme_calls.accounts.models import Person
from msme_calls.calls import rules
from msme_calls.calls.actions import parts
from msme_calls.calls.models import Call, Partner
from msme_calls.errors import allow


@dataclass(frozen=True)
class Content:
    """What is known of a partner; `logo` is a picture that was sent now, None keeps the one there is."""

    name: dict[str, str]
    link: str
    logo: uploads.Checked | None = None
    without_logo: bool = False

    def put(self, partner: Partner, at: datetime) -> None:
        """Write it into a partner."""
        partner.name, partner.link = self.name, self.link
        if self.logo:
            partner.logo_sha256 = uploads.remember(self.logo, at).sha256
        elif self.without_logo:
            partner.logo_sha256 = None


def add(call: Call, content: Content, *, by: Person, at: datetime) -> Partner:
    """Add a partner after the others."""
    allow(rules.no_wording(call.life, at))
    partner = Partner(position=parts.last(call.partners), name={})
    content.put(partner, at)
    call.partners.append(partner)
    history.record("add-partner", by=by, at=at, call=call, name=content.name)
    return partner


def edit(partner: Partner, content: Content, *, by: Person, at: datetime) -> None:
    """Change a partner's name, link or logo."""
    allow(rules.no_wording(partner.call.life, at))
    content.put(partner, at)
    history.record("edit-partner", by=by, at=at, call=partner.call, name=content.name)


def move(partner: Partner, step: int, *, by: Person, at: datetime) -> None:
    """Move a partner one place up (-1) or down (1)."""
    allow(rules.no_wording(partner.call.life, at))
    if parts.shift(partner.call.partners, partner, step):
        history.record("move-partner", by=by, at=at, call=partner.call, name=partner.name)


def remove(partner: Partner, *, by: Person, at: datetime) -> None:
    """Take a partner away."""
    call = partner.call
    allow(rules.no_wording(call.life, at))
    call.partners.remove(partner)
    history.record("remove-partner", by=by, at=at, call=call, name=partner.name)
