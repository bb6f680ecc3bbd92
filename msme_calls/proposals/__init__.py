"""Proposals: what applicants write, hand in, take back and restore."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages."""
    from msme_calls.accounts.actions import STANDING_CHANGES
    from msme_calls.calls import acts, desk
    from msme_calls.calls.actions.extend import EXTENDED
    from msme_calls.calls.actions.life import HOLDS
    from msme_calls.i18n import _l
    from msme_calls.proposals import (
        actions,
        files,
        held,
        mails,
        more_time,
        queries,
        reminders,
        rules,
        team_mails,
        team_rules,
        views,
    )
    from msme_calls.proposals.views import more_time as more_time_pages
    from msme_calls.proposals.views import team as team_pages
    from msme_calls.scanning import FOUND

    assert held and mails and team_mails and team_pages and more_time_pages  # imported for their registrations
    app.register_blueprint(views.bp)
    desk.tab("proposals.listed", _l("Proposals"), act="proposals", order=20)
    acts.SENTENCES.update(rules.SENTENCES | team_rules.SENTENCES)
    subjects = acts.Subjects(visible=queries.visible_ids, names=queries.references)
    if subjects not in acts.PROPOSALS:
        acts.PROPOSALS.append(subjects)
    if reminders.OF_DRAFTS not in EXTENDED:
        EXTENDED.append(reminders.OF_DRAFTS)
    if more_time.no_review_yet not in HOLDS:
        HOLDS.append(more_time.no_review_yet)
    if actions.keep_conflicts not in STANDING_CHANGES:
        STANDING_CHANGES.append(actions.keep_conflicts)
    if files.take_out not in FOUND:
        FOUND.append(files.take_out)
