"""Calls: what is asked, when, by which rules, and who has which role in each."""

from flask import Flask

from msme_calls.questions import wording


def init_app(app: Flask) -> None:
    """Register the feature's pages."""
    from msme_calls.calls import alerts, bulk, desk, held, mails, meetings, views
    from msme_calls.calls.views.partners import logo
    from msme_calls.i18n import _l

    assert alerts and held and mails and meetings  # imported for what they register
    bulk.init_app(app)
    app.register_blueprint(views.bp)
    app.add_url_rule("/logos/<sha256>.png", "calls.logo", logo)  # one picture for all languages
    app.jinja_env.globals["desk_tabs"] = desk.tabs
    for name in ("answer_if", "clause", "clauses", "shown_if"):
        app.jinja_env.filters[name] = getattr(wording, name)
    desk.tab("calls.overview", _l("Overview"), act="desk", order=10)
    desk.tab("calls.texts", _l("Texts"), act="set-up", order=80)
    desk.tab("calls.dates", _l("Dates"), act="set-up", order=81)
    desk.tab("calls.rules", _l("Rules"), act="set-up", order=82)
    desk.tab("calls.criteria", _l("Criteria"), act="set-up", order=83, scored=True)
    desk.tab("calls.form", _l("Form"), act="set-up", order=84)
    desk.tab("calls.partners", _l("Partners"), act="set-up", order=85)
    desk.tab("calls.languages", _l("Languages"), act="set-up", order=86)
    desk.tab("calls.filed", _l("File"), act="set-up", order=87)
    desk.tab("calls.people", _l("People"), act="people", order=90)
    desk.tab("calls.history", _l("History"), act="life", order=95)
