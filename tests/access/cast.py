"""The world that every test of this folder looks at: one call in each phase, the same people in all of them."""

import io
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from canaries import Canaries
from pypdf import PdfWriter
from world import DAY, answer_to

from msme_calls import clock, uploads
from msme_calls.accounts import links
from msme_calls.accounts.factors import Factor
from msme_calls.accounts.models import Person
from msme_calls.calls.actions import life
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.meetings import Meeting
from msme_calls.calls.models import (
    Blindness,
    Call,
    Condition,
    DeadlineMove,
    Invitation,
    Membership,
    Partner,
    Role,
)
from msme_calls.decisions import actions as deciding
from msme_calls.decisions.models import Decision, Outcome
from msme_calls.extensions import db
from msme_calls.proposals import actions as proposing
from msme_calls.proposals.incoming import IncomingUpload
from msme_calls.proposals.models import Attachment, Conflict, Member, Proposal, TeamInvitation, TeamRole
from msme_calls.publication.models import PastEdition
from msme_calls.reviews.models import Assignment, Ended, FormerReview, Review, ReviewStatus, Standing
from msme_calls.tasks.models import Task

# Whom the tests look at the world as, in the order of the columns of table.py; None is nobody signed in.
ROLES = (
    "anonymous", "owner", "other", "reviewer", "unassigned", "coordinator", "conflicted", "assistant", "chair",
    "observer", "outsider", "convenor", "administrator", "co-viewer", "co-editor", "co-submitter",
)  # fmt: skip
# Who is there besides: a reviewer whose sheets others may or may not read, somebody who only has a draft, the
# coordinator who confirms, and an applicant who took her proposal back.
OTHERS = ("colleague", "drafter", "second", "leaver")
MEMBERS = {
    "reviewer": Role.REVIEWER, "unassigned": Role.REVIEWER, "colleague": Role.REVIEWER, "conflicted": Role.COORDINATOR,
    "coordinator": Role.COORDINATOR, "second": Role.COORDINATOR, "assistant": Role.ASSISTANT, "chair": Role.CHAIR,
    "observer": Role.OBSERVER,
}  # fmt: skip
APPLICANTS = {"A": "owner", "B": "other", "draft": "drafter", "withdrawn": "leaver"}
TEAM = {"co-viewer": TeamRole.VIEW, "co-editor": TeamRole.EDIT, "co-submitter": TeamRole.SUBMIT}  # of applicant A
# In "elsewhere" (open to all, applicants visible) the outsider is coordinator and nobody else has a role.
CALLS = (
    "draft", "announced", "open", "closed", "review", "review-open", "deciding", "sealed", "published", "archived",
    "cancelled", "elsewhere",
)  # fmt: skip
ORDER = ("draft", "announced", "open", "closed", "review", "deciding", "sealed", "published")
REACHED = {"review-open": "review", "archived": "published", "cancelled": "review", "elsewhere": "review"}
RESULT = DAY  # from the present to the result of the sealed call


@dataclass
class Cast:
    """Names of all that there is, to make addresses of, and what may not be seen where."""

    canaries: Canaries = field(default_factory=Canaries)
    people: dict[str, uuid.UUID] = field(default_factory=dict)
    slugs: dict[str, str] = field(default_factory=dict)
    ids: dict[tuple[str, str], Any] = field(default_factory=dict)  # (call, "A.proposal") → id

    def value(self, call: str, name: str) -> Any:
        """What stands for a name in an address: “slug”, “A.proposal” in that call, “person owner”, “=this”."""
        if name.startswith("="):
            return name[1:]
        if name == "slug":
            return self.slugs[call]
        if name.startswith("person "):
            return self.people[name.removeprefix("person ")]
        nothing = uuid.uuid5(uuid.NAMESPACE_URL, f"{call}/{name}")
        return self.ids.get((call, name), self.ids.get(("links", name), nothing))


