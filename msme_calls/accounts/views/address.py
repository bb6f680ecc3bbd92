"""Another address for one's account: asked for, confirmed from the new mailbox, undone from the former one."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from msme_calls import clock
from msme_calls.access import open_to_all
from msme_calls.accounts import address, forms, throttle
from msme_calls.accounts.sessions import me
from msme_calls.accounts.views.blueprint import bp
from msme_calls.accounts.views.doors import Page, drawn, enter
from msme_calls.accounts.views.mailed import gone, press, usable
from msme_calls.accounts.views.proving import demand_proof
from msme_calls.extensions import db


@bp.route("/profile/address", methods=["GET", "POST"])
def change_address() -> Page:
    demand_proof()
    person, form, at = me(), forms.NewAddress(), clock.now()
    if form.validate_on_submit():
        reason = address.no_change(person, form.email.data)
        if reason is None:
            may_go, _network_waits = throttle.mail(form.email.data, throttle.network(request.remote_addr), at)
            if may_go:
                address.ask(person, form.email.data, at=at)
            db.session.commit()
            flash(_("We have sent a link to the new address. Until you press its button, nothing changes."), "good")
            return redirect(url_for("accounts.profile"))
        form.email.errors = [reason]
    return drawn("change_address", form, person=person)


@bp.route("/links/address/<token>", methods=["GET", "POST"])
@open_to_all
def change_address_by_link(token: str) -> Page:
    """Only for whoever asked: a wrongly typed address gives no stranger the account."""
    link = usable(token, address.CHANGE)
    person = address.owner(link) if link else None
    if link is None or person is None:
        return gone(address.CHANGE)
    same = current_user.is_authenticated and me().id == person.id
    if request.method == "GET" or not same:
        return render_template("accounts/change_address_by_link.html", link=link, same=same)
    if not press(link):
        return gone(address.CHANGE)
    if person.email != link.address:  # else its button was pressed twice
        address.change(person, link, by=me(), at=clock.now())
        db.session.commit()
    flash(_("Your account has its new address. Everywhere else you were signed out."), "good")
    return redirect(url_for("accounts.profile"))


@bp.route("/links/undo-address/<token>", methods=["GET", "POST"])
@open_to_all
def undo_address(token: str) -> Page:
    link = usable(token, address.BACK)
    person = address.owner(link) if link else None
    if link is None or person is None:
        return gone(address.BACK)
    form = forms.Stay()
    if form.validate_on_submit():
        if not press(link):
            return gone(address.BACK)
        address.undo(person, link, at=clock.now())
        says = _("Your account has its former address again. Choose a new password now.")
        return enter(person, url_for("accounts.change_password"), says=says)
    return drawn("undo_address", form, link=link)
