"""Decisions: outcomes proposed, confirmed by a second coordinator, and sealed for their instant."""

from flask import Flask, g, render_template

from msme_calls import questions
from msme_calls.i18n import _l


def init_app(app: Flask) -> None:
    """Register the feature's pages, mails and menu."""
    from msme_calls.calls import acts, desk
    from msme_calls.decisions import held, mails, models, rules, views
    from msme_calls.decisions.sealing import Broken
    from msme_calls.decisions.views import attention

    assert held and mails and models and attention  # registered by being imported
    app.register_blueprint(views.bp)
    app.register_error_handler(Broken, _broken)
    app.jinja_env.filters["outcome"] = lambda value: rules.OUTCOMES[models.Outcome(value)]
    app.jinja_env.filters["organisation_type"] = lambda key: questions.ORGANISATION_TYPES.get(key, key)
    acts.SENTENCES.update(rules.SENTENCES)
    desk.tab("decisions.decisions", _l("Decisions"), act="decide", order=60)
    desk.tab("decisions.result", _l("Result"), act="decide", order=70)


def _broken(error: Exception) -> tuple[str, int, dict[str, str]]:
    """A page instead of a result that isn't what was sealed; it was logged where it was found."""
    g.no_page = g.public_page = True
    return render_template("decisions/broken.html"), 503, {"Retry-After": "60"}
