"""What every test may ask for; each part is defined in the file named beside it.

`app`        applications.py: the application on a fresh database; a test that uses it runs on SQLite and on PostgreSQL
`make_app`   applications.py: one more application on the same database: `make_app(env="production", …)`
`client`     pages.py: a strict client: `client.page("/en/")`, `client.submit(form, …)`
`at`         isolation.py: moves the clock: `at("2027-06-27T07:59:00Z")`; until then it stands still at NOW
`page`       browsing.py: Chromium before `live_server`, the application on waitress; both mark the test `browser`
"""

import os
from typing import Any

import hypothesis
import pytest
from databases import CI, shared_folder, tested, tidy

pytest_plugins = ["isolation", "applications", "browsing"]

hypothesis.settings.register_profile("dev", deadline=None, max_examples=50, database=None, derandomize=True)
hypothesis.settings.register_profile("slow", deadline=None, max_examples=1000, database=None, print_blob=True)
hypothesis.settings.register_profile("ci", parent=hypothesis.settings.get_profile("dev"), max_examples=200)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests that take long")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("slow" if config.getoption("--slow") and not CI else "ci" if CI else "dev")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        tidy(os.getpid())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if {"page", "browser", "live_server"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")
    if not config.getoption("--slow"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    skipped = {report.longrepr[2] for report in terminalreporter.stats.get("skipped", ()) if report.longrepr}
    for reason in sorted(r.removeprefix("Skipped: ") for r in skipped if "NOT TESTED" in r):
        terminalreporter.write_line(reason, red=True, bold=True)
    terminalreporter.write_line(f"Databases tested: {', '.join(tested(shared_folder(config))) or 'none'}")
