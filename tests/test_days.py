"""Days as people write them: the year goes without saying only where it is this one."""

from datetime import UTC, datetime

import flask
import pytest

from msme_calls import i18n

ZURICH = "Europe/Zurich"


@pytest.mark.parametrize(
    ("lang", "here", "elsewhere"),
    [
        ("en", "27 June", "27 June 2028"),
        ("fr", "27 juin", "27 juin 2028"),
        ("es", "27 de junio", "27 de junio de 2028"),
    ],
)
def test_another_year_is_named(app: flask.Flask, lang: str, here: str, elsewhere: str) -> None:
    with i18n.use(lang):
        days = [i18n.short_day(datetime(year, 6, 27, 8, tzinfo=UTC), ZURICH) for year in (2027, 2028)]
    assert days == [here, elsewhere]


def test_the_year_is_that_of_the_zone(app: flask.Flask, at) -> None:
    at("2027-12-31T23:30:00Z")  # in Zurich 2028 has begun
    assert i18n.short_day(datetime(2028, 1, 2, tzinfo=UTC), ZURICH) == "2 January"
    assert i18n.short_day(datetime(2027, 12, 30, tzinfo=UTC), ZURICH) == "30 December 2027"
