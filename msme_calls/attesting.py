"""The commands about keys, and about what they have signed: `msme-calls keys …` and `msme-calls verify FILE`."""

import json
from collections.abc import Iterable
from pathlib import Path

import click

from msme_calls import clock, keys, signing
from msme_calls.extensions import db
from msme_calls.proposals import receipts
from msme_calls.proposals.receipts import Checked, Finding

LARGEST = 5_000_000  # bytes of a file that is looked at: a receipt as PDF has some tens of thousands
SENTENCES = {
    Finding.CHANGED: "This receipt was changed: it is not what was signed.",
    Finding.NOT_OURS: "No known key has signed this receipt.",
    Finding.RETIRED: "This receipt is dated after its key had gone out of use: it proves nothing.",
    Finding.NO_RECEIPT: "This file holds no receipt.",
}
USES = click.Choice([use.value for use in keys.Use])


@click.group("keys")
def group() -> None:
    """The keys that sign receipts and results."""


@group.command("list")
@click.option("--json", "as_set", is_flag=True, help="Print the public key set, as the site publishes it.")
def listed(as_set: bool) -> None:
    """Print every key that ever signed, whether it still does, and whether its private half is here."""
    from msme_calls.cli import inside

    with inside():
        found = [key.public for key in keys.known()]
        here = {keys.here(use) for use in keys.Use}
    if as_set:
        click.echo(json.dumps(signing.key_set(found), indent=1))
        return
    for key in found:
        until = f"until {key.until:%Y-%m-%d %H:%M} UTC" if key.until else "in use"
        held = ", private half here" if key.kid in here else ""
        click.echo(f"{key.kid}  {key.use:<8}  from {key.since:%Y-%m-%d %H:%M} UTC, {until}{held}")
    if not found:
        click.echo("There is no key yet: the first is made when the site starts, or at the first submission.")


@group.command()
@click.argument("use", type=USES)
def rotate(use: str) -> None:
    """Put a new key in the place of the one in the data folder. The former one stays published."""
    from msme_calls.cli import inside

    with inside():
        try:
            held = keys.rotate(keys.Use(use), clock.tick)
        except keys.Unfit as error:
            raise click.ClickException(str(error)) from None
        db.session.commit()
    click.echo(f"{held.kid} signs {use} from now on. What was signed before stays valid.")


@group.command()
@click.argument("kid")
def retire(kid: str) -> None:
    """Say that nothing is signed with a key any more; what it has signed stays valid."""
    from msme_calls.cli import inside

    with inside():
        try:
            keys.retire(kid, clock.tick())
        except keys.Unfit as error:
            raise click.ClickException(str(error)) from None
        db.session.commit()
    click.echo("Done. What it signed before stays valid.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--keys", "key_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="The key set to trust, as the site publishes it; without it, the keys of this installation.",
)  # fmt: skip
def verify(file: Path, key_file: Path | None) -> None:
    """Check a receipt (JSON or PDF). Exit code 0: valid; 1: not; 2: there is none to check."""
    if file.stat().st_size > LARGEST:
        raise click.UsageError(f"{file} is too large to be a receipt.")
    found = receipts.check(file.read_bytes(), _trusted(key_file))
    if found.valid:
        click.echo(_told(found))
        return
    click.echo(SENTENCES[found.finding] + (f" The place is “{found.where}”." if found.where else ""), err=True)
    raise SystemExit(2 if found.finding is Finding.NO_RECEIPT else 1)


def _trusted(key_file: Path | None) -> Iterable[signing.PublicKey]:
    from msme_calls.cli import inside

    if key_file is None:
        with inside():
            return [key.public for key in keys.known(keys.Use.RECEIPTS)]
    try:
        return signing.read_key_set(key_file.read_bytes())
    except signing.Malformed:
        raise click.UsageError(f"{key_file} is no key set.") from None


def _told(found: Checked) -> str:
    said = found.said or {}
    lines = [
        "This receipt is valid.",
        f"Reference: {said['reference']}, submission {said['submission']}",
        f"Call: {said['call']['slug']} at {said['site']}",
        f"Received: {found.received:%Y-%m-%d %H:%M:%S} UTC",
        f"Fingerprint of answers and files: {said['digest']}",
        *(f"File: {f['sha256']}  {f['size']} bytes  {f['name']}" for f in said["files"]),
        f"Key: {said['key']}",
    ]
    return "\n".join("".join(c if c.isprintable() else "�" for c in line) for line in lines)