def build() -> Cast:
    """Make the world in the database of the application whose context is active."""
    cast = Cast()
    people = {name: _person(cast, name) for name in (*ROLES[1:], *OTHERS)}
    for name in CALLS:
        _Maker(cast, people, name).make()
    _links(cast, people)
    _factor(cast, people["reviewer"])
    edition = PastEdition(kind="small-business-champions", year=2021, recorded_at=clock.now(), title={})
    words = cast.canaries.words("past_editions.about", "public")
    edition.winners = [{"name": words["en"], "economy": "KE", "outcome": "winner", "about": words}]
    edition.sources = [{"address": "https://example.org/source", "label": words}]
    edition.partners = [words]
    for column in ("title", "theme", "note"):
        setattr(edition, column, cast.canaries.words(f"past_editions.{column}", "public"))
    db.session.add(edition)
    meeting = Meeting(starts_at=clock.now() + 60 * DAY, zone="Europe/Zurich", changed_at=clock.now())
    meeting.title, meeting.place = (cast.canaries.words(f"meetings.{part}", "public") for part in ("title", "place"))
    meeting.link = f"https://example.org/{cast.canaries.word('meetings.link', 'public')}"
    db.session.add(meeting)
    db.session.flush()
    cast.ids["links", "meeting"] = meeting.id
    db.session.commit()
    return cast


def _links(cast: Cast, people: dict[str, Person]) -> None:
    """One link for each purpose that can be used now; of those that have no person yet the newcomer's."""
    newcomer = f"{cast.canaries.word('links.address', 'newcomer')}@example.org"
    called = cast.canaries.text("links.called", "newcomer")
    for purpose, address in (
        ("confirm", newcomer), ("administrator", newcomer), ("sign-in", people["owner"].email),
        ("reset", people["owner"].email), ("prove", people["owner"].email),
        ("address", newcomer), ("address-undo", newcomer),
    ):  # fmt: skip
        values = {"called": called, "language": "en"} if purpose == "confirm" else {}
        subject = people["owner"].id if purpose.startswith("address") else None
        token = links.issue(purpose, address, at=clock.now(), lasts=3 * DAY, subject=subject, **values)
        cast.ids["links", f"{purpose}.token"] = token


def _factor(cast: Cast, person: Person) -> None:
    """A second step for one of them."""
    made = Factor(person_id=person.id, kind="app", secret="-", added_at=clock.now())
    db.session.add(cast.canaries.paint(made, "reviewer"))
    db.session.flush()
    cast.ids["links", "reviewer.factor"] = made.id


def _person(cast: Cast, name: str) -> Person:
    made = Person(confirmed_at=clock.now(), created_at=clock.now(), language="en", zone="Africa/Nairobi")
    cast.canaries.paint(made, name)
    made.is_administrator, made.is_convenor = name == "administrator", name == "convenor"
    db.session.add(made)
    db.session.flush()
    cast.people[name] = made.id
    return made


