"""Reviews: who judges what, the score sheets, and the ranking that follows from them."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages, mails, reminders and its part of the desk."""
    from msme_calls.calls import acts, desk
    from msme_calls.i18n import _l
    from msme_calls.proposals.actions import DECLARED
    from msme_calls.reviews import actions, held, mails, reminders, words
    from msme_calls.reviews.views import bp

    assert held and mails and reminders  # they register themselves
    acts.SENTENCES |= words.SENTENCES
    if actions.end_in_conflict not in DECLARED:
        DECLARED.append(actions.end_in_conflict)
    desk.tab("reviews.assignments", _l("Assignments"), act="assign", order=30, scored=True)
    desk.tab("reviews.progress", _l("Progress"), act="desk", order=40, scored=True)
    desk.tab("reviews.ranking", _l("Ranking"), act="scores", order=50, scored=True)
    app.register_blueprint(bp)
