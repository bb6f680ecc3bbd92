"""What a server makes before it forks, so that its processes share it: whatever each made for itself, each would keep.

Nothing here asks the database: a server starts without one.
"""

from datetime import timedelta

import sqlalchemy as sa
import structlog
from flask import Flask, g
from sqlalchemy.orm import configure_mappers
from werkzeug.exceptions import HTTPException

from msme_calls import assets, clock, i18n
from msme_calls.extensions import LANGUAGES, Base, db

log = structlog.get_logger()
CITY = "Africa/Nairobi"  # any that has a name in each language


def warm(app: Flask) -> None:
    """Make what the first requests of a process would make."""
    configure_mappers()
    app.url_map.update()  # sorted now; else by the first request, and sorting touches all of it
    assets.read_all()
    for name in app.jinja_env.list_templates(filter_func=lambda name: not name.startswith("pdf/")):  # those are typst’s
        app.jinja_env.get_template(name)  # compiled now: whoever comes first need not wait for it
    with app.app_context():
        _statements()
        for lang in LANGUAGES:
            with i18n.use(lang):
                _language(lang)
    for lang in LANGUAGES:
        _page(app, f"/{lang}/sign-in")
        _page(app, f"/{lang}/sign-in/nothing")


def _statements() -> None:
    """What SQLAlchemy works out once of each table for this kind of database."""
    dialect = db.engine.dialect
    for mapper in Base.registry.mappers:
        for statement in (sa.select(mapper.class_), sa.insert(mapper.class_), sa.update(mapper.class_)):
            statement.compile(dialect=dialect)


def _language(lang: str) -> None:
    """The catalogue, and what Babel knows of a language: it takes megabytes of it for a date."""
    i18n.gettext("Save")
    i18n.economies(lang)
    i18n.written(clock.own(), CITY)
    i18n.zone_name(clock.own(), CITY)
    i18n.left(clock.own() + timedelta(hours=3), clock.own())


def _page(app: Flask, path: str) -> None:
    """Draw a page that shows no rows. Whatever is wrong with it, those who ask for it will hear of it."""
    with app.test_request_context(path, base_url=app.settings.address):  # type: ignore[attr-defined]
        g.now = clock.own()  # else the database would be asked for the time
        try:
            app.preprocess_request()
            try:
                app.dispatch_request()
            except HTTPException as error:
                app.handle_http_exception(error)
        except Exception as error:
            log.warning("page not drawn before the start", path=path, error=type(error).__name__)
