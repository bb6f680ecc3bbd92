"""Pages as people use them: read a page's words, follow its links, fill in its forms, with the standard library."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class _Builder(HTMLParser):
    """Builds a tree; an end tag closes everything up to its start tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = ElementTree.SubElement(self.open[-1], tag, {name: value or "" for name, value in attrs})
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        depth = next((i for i in range(len(self.open) - 1, 0, -1) if self.open[i].tag == tag), None)
        if depth is not None:
            del self.open[depth:]

    def handle_data(self, data: str) -> None:
        here = self.open[-1]
        if len(here):
            here[-1].tail = (here[-1].tail or "") + data
        else:
            here.text = (here.text or "") + data


def words(element: Element) -> str:
    """The text inside, with single spaces."""
    return " ".join("".join(element.itertext()).split())


@dataclass
class Form:
    """A form with the values that a browser would send if a person changed nothing."""

    action: str
    method: str
    element: Element
    values: dict[str, Any] = field(default_factory=dict)


class Page:
    """An answer of the product and the tree of its HTML."""

    def __init__(self, response: TestResponse) -> None:
        self.response, self.status, self.url = response, response.status_code, response.request.full_path.rstrip("?")
        builder = _Builder()
        builder.feed(response.get_data(as_text=True))
        self.tree = builder.root

    def all(self, path: str) -> list[Element]:
        """Elements at an ElementTree path below the page, like `main//a[@class='button']`."""
        return self.tree.findall(f".//{path}")

    def one(self, path: str) -> Element:
        found = self.all(path)
        assert len(found) == 1, f"{len(found)} elements, not one, at {path} of {self.url}:\n{self.text}"
        return found[0]

    @property
    def text(self) -> str:
        """The words of the page without scripts and styles."""
        for tag in ("script", "style", "template"):
            for element in self.all(tag):
                element.text = ""
        return words(self.tree)

    @property
    def title(self) -> str:
        return words(self.one("h1"))

    def link(self, text: str) -> str:
        """The address behind the one link with these words."""
        found = {a.get("href", "") for a in self.all("a") if words(a) == text}
        assert len(found) == 1, f"links {text!r} on {self.url}: {sorted(found)}"
        return urljoin(self.url, found.pop())

    @property
    def forms(self) -> list[Form]:
        return [self._form(element) for element in self.all("form")]

    def form(self, action: str | None = None, button: str | None = None) -> Form:
        """The one form that ends at this address or bears this button; of several forms in `main` name one."""
        found = [f for f in self.forms if _matches(f, action, button)]
        if len(found) > 1:
            inside = {id(e) for e in self.all("main//form")}
            found = [f for f in found if id(f.element) in inside] or found
        assert len(found) == 1, f"{len(found)} such forms on {self.url}: {[f.action for f in self.forms]}"
        return found[0]

    def _form(self, element: Element) -> Form:
        action = urljoin(self.url, element.get("action") or self.url)
        form = Form(action, (element.get("method") or "get").upper(), element)
        outside = [e for e in self.tree.iter() if e.get("form") and e.get("form") == element.get("id")]
        for control in [*element.iter(), *outside]:
            name = control.get("name")
            if name and control.get("disabled") is None:
                for value in _sent(control):
                    form.values.setdefault(name, []).append(value)
        form.values = {name: v[0] if len(v) == 1 else v for name, v in form.values.items()}
        return form


def _matches(form: Form, action: str | None, button: str | None) -> bool:
    buttons = [words(b) for b in form.element.iter("button")]
    return (action is None or form.action.endswith(action)) and (button is None or button in buttons)


def _sent(control: Element) -> list[str]:
    """What a browser sends for a control that nobody touched."""
    if control.tag == "textarea":
        return ["".join(control.itertext()).removeprefix("\n")]
    if control.tag == "select":
        options = list(control.iter("option"))
        chosen = [o for o in options if o.get("selected") is not None]
        chosen = chosen or ([] if control.get("multiple") is not None else options[:1])
        return [o.get("value", words(o)) for o in chosen]
    kind = control.get("type", "text")
    if control.tag != "input" or kind in ("submit", "button", "image", "reset", "file"):
        return []
    if kind in ("checkbox", "radio"):
        return [control.get("value", "on")] if control.get("checked") is not None else []
    return [control.get("value", "")]


class StrictClient(FlaskClient):
    """A client that knows no forgiveness: a GET that leaves changes in the session fails the test.

    The test's own session is committed before each request and forgets its rows after it, so that
    the request sees what the test made, and the test sees what the request did.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        from msme_calls.extensions import db

        db.session.commit()
        unsaved: list[str] = self.application.extensions["unsaved"]
        unsaved.clear()
        with self.application.app_context():  # of its own, or `g` would live on from one request to the next
            response = super().open(*args, **kwargs)
            response.get_data()  # to its end, while the context is there
        db.session.expire_all()
        assert not unsaved, f"{response.request.method} {response.request.path} left unsaved changes: {unsaved}"
        return response

    def page(self, url: str, status: int = 200, follow: bool = False, **kwargs: Any) -> Page:
        """GET a page, expecting this status."""
        page = Page(self.get(url, follow_redirects=follow, **kwargs))
        assert page.status == status, f"GET {url}: {page.status}, not {status}\n{page.text[:2000]}"
        return page

    def submit(self, form: Form, button: tuple[str, str] | None = None, **changes: Any) -> TestResponse:
        """Send a form as a browser would: what it holds, with changes; None leaves a field out.

        Names with characters that Python's names lack go in as `**{"answer-1": "…"}`; a file is (bytes, name).
        """
        values = {**form.values, **changes, **(dict([button]) if button else {})}
        values = {name: value for name, value in values.items() if value is not None}
        if form.method == "GET":
            return self.get(form.action, query_string=values)
        kind = {"content_type": form.element.get("enctype")} if form.element.get("enctype") else {}
        return self.open(form.action, method="POST", data=values, **kind)
