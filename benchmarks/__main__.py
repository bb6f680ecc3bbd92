"""`./dev bench`: measure the product on both backends and print what each step costs."""

import argparse
import asyncio
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from benchmarks import counting, measuring, report, serving  # noqa: E402
from benchmarks.filling import fill  # noqa: E402
from benchmarks.steps import PREPARED, Run, Step, hello, written  # noqa: E402
from benchmarks.steps import STEPS as OTHERS  # noqa: E402
from benchmarks.writing import WRITERS, autosave, slow_line  # noqa: E402
from msme_calls import create_app  # noqa: E402
from msme_calls.extensions import db  # noqa: E402
from msme_calls.settings import Settings  # noqa: E402

ASKED = ("slow-line",)  # takes minutes, so only if it is asked for
STEPS = OTHERS | {"autosave": autosave, "slow-line": slow_line}
JOURNEYS, REVIEWS, REQUESTS = 120, 120, 2400
FIRST = {"journeys": 48, "reviews": 48, "requests": 240, "rest": 48}  # by which each process has met all of a step
COLD = ("export", "at the instant", "slow-line")  # seldom asked for, or only once
Row = dict[str, Any]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--n", default="1000,10000", help="how many proposals, one run each (default: %(default)s)")
    parser.add_argument("--backend", choices=serving.BACKENDS, help="only this one")
    parser.add_argument("--step", action="append", choices=STEPS, help="only this step; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a few units of each step: whether all of it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows there")
    parser.add_argument("--docs", action="store_true", help="also put the table into docs/performance.md")
    parser.add_argument("--profile", choices=STEPS, metavar="STEP", help="say where the time of a step goes")
    return parser.parse_args()


@contextmanager
def application(where: serving.Installation) -> Iterator[Any]:
    """The application in this process, to fill and to look into the same database."""
    app = create_app(Settings(database_url=where.database, data=where.folder / "data", log_level="ERROR"))
    yield app
    with app.app_context():
        db.engine.dispose()


def measured(step: Step, run: Run, web: int, where: serving.Installation) -> Row:
    """One step, and what it cost a unit."""
    path = where.folder / "statements"
    before = counting.counted(path), measuring.cpu(web), measuring.cpu(where.postgres) if where.postgres else 0
    load = asyncio.run(step(run))
    after = counting.counted(path), measuring.cpu(web), measuring.cpu(where.postgres) if where.postgres else 0
    statements, used, db_used = (now - then for now, then in zip(after, before, strict=True))
    units = len(load.took)
    return {
        "n": run.n, "per_s": round(units / load.seconds, 1), "p50_ms": round(load.at(0.5), 1),
        "p95_ms": round(load.at(0.95), 1), "cpu_ms": round(used * 1000 / units, 3),
        "db_cpu_ms": round(db_used * 1000 / units, 3), "statements": round(statements / units, 1),
        "bytes": round(load.wire / units), "backend": where.backend, "units": units,
    }  # fmt: skip


def settled(where: serving.Installation) -> None:
    """What PostgreSQL does by itself within a minute of so many new rows: it looks at them, so that its plans fit."""
    import sqlalchemy as sa

    if where.postgres:
        engine = sa.create_engine(where.database, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
        engine.dispose()


def limits(where: serving.Installation, n: int) -> Row:
    """What the machine and the database could do in these minutes."""
    import sqlalchemy as sa

    engine = sa.create_engine(where.database)
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE bench_commits (n INTEGER)"))
        connection.commit()

        def one() -> None:
            connection.execute(sa.text("INSERT INTO bench_commits VALUES (1)"))
            connection.commit()

        commits = measuring.rate(one)
        connection.execute(sa.text("DROP TABLE bench_commits"))
        connection.commit()
    engine.dispose()
    found = {"commits_per_s": round(commits), "fdatasyncs_per_s": round(measuring.fdatasyncs(where.folder))}
    return {"step": "limits", "n": n, "backend": where.backend, **found}


def once(n: int, backend: str, chosen: argparse.Namespace) -> Iterator[Row]:
    """All steps for one size on one backend."""
    share = 0.05 if chosen.quick else 1.0
    counts = {"journeys": int(JOURNEYS * share), "reviews": int(REVIEWS * share), "requests": int(REQUESTS * share)}
    first = {name: int(many * share) for name, many in FIRST.items()}
    newcomers = (counts["journeys"] + first["journeys"]) * 2 + WRITERS * 2 + 1  # who begin; autosave and slow-line too
    unwritten = counts["reviews"] + first["reviews"]
    with tempfile.TemporaryDirectory(prefix="msme-bench-") as folder:
        with serving.installation(backend, Path(folder) / "run") as where, application(where) as app:
            begun = time.perf_counter()
            with app.app_context():
                filled = fill(n, newcomers, min(unwritten, n))
            settled(where)
            seconds = round(time.perf_counter() - begun, 1)
            yield {**limits(where, n), "fill_s": seconds}
            if not chosen.profile and not chosen.step:
                with serving.web(where, hello=True) as (web, port):
                    yield {"step": "bare Flask", **measured(hello, Run(app, filled, port, n, **counts), web, where)}
            profile = where.folder / "profile" if chosen.profile else None
            with serving.web(where, profile) as (web, port):
                run = Run(app, filled, port, n, **counts)
                yield from _steps(run, replace(run, **first), web, where, profile, chosen)
            if profile:
                pstats.Stats(str(profile)).sort_stats("cumulative").print_stats(60)
                pstats.Stats(str(profile)).sort_stats("tottime").print_stats(45)


def _steps(
    run: Run, first: Run, web: int, where: serving.Installation, profile: Path | None, chosen: argparse.Namespace
) -> Iterator[Row]:
    for name, step in STEPS.items():
        if name not in ([chosen.profile] if chosen.profile else chosen.step or [s for s in STEPS if s not in ASKED]):
            continue
        PREPARED.get(name, lambda _: None)(run)
        more = {} if name in COLD else {"first_cpu_ms": measured(step, first, web, where)["cpu_ms"]}
        if profile:
            profile.with_name("profile.on").touch()
        row = measured(step, run, web, where)
        if name == "export":
            more["us_per_review"] = round(row["cpu_ms"] * 1000 / written(run), 1)
        yield {"step": name, **row, **more, "pss_mb": round(measuring.pss(web))}


def main() -> None:
    chosen, rows = arguments(), []
    sizes = [int(size) for size in chosen.n.split(",")]
    for backend in [chosen.backend] if chosen.backend else serving.BACKENDS:
        for n in sizes:
            for row in once(n, backend, chosen):
                rows.append(row)
                print(report.line(row), flush=True)
    print()
    print(report.table(rows))
    if chosen.json:
        chosen.json.write_text(report.as_json(rows))
    if chosen.docs:
        report.into_docs(rows, ROOT / "docs" / "performance.md")


if __name__ == "__main__":
    os.environ.setdefault("MSME_LOG_LEVEL", "INFO")
    main()
