"""Words that occur nowhere else, one for every text of the database: where one shows up, it is known whose it is.

Each carries what must never run or be obeyed (HTML, an attribute, a template, a formula), so that one crawl
finds leaks and injections alike.
"""

import itertools
import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from msme_calls.extensions import LANGUAGES, Base, Json, Translated

WORD = re.compile(r"zq\d{5}zq")
HOSTILE = "{word} \"zqa='<zqx onload=alert(1)><script>zqs()</script>{{{{1337*7777777}}}}${{1337*7777777}}%(zqp)s"
RAN = "10398887849"  # what 1337*7777777 gives: a template has obeyed

# Columns that no person writes: keys, codes, hashes, addresses in the program's own form, what is derived.
MACHINE = {
    "alembic_version": {"version_num"},
    "assignments": {"ended", "why"},
    "attachments": {"question", "sha256", "kind"},
    "calls": {
        "slug", "kind", "prefix", "zone", "languages", "organisation_types", "outcomes", "blindness", "tie_breaks",
        "unpublished", "seal_digest",
    },
    "conditions": {"operator", "value"},
    "criteria": {"key"},
    "decisions": {"outcome"},
    "emails": {"name", "address", "language", "values", "key", "last_error"},
    "factors": {"kind", "secret", "credential", "public_key"},
    "former_reviews": {"scores", "language"},
    "history": {"prev", "hash", "payload_hash", "salt", "payload", "verb"},
    "incoming_chunks": {"content"},
    "incoming_uploads": {"question", "described", "refusal"},
    "invitations": {"language", "role"},
    "links": {"token_hash", "purpose", "address", "values", "used_by"},
    "login_sessions": {"sid_hash", "browser", "system"},
    "meetings": {"zone"},
    "members": {"role"},
    "memberships": {"role", "languages"},
    "past_editions": {"kind", "unknown"},
    "people": {"name_folded", "organisation_folded", "language", "zone", "password"},
    "people_economies": {"code"},
    "proposal_versions": {"digest", "idempotency_key"},
    "proposals": {
        "reference", "status", "title_folded", "organisation_folded", "economy", "organisation_type", "language",
    },
    "questions": {"key", "kind", "feeds", "options", "match"},
    "rehearsals": {"revision"},
    "resolutions": {"digest"},
    "reviews": {"status", "scores", "language"},
    "seals": {"content", "digest", "secret"},
    "rounds": {"kind"},
    "sections": {"key"},
    "signing_keys": {"kid", "use", "x"},
    "standings": {"ties", "draw"},
    "stored_files": {"sha256", "kind", "found", "scan"},
    "tasks": {"kind", "options", "outcomes"},
    "tasks_done": {"value"},
    "team_invitations": {"language", "role"},
    "throttles": {"key"},
}  # fmt: skip


@dataclass(frozen=True)
class Secret:
    """A word, what it is (“people.name”) and whose (“owner”, “proposal A of review”)."""

    word: str
    what: str
    of: str

    def __str__(self) -> str:
        return f"{self.what} of {self.of}"


class Canaries:
    """The book of all words that were put somewhere."""

    def __init__(self) -> None:
        self.book: dict[str, Secret] = {}
        self._count = itertools.count(10_001)

    def word(self, what: str, of: str) -> str:
        """A new bare word, for where no more than letters and figures fit (addresses, file names)."""
        secret = Secret(f"zq{next(self._count)}zq", what, of)
        self.book[secret.word] = secret
        return secret.word

    def text(self, what: str, of: str) -> str:
        """A new word with everything that must not run."""
        return HOSTILE.format(word=self.word(what, of))

    def words(self, what: str, of: str) -> dict[str, str]:
        """A text in each language."""
        return {code: f"{self.text(what, of)} ({code})" for code in LANGUAGES}

    def found(self, *texts: str) -> set[Secret]:
        """Whose words occur in these texts, in whatever spelling."""
        return {self.book[w] for text in texts for w in WORD.findall(text.casefold()) if w in self.book}

    def paint(self, row: Base, of: str) -> Any:
        """Put a word into every text of a row that people write."""
        table = sa.inspect(type(row)).local_table
        for column in written(table):
            if column.name == "email" or column.name == "address":
                setattr(row, column.name, f"{self.word(f'{table.name}.{column.name}', of)}@example.org")
            elif isinstance(column.type, Translated):
                setattr(row, column.name, self.words(f"{table.name}.{column.name}", of))
            elif not isinstance(column.type, Json):
                setattr(row, column.name, self.text(f"{table.name}.{column.name}", of))
        return row


def written(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns of a table that hold what people write."""
    texts = (
        c for c in table.columns if isinstance(c.type, sa.Text | Json | sa.LargeBinary) or c.type.python_type is str
    )
    return [c for c in texts if c.name not in MACHINE.get(table.name, ()) and not c.foreign_keys and not c.primary_key]
