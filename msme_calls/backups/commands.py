"""The commands that back up, restore and take stock."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from msme_calls import clock, pulse
from msme_calls.backups import Unusable, making, restoring, stock
from msme_calls.extensions import db


@click.command()
@click.argument("target", metavar="FOLDER_OR_FILE", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="Of the backups in the folder, keep the N newest.", metavar="N")
@click.option("--keep-days", type=click.IntRange(1), help="Keep those of the last N days as well.", metavar="N")
def backup(target: Path, keep: int | None, keep_days: int | None) -> None:
    """Write database and files into one archive, while the installation is in use."""
    from msme_calls.cli import inside

    if (keep or keep_days) and not target.is_dir():
        raise click.UsageError("--keep and --keep-days are for a folder that exists.")
    with inside():
        at = clock.tick()
        try:
            made = making.back_up(target, at)
            old = making.forget_old(made.path.parent, at, keep, keep_days)
        except Unusable as error:
            raise click.ClickException(str(error)) from None
        if not made.lost:
            _note(at)
    click.echo(
        f"{made.path}\nRows: {made.rows}. Files: {made.files}. Head of the history: {made.head[0]} {made.head[1]}"
    )
    for path in old:
        click.echo(f"Deleted: {path}")
    if made.lost:
        raise click.ClickException(
            "These files are missing or damaged in the store, and so not in the backup: " + ", ".join(made.lost)
        )


def _note(at: datetime) -> None:
    """Have /metrics tell how old the last whole backup is. The backup is made, even if that can't be written now."""
    db.session.rollback()  # what was read so far is no base to write on
    try:
        pulse.note("backup", at)
        db.session.commit()
    except sa.exc.OperationalError:
        db.session.rollback()
        click.echo("The backup is whole. That it was made could not be noted for /metrics.", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def restore(file: Path) -> None:
    """Fill a new installation from a backup, and prove that it is what was backed up."""
    from msme_calls.cli import inside

    with inside(upgraded=False):
        try:
            held = restoring.restore(file)
        except Unusable as error:
            raise click.ClickException(str(error)) from None
    rows = sum(about["rows"] for about in held["tables"].values())
    click.echo(f"Restored what was backed up at {held['made_at']}. Rows: {rows}. Files: {held['files']}.")
    click.echo(f"The history holds. Head: {held['history'][0]} {held['history'][1]}")


@click.group()
def storage() -> None:
    """The kept files."""


@storage.command()
@click.option("--sweep", is_flag=True, help="Also take away what is older than a day and named by no row.")
def check(sweep: bool) -> None:
    """Read every file that a row names and compare it with its hash; name what is damaged, missing or too much."""
    from msme_calls.cli import inside

    with inside():
        at = clock.tick()
        found = stock.take(at)
        done = stock.clean(found, at) if sweep else 0
    lines: list[tuple[str, list[Any]]] = [
        ("Damaged", found.damaged), ("Missing", found.missing), ("Named by no row", found.unnamed),
        ("Left over", found.leftovers),
    ]  # fmt: skip
    for word, names in lines:
        for name in names:
            click.echo(f"{word}: {name}")
    click.echo(f"Whole: {found.good}. " + " ".join(f"{word}: {len(names)}." for word, names in lines))
    if sweep:
        click.echo(f"Taken away: {done}.")
    if found.damaged or found.missing:
        raise click.ClickException("Files are damaged or missing: take them from a backup (docs/backup.md).")
