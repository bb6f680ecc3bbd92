"""What is asked of those who were chosen, after the result: a logo, a short text, the final paper, a consent."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages, mails and sweeps."""
    from msme_calls.calls import acts, desk
    from msme_calls.i18n import _l
    from msme_calls.tasks import held, mails, queries, reminders, rules
    from msme_calls.tasks.views import bp

    assert held and mails and reminders  # they register themselves
    acts.SENTENCES.update(rules.SENTENCES)
    app.jinja_env.globals["asked_of"] = queries.asked_of  # for the page of a proposal, which lies below this feature
    desk.tab("tasks.listed", _l("Tasks"), act="proposals", order=75)
    app.register_blueprint(bp)
