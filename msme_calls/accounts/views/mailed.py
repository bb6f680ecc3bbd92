"""Behind the links of mails: GET shows one button, POST acts; a used link and one that never was look the same."""

from flask import g, render_template
from flask_babel import gettext as _

from msme_calls import clock, i18n
from msme_calls.access import open_to_all
from msme_calls.accounts import actions, forms, links, queries, sessions
from msme_calls.accounts.models import Link
from msme_calls.accounts.views.blueprint import bp
from msme_calls.accounts.views.doors import Page, drawn, enter, onward
from msme_calls.extensions import db


def usable(token: str, purpose: str) -> Link | None:
    """The link, if it can be used now (again, by whoever pressed its button twice)."""
    link = links.find(token, purpose, clock.now(), browser=sessions.mark())
    return link if link is not None and queries.open_to(link) else None


def press(link: Link) -> bool:
    """Use the link up; False if another request was first."""
    return links.use(link, clock.now(), browser=sessions.mark())


def gone(purpose: str) -> tuple[str, int]:
    """The page of a link that can't be used: why, and where to get a new one."""
    db.session.rollback()
    g.no_page = True  # the token doesn't live on in the links to other languages
    return render_template("accounts/link_gone.html", purpose=purpose), 404


@bp.route("/links/confirm/<token>", methods=["GET", "POST"])
@open_to_all
def confirm(token: str) -> Page:
    link = usable(token, "confirm")
    if link is None:
        return gone("confirm")
    form = forms.NewAccount(link.address, link.values["called"])
    if form.validate_on_submit():
        if not press(link):
            return gone("confirm")
        person = actions.confirm(link, form.password.data, at=clock.now())
        says = _("Your account is ready, and you are signed in.")
        return enter(person, onward(link.values.get("onward", "")), form.stay.data, says)
    return drawn("confirm", form, link=link, known=queries.find_by_address(link.address) is not None)


@bp.route("/links/sign-in/<token>", methods=["GET", "POST"])
@open_to_all
def sign_in_by_link(token: str) -> Page:
    link = usable(token, "sign-in")
    person = queries.find_by_address(link.address) if link else None
    if link is None or person is None:
        return gone("sign-in")
    form = forms.Stay()
    if form.validate_on_submit():
        if not press(link):
            return gone("sign-in")
        return enter(person, onward(link.values.get("onward", "")), form.stay.data)
    return drawn("sign_in_by_link", form, link=link)


@bp.route("/links/reset/<token>", methods=["GET", "POST"])
@open_to_all
def reset(token: str) -> Page:
    link = usable(token, "reset")
    person = queries.find_by_address(link.address) if link else None
    if link is None or person is None:
        return gone("reset")
    form = forms.Reset(person.email, person.name)
    if form.validate_on_submit():
        if not press(link):
            return gone("reset")
        actions.set_password(person, form.password.data, by=person, at=clock.now())
        says = _("Your new password holds, and you are signed in. Everywhere else you were signed out.")
        return enter(person, onward(""), says=says)
    return drawn("reset", form, link=link)


@bp.route("/links/administrator/<token>", methods=["GET", "POST"])
@open_to_all
def administrator(token: str) -> Page:
    link = usable(token, "administrator")
    if link is None:
        return gone("administrator")
    person = queries.find_by_address(link.address)
    form = forms.NewAdministrator(link.address, data={"name": person.name if person else ""})
    if form.validate_on_submit():
        if not press(link):
            return gone("administrator")
        name, lang, password = form.name.data, i18n.language(), form.password.data
        person = actions.accept_administrator(link, name, lang, password, at=clock.now())
        return enter(person, onward(""), form.stay.data, _("You are an administrator now."))
    return drawn("administrator", form, link=link, known=person is not None)
