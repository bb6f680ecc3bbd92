"""The command `msme-calls`: run, upgrade and check an installation. A setting at fault is one sentence, exit code 2."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import sqlalchemy as sa

from msme_calls import Application, attesting, clock, create_app, health, history, i18n, jobs, keys, server, settings
from msme_calls.backups import commands
from msme_calls.errors import Refused
from msme_calls.extensions import LANGUAGES, db
from msme_calls.settings import SettingsError

FAULTS = {
    "missing": "Row %d is missing.",
    "unreadable": "Row %d can’t be read.",
    "chain": "Row %d does not follow from the row before it.",
    "text": "What row %d says was changed.",
    "columns": "The columns of row %d say something else than its text.",
    "head": "The history ends before row %d, or that row is not the one that was noted.",
}


class Unfit(click.ClickException):
    """The installation can't be run as it is set up; the message is for its administrator."""

    exit_code = 2


class Commands(click.Group):
    """Commands that answer a fault of the settings with a sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise Unfit(str(error)) from None
        except health.Newer as error:
            raise Unfit(f"The database is of a newer version of MSME Calls ({error}): start that version.") from None
        except Refused as error:
            raise click.ClickException(str(error)) from None
        except sa.exc.OperationalError as error:
            raise Unfit(f"The database does not answer: {str(error.orig).splitlines()[0]}") from None


def application() -> Application:
    """The application of the environment's settings. Raises SettingsError for what can't be."""
    chosen = settings.from_environment()
    try:
        return create_app(chosen)
    except OSError as error:
        raise SettingsError(f"MSME_DATA: the folder {chosen.data} can’t be used ({error.strerror}).") from None
    except (sa.exc.ArgumentError, ImportError) as error:
        raise SettingsError(f"MSME_DATABASE_URL names no database that can be used here ({error}).") from None


@contextmanager
def inside(upgraded: bool = True) -> Iterator[Application]:
    """Inside the application with its database up to date; connections are closed afterwards."""
    app = application()
    with app.app_context():
        try:
            if upgraded and not health.up_to_date():
                raise SettingsError("The database and this version do not fit: run msme-calls upgrade.")
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


@click.group(cls=Commands)
@click.version_option(package_name=None, version="0.1.0", prog_name="msme-calls")
def main() -> None:
    """Calls for proposals from launch to the published result."""


@main.command()
@click.option("--demo", is_flag=True, help="Fill an empty database with demonstration data, and print its accounts.")
def run(demo: bool) -> None:
    """Upgrade the database, then serve with the worker, in one process."""
    chosen = settings.from_environment()
    if demo and chosen.production:
        raise SettingsError("The passwords of the demonstration are known to all: run without --demo in production.")
    listening = server.listen(chosen)  # a taken port is told before anything is changed
    with inside(upgraded=False) as app:
        health.upgrade()
        keys.ready(keys.Use, clock.tick())
        accounts = _demonstration() if demo else []
    jobs.init_app(app)
    with jobs.working(app):
        server.serve(app, listening, lambda: _welcome(app, accounts))


@main.command()
def serve() -> None:
    """Serve the pages alone; `msme-calls worker` does the rest in another process."""
    listening = server.listen(settings.from_environment())
    with inside() as app:
        keys.ready([keys.Use.RECEIPTS], clock.tick())
        jobs.init_app(app)
    server.serve(app, listening, lambda: _welcome(app, []))


@main.command()
def worker() -> None:
    """Send mails and reminders until told to stop; several may run at once."""
    with inside() as app:
        keys.ready([keys.Use.RESULTS], clock.tick())
        jobs.init_app(app)
    with server.told() as stop, jobs.working(app):
        stop.wait()


@main.command()
def upgrade() -> None:
    """Bring the database up to date. Safe while others do the same."""
    with inside(upgraded=False):
        health.upgrade()
    click.echo("The database is up to date.")


@main.command()
@click.argument("mail")
def invite_administrator(mail: str) -> None:
    """Print a link with which MAIL becomes an administrator, once."""
    from msme_calls.accounts import actions

    with inside(), i18n.use("en"):
        link = actions.invite_administrator(mail, at=clock.tick())
        db.session.commit()
    click.echo(link)


@main.command()
@click.argument("mail")
def reset_second_factor(mail: str) -> None:
    """Take the second step away from the account of MAIL, whose owner has lost it; she is told."""
    from msme_calls.accounts import factors, queries

    with inside(), i18n.use("en"):
        person = queries.find_by_address(mail)
        if person is None:
            raise click.ClickException("Nobody has an account with this address.")
        factors.reset(person, by=None, at=clock.tick())
        db.session.commit()
    click.echo("The second step is taken away. A mail tells so.")


@main.command()
@click.argument("slug")
@click.argument("mail")
def vouch(slug: str, mail: str) -> None:
    """Answer for MAIL as a coordinator of the call SLUG: she may confirm what whoever invited her proposes."""
    from msme_calls.calls import queries
    from msme_calls.calls.actions import people

    with inside(), i18n.use("en"):
        membership = queries.coordinator(slug, mail)
        if membership is None:
            raise click.ClickException("Nobody with this address is a coordinator of a call with this name.")
        people.vouch(membership, at=clock.tick())
        db.session.commit()
    click.echo("Done. The history of the call says so.")


@main.command()
def record_past_editions() -> None:
    """Put the past editions of Small Business Champions into the archive, those that are not there yet."""
    from msme_calls.publication import past

    with inside():
        count = past.record_all(by=None, at=clock.tick())
        db.session.commit()
    click.echo(f"Past editions recorded: {count}.")


for command in (commands.backup, commands.restore, commands.storage, attesting.group, attesting.verify):
    main.add_command(command)


@main.group("history")
def chain() -> None:
    """The record of who did what."""


@chain.command()
@click.option("--noted", metavar="HEAD", help="A head noted earlier, as `history head` printed it: “42 9f86d0…”.")
def verify(noted: str | None) -> None:
    """Check that no row of the history was changed, added or taken out; name the first that was."""
    with inside():
        count, fault = history.verify()
        if fault is None and noted is not None:
            fault = _differs(noted)
        head = history.head()
    if fault is not None:
        raise click.ClickException(FAULTS[fault[1]] % fault[0])
    click.echo(f"The history holds. Rows: {count}. Head: {head[0]} {head[1]}")


@chain.command()
def head() -> None:
    """Print the number and the hash of the last row, to be noted where nobody at this server can change it."""
    with inside():
        number, digest = history.head()
    click.echo(f"{number} {digest}")


def _differs(noted: str) -> tuple[int, str] | None:
    number, _, digest = noted.strip().partition(" ")
    if not number.isdecimal() or not digest:
        raise click.UsageError("A head is a number and a hash, as `msme-calls history head` prints them.")
    return None if history.hash_of(int(number)) == digest.strip() else (int(number), "head")


def _demonstration() -> list[tuple[str, str, str]]:
    """Load the demonstration into an empty database; its accounts: (who, address, password)."""
    from msme_calls import demo
    from msme_calls.calls.models import Call

    if not db.session.scalar(sa.select(sa.exists().select_from(Call))):
        demo.load(clock.tick())
        db.session.commit()
    return [*demo.accounts()]


def _welcome(app: Application, accounts: list[tuple[str, str, str]]) -> None:
    home = app.settings.address
    click.echo("\nMSME Calls is running.\n")
    for lang in LANGUAGES:
        click.echo(f"  {i18n.OWN_NAMES[lang]:<10} {home}/{lang}/")
    if not app.settings.production:
        click.echo(f"  {'Mailbox':<10} {home}/en/mailbox")
    if app.settings.now:
        click.echo(f"\nIts clock started at {app.settings.now} and runs on from there.")
    if accounts:
        click.echo("\nAccounts of the demonstration:\n")
        widths = [max(len(account[n]) for account in accounts) for n in range(2)]
        for who, address, password in accounts:
            click.echo(f"  {who:<{widths[0]}}  {address:<{widths[1]}}  {password}")
    click.echo("\nCtrl-C stops it.\n")
