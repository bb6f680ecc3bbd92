"""At the desk: the decision as a whole, proposed, confirmed, sealed; and unsealed by two."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock, i18n
from msme_calls.accounts.sessions import me
from msme_calls.accounts.views.proving import demand_proof
from msme_calls.calls.desk import at_desk
from msme_calls.decisions import actions, composing, forms, queries
from msme_calls.decisions.standing import standing
from msme_calls.decisions.views.blueprint import bp
from msme_calls.extensions import db

Page = str | Response | tuple[str, int]


@bp.get("/desk/<slug>/result")
def result(slug: str) -> Page:
    call, _roles = at_desk(slug, "decide")
    return render_template("decisions/result.html", call=call, it=standing(call, me(), clock.now()), said={})


@bp.get("/desk/<slug>/result/preview")
def preview(slug: str) -> Page:
    """The public page as it would be sealed now, in this language, without what the reader is recused from."""
    call, _roles = at_desk(slug, "decide")
    hidden = queries.recused_from(call, me())
    shown = composing.preview(call, hidden, clock.now())
    own_pages = [(entry, composing.public_answers(entry)) for entry in shown.entries]
    return render_template("decisions/preview.html", call=call, result=shown, own_pages=own_pages, recused=len(hidden))


def _done(slug: str, words: str) -> Response:
    db.session.commit()
    flash(words, "good")
    return redirect(url_for(".result", slug=slug))


@bp.post("/desk/<slug>/result/propose")
def propose(slug: str) -> Page:
    call, _roles = at_desk(slug, "decide")
    actions.propose(call, by=me(), at=clock.now())
    return _done(slug, _("The decision is proposed. The other coordinators are asked by e-mail to confirm it."))


@bp.post("/desk/<slug>/result/confirm")
def confirm(slug: str) -> Page:
    call, _roles = at_desk(slug, "decide")
    demand_proof()
    actions.confirm(call, by=me(), at=clock.now(), seen=request.form.get("seen", ""))
    return _done(slug, _("The decision is confirmed. It can be sealed now."))


@bp.post("/desk/<slug>/result/take-back")
def take_back(slug: str) -> Page:
    call, _roles = at_desk(slug, "decide")
    actions.take_back(call, by=me(), at=clock.now())
    return _done(slug, _("The proposal is taken back. Decisions stay as they are."))


@bp.post("/desk/<slug>/result/seal")
def seal(slug: str) -> Page:
    call, _roles = at_desk(slug, "decide")
    demand_proof()
    actions.seal(call, by=me(), at=clock.now(), seen=request.form.get("seen", ""))
    when = i18n.written(call.result_at, call.zone) if call.result_at else ""
    return _done(slug, _("The result is sealed. It will appear on %(instant)s.", instant=when))


@bp.post("/desk/<slug>/result/ask-unseal")
def ask_unseal(slug: str) -> Page:
    call, _roles = at_desk(slug, "decide")
    demand_proof()
    note = forms.read_note(request.form, call.languages)
    if all(note.values()):
        actions.ask_unseal(call, note, by=me(), at=clock.now())
        return _done(slug, _("Another coordinator can unseal the result now. Until then it stays sealed."))
    it = standing(call, me(), clock.now())
    missing = forms.note_errors(note)
    problems = [(f"note-{code}", words) for code, words in missing.items()]
    page = render_template(
        "decisions/result.html", call=call, it=it, said=note, note_errors=missing, note_problems=problems
    )
    return page, 422


@bp.post("/desk/<slug>/result/keep-sealed")
def keep_sealed(slug: str) -> Page:
    call, _roles = at_desk(slug, "decide")
    actions.keep_sealed(call, by=me(), at=clock.now())
    return _done(slug, _("The result stays sealed."))


@bp.post("/desk/<slug>/result/unseal")
def unseal(slug: str) -> Page:
    call, _roles = at_desk(slug, "decide")
    demand_proof()
    actions.unseal(call, by=me(), at=clock.now(), seen=request.form.get("seen", ""))
    return _done(
        slug, _("The result is unsealed, and your note is public. Propose the decision anew when it is ready.")
    )