class _Maker:
    """Makes one call with all that is in it."""

    def __init__(self, cast: Cast, people: dict[str, Person], name: str) -> None:
        self.cast, self.people, self.name, self.at = cast, people, name, clock.now()
        self.canaries = cast.canaries
        self.reached = ORDER.index(REACHED.get(name, name))
        self.hours = iter(range(1, 100))

    def has(self, phase: str) -> bool:
        return self.reached >= ORDER.index(phase)

    def of(self, thing: str) -> str:
        return f"{thing} of {self.name}"

    def note(self, name: str, row: Any) -> Any:
        db.session.add(row)
        db.session.flush()
        self.cast.ids[self.name, name] = row.id
        return row

    def make(self) -> None:
        self.call = self._call()
        for name, role in MEMBERS.items():
            if name != "coordinator" and self.name != "elsewhere":
                self._member(name, role)
        self._around()
        if self.has("open"):
            for name, owner in APPLICANTS.items():
                self._proposal(name, self.people[owner])
        if self.has("review"):
            self._reviews()
        if self.has("deciding"):
            self._decisions()
        self._end()
        db.session.commit()

    def _call(self) -> Call:
        maker = self.people["outsider" if self.name == "elsewhere" else "coordinator"]
        kind = KINDS["small-business-champions"]
        made = life.create(kind, f"call-{self.name}", {"en": "x"}, f"Z{len(self.cast.slugs)}", by=maker, at=self.at)
        self.canaries.paint(made, self.of("call"))
        made.contact = f"{self.canaries.word('calls.contact', self.of('call'))}@example.org"
        for row in (*made.criteria, *made.sections, *made.questions):
            self.canaries.paint(row, self.of("call"))
        for criterion in made.criteria:
            steps = range(criterion.scale + 1)
            criterion.anchors = {str(s): self.canaries.words("criteria.anchors", self.of("call")) for s in steps}
        for question in made.questions:  # files that reviewers may read, but not the names that their senders gave them
            question.hidden = question.hidden and question.kind != "file"
        made.blindness = Blindness.OPEN if self.name in ("review-open", "elsewhere") else Blindness.SINGLE
        made.winners, made.runners_up, made.reviews_per_proposal = 1, 1, 2
        self._dates(made)
        self.cast.slugs[self.name] = made.slug
        self.note("call", made)
        self.note("section", made.sections[0])
        self.note("criterion", made.criteria[0])
        self.note("question", made.sections[0].questions[0])
        late = made.sections[-1].questions[-1]
        seen_by_all = next(q for q in made.questions if not q.hidden)
        late.conditions = [Condition(position=0, depends_on=seen_by_all, operator="answered")]
        db.session.flush()
        self.note("late question", late)
        self.note("condition", late.conditions[0])
        self.note("coordinator.member", made.memberships[0])
        return made

    def _dates(self, call: Call) -> None:
        ahead = 10 * DAY if self.reached < ORDER.index("open") else -90 * DAY
        call.opens_at = self.at + ahead
        call.deadline_at = self.at + (20 * DAY if self.reached <= ORDER.index("open") else -45 * DAY)
        call.review_due_at, call.review_cutoff_at = call.deadline_at + 50 * DAY, call.deadline_at + 60 * DAY
        call.result_at = self.at + 120 * DAY
        if self.reached > ORDER.index("draft"):
            call.launched_at = call.opens_at - 10 * DAY
        if self.has("review"):
            call.review_started_at = call.deadline_at + DAY
        if self.has("deciding"):
            call.review_due_at, call.review_cutoff_at = call.deadline_at + 10 * DAY, call.deadline_at + 12 * DAY
            call.deciding_started_at = call.deadline_at + 31 * DAY

    def _member(self, name: str, role: Role) -> None:
        made = Membership(call=self.call, person=self.people[name], role=role, since=self.at, languages=["en"])
        self.note(f"{name}.member", made)

    def _around(self) -> None:
        """Partners, an extension, and an invitation in each state."""
        logo = uploads.remember(_picture(len(self.cast.slugs)), self.at)
        partner = Partner(call=self.call, position=0, logo_sha256=logo.sha256)
        self.canaries.paint(partner, self.of("call"))
        partner.link = f"https://{self.canaries.word('partners.link', self.of('call'))}.example"
        self.note("partner", partner)
        self.cast.ids[self.name, "logo"] = logo.sha256
        extension = DeadlineMove(
            call=self.call, former=self.at - 99 * DAY, new=self.at - 98 * DAY, at=self.at - 97 * DAY,
            moved_by_id=self.people["coordinator"].id,
        )  # fmt: skip
        db.session.add(self.canaries.paint(extension, self.of("call")))
        for state in ("invited", "declined"):
            invitation = Invitation(call_id=self.call.id, role=Role.REVIEWER, invited_at=self.at)
            self.canaries.paint(invitation, self.of("invitation"))
            invitation.declined_at = self.at if state == "declined" else None
            self.note(f"{state}.invitation", invitation)
            if state == "invited":
                token = links.issue("invitation", invitation.address, at=self.at, lasts=3 * DAY, subject=invitation.id)
                self.cast.ids[self.name, "invitation.token"] = token

    def _proposal(self, name: str, owner: Person) -> None:
        """Answers with a word in each, a file; but for the draft submitted, and then written on."""
        call, at = self.call, self.call.opens_at + timedelta(hours=next(self.hours))
        made = proposing.start(call, by=owner, at=at)
        made.organisation = ""
        made.reference = self.canaries.word("proposals.reference", self.of(f"proposal {name}"))
        db.session.flush()
        given = {q.key: self._answer(q, name) for q in call.questions}
        for section in call.sections:
            proposing.save_section(made, section, given, by=owner, at=at)
        for question in (q for q in call.questions if q.kind == "file"):
            checked = _document(f"{self.canaries.word('attachments.name', self.of(f'proposal {name}'))}.pdf")
            self.note(f"{name}.file", proposing.attach(made, question.key, checked, by=owner, at=at))
        if name != "draft":
            proposing.submit(made, f"key-{self.name}-{name}", by=owner, at=at)
            changed = {q.key: self._answer(q, f"{name}, draft") for q in call.questions if q.kind == "long-text"}
            for section in call.sections:
                proposing.save_section(made, section, changed, by=owner, at=at)
        if name == "withdrawn":
            proposing.withdraw(made, by=owner, at=at)
        self.note(f"{name}.proposal", made)
        self.cast.ids[self.name, f"{name}.reference"] = made.reference
        if name == "A":
            conflict = Conflict(proposal_id=made.id, person_id=self.people["conflicted"].id, declared_at=at)
            self.note("A.conflict", self.canaries.paint(conflict, self.of("conflict")))
            self._team(made, at)
            key = next(q.key for q in call.questions if q.kind == "file")
            sending = IncomingUpload(
                proposal_id=made.id, person_id=owner.id, question=key, size=10, received=4, expires_at=self.at + DAY
            )
            self.note("A.upload", self.canaries.paint(sending, self.of("proposal A")))
            sending.described = sending.refusal = ""

    def _team(self, made: Proposal, at: datetime) -> None:
        """Who applies together with A, and somebody who is asked to."""
        made.extended_to = self.call.deadline_at + DAY
        made.extension_reason = self.canaries.text("proposals.extension_reason", self.of("proposal A"))
        for name, role in TEAM.items():
            db.session.add(Member(proposal_id=made.id, person_id=self.people[name].id, role=role, since=at))
        asked = TeamInvitation(proposal_id=made.id, role=TeamRole.EDIT, invited_at=at, invited_by_id=made.owner_id)
        self.note("A.asked", self.canaries.paint(asked, self.of("team of A")))
        token = links.issue("team", asked.address, at=self.at, lasts=3 * DAY, subject=asked.id)
        self.cast.ids[self.name, "A.team.token"] = token

    def _answer(self, question: Any, name: str) -> Any:
        """An acceptable answer. Its word's name says if it is hidden from reviewers, and public if it wins."""
        marks = "hidden " * question.hidden + "public " * question.public
        what, of = f"{marks}answer {question.key}", self.of(f"proposal {name}")
        plain = answer_to(question, self.call, 1, economy="JP")
        if question.kind in ("short-text", "long-text"):
            text = self.canaries.text(what, of) + " more" * question.options.get("min_words", 0)
            return text[: question.options.get("max_chars")]
        if question.kind in ("email", "link"):
            word = self.canaries.word(what, of)
            return f"{word}@example.org" if question.kind == "email" else f"www.{word}.example"
        if question.kind in ("table", "people"):
            return [
                {
                    k: self.canaries.text(what, of) if k not in ("economy", "email", "orcid") else v
                    for k, v in row.items()
                }
                for row in plain
            ]
        return plain

    def _reviews(self) -> None:
        """The reviewer has handed in her sheet on A and begun that on B; so has her colleague, who revised hers."""
        for name in ("A", "B"):
            proposal = db.session.get_one(Proposal, self.cast.ids[self.name, f"{name}.proposal"])
            for who in ("reviewer", "colleague"):
                self._review(name, proposal, who)
            standing = Standing(proposal_id=proposal.id, call_id=self.call.id, count=2 if name == "A" else 0)
            standing.mean, standing.spread = (4_250_000_000, 330_000_000) if name == "A" else (None, None)
            standing.ties, standing.draw = "", "ab" * 32
            db.session.add(standing)
        ended = self._assignment(proposal, "unassigned")
        ended.ended, ended.ended_at = Ended.DECLINED, self.at
        self.canaries.paint(ended, self.of("declined review"))

    def _assignment(self, proposal: Proposal, who: str) -> Assignment:
        made = Assignment(
            proposal_id=proposal.id, reviewer_id=self.people[who].id, call_id=self.call.id, why={"by": "hand"},
            assigned_at=self.call.deadline_at + DAY, assigned_by_id=self.people["coordinator"].id,
        )  # fmt: skip
        db.session.add(made)
        return made

    def _review(self, name: str, proposal: Proposal, who: str) -> None:
        assignment = self.note(f"{name}.{who}.assignment", self._assignment(proposal, who))
        review = Review(assignment=assignment, saved_at=self.at, scores={c.key: 4 for c in self.call.criteria})
        self.canaries.paint(review, self.of(f"{who}'s review on {name}"))
        if name == "A":
            review.status, review.submitted_at, review.score = ReviewStatus.SUBMITTED, self.at, 4_250_000_000
        db.session.add(review)
        self.note(f"{name}.{who}.review", review)
        if name == "A" and who == "colleague":
            former = FormerReview(review_id=review.id, number=1, scores={}, language="en", submitted_at=self.at)
            db.session.add(self.canaries.paint(former, self.of(f"{who}'s review on {name}")))

    def _decisions(self) -> None:
        for name, outcome in (("A", Outcome.WINNER), ("B", Outcome.NOT_SELECTED)):
            made = Decision(
                proposal_id=self.cast.ids[self.name, f"{name}.proposal"], call_id=self.call.id, outcome=outcome,
                decided_at=self.at, decided_by_id=self.people["coordinator"].id,
            )  # fmt: skip
            db.session.add(self.canaries.paint(made, self.of(f"decision on {name}")))
        task = Task(id=uuid.uuid4(), call_id=self.call.id, position=0, kind="file", outcomes=["winner"])
        task.due_at, task.options = self.at + 30 * DAY, {"types": ["pdf"]}
        db.session.add(self.canaries.paint(task, self.of("task")))
        task.kind = "file"
        self.note("task", task)
        if self.has("published"):
            checked = _document(f"{self.name} task.pdf")
            file = Attachment(proposal_id=self.cast.ids[self.name, "A.proposal"], question=task.key, added_at=self.at)
            file.id, file.sha256, file.name = uuid.uuid4(), uploads.remember(checked, self.at).sha256, "task.pdf"
            file.kind, file.size, file.pages = checked.kind, checked.size, checked.pages
            db.session.add(file)
            self.note("A.task.file", file)
        db.session.flush()

    def _end(self) -> None:
        """Seal, archive, cancel: what can't be reached by the dates alone."""
        if self.has("sealed"):
            self.call.result_at = self.at + (-DAY if self.has("published") else RESULT)
            self._seal(min(self.at, self.call.result_at) - 2 * DAY)
        elif self.has("deciding"):  # sealed once, and unsealed by two people for a reason that the world may read
            self._seal(self.at - 2 * DAY)
            note = self.canaries.words("seals.unseal_note", self.of("call"))
            deciding.ask_unseal(self.call, note, by=self.people["coordinator"], at=self.at - DAY)
            deciding.unseal(self.call, by=self.people["second"], at=self.at - DAY)
        self.call.archived_at = self.at if self.name == "archived" else None
        self.call.cancelled_at = self.at if self.name == "cancelled" else None

    def _seal(self, at: datetime) -> None:
        """Proposed by one coordinator, confirmed and sealed by another."""
        db.session.flush()
        deciding.propose(self.call, by=self.people["second"], at=at)
        deciding.confirm(self.call, by=self.people["coordinator"], at=at)
        deciding.seal(self.call, by=self.people["coordinator"], at=at)
        db.session.flush()


def _document(name: str) -> uploads.Checked:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Title": name[:7]})
    writer.write(out)
    out.seek(0)
    return uploads.take(out, name, kinds=("pdf",), max_bytes=10**6, max_pages=None)


def _picture(shade: int) -> uploads.Checked:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(out, "PNG")
    out.seek(0)
    return uploads.take(out, "logo.png", kinds=("png",), max_bytes=10**6, max_pages=None)
