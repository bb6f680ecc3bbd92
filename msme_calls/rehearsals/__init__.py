"""Rehearsals: a copy of a call in a world of its own, with invented people and a clock that coordinators move."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages; in a rehearsal they lead out of it."""
    from msme_calls.calls import acts, desk
    from msme_calls.i18n import _l
    from msme_calls.rehearsals import held as held  # what is erased with an account
    from msme_calls.rehearsals import rules, views, within

    within.init_app(app)
    app.register_blueprint(views.bp)
    acts.SENTENCES.update(rules.SENTENCES)
    desk.tab("rehearsals.control", _l("Rehearsal"), act="life", order=92)
