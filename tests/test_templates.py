"""Templates as text: they compile, run nothing inline, import what they use and say nothing past gettext."""

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import flask
import pytest
from flask_babel import Babel, lazy_gettext
from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes

ROOT = Path(__file__).parent.parent
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "msme_calls" / "static"
NAMES = sorted(str(p.relative_to(TEMPLATES)) for p in TEMPLATES.rglob("*.*") if p.suffix in (".html", ".txt"))
PAGES = [n for n in NAMES if not n.startswith("email/")]
SAID_IN_EVERY_LANGUAGE = {"UTC", "MB", "kB", "PDF", "ORCID", "DOI", "ISSN", "RSS", "JSON", "CSV", "ZIP", "API"}
READ_ALOUD = ("aria-label", "title", "alt", "placeholder", "label", "data-label")


class AnyFilter(dict):
    """Every filter there may be: what they do is tested where they are written."""

    def __missing__(self, name):
        return lambda value, *more, **named: value

    def get(self, name, default=None):
        return self[name]


@pytest.fixture(scope="module")
def jinja():
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        autoescape=lambda name: not (name or "").endswith(".txt"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_gettext_callables(lambda s: s, lambda one, many, n: one if n == 1 else many, newstyle=True)
    env.filters = AnyFilter(env.filters)
    env.globals.update(
        lang="en",
        languages=[("en", "English"), ("fr", "Français"), ("es", "Español")],
        url_for=lambda endpoint, **values: f"/en/{endpoint}",
        static_url=lambda name: f"/static/{name}",
        csrf_token=lambda: "THE-TOKEN",
    )
    return env


def source(name):
    return (TEMPLATES / name).read_text("utf-8")


def said(env, name):
    """The text a template holds itself: without expressions, statements, comments and what `trans` marks."""
    text, inside, statement = [], False, []
    for _, kind, value in env.lex(source(name), name):
        if kind == "block_begin":
            statement = []
        elif kind == "name":
            statement.append(value)
        elif kind == "block_end" and statement:
            inside = statement[0] == "trans" or (inside and statement[0] != "endtrans")
        elif kind == "data" and not inside:
            text.append(value)
    return "".join(text)


class Page(HTMLParser):
    """Collects what runs inline, and the words that are shown or read aloud."""

    def __init__(self):
        super().__init__()
        self.inline, self.words, self.raw = [], [], ""

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.raw = tag if tag in ("script", "style") else ""
        self.inline += [f"{tag} {a}" for a in values if a == "style" or a.startswith("on")]
        self.inline += [f"{tag} {a}" for a, v in attrs if (v or "").strip().lower().startswith("javascript:")]
        if tag == "style" or (tag == "script" and "src" not in values):
            self.inline.append(tag)
        self.words += [values[a] for a in READ_ALOUD if values.get(a)]

    def handle_endtag(self, tag):
        self.raw = ""

    def handle_data(self, data):
        if not self.raw:
            self.words.append(data)
        elif data.strip():
            self.inline.append(f"{self.raw} with content")


def read(env, name):
    page = Page()
    page.feed(said(env, name))
    page.close()
    return page


@pytest.mark.parametrize("name", NAMES)
def test_compiles(jinja, name):
    jinja.get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_inline(jinja, name):
    assert read(jinja, name).inline == []


@pytest.mark.parametrize("name", NAMES)
def test_every_word_goes_through_gettext(jinja, name):
    texts = read(jinja, name).words if name.endswith(".html") else [said(jinja, name)]
    texts = [re.sub(r'[a-z-]+="[^"]*"', "", text) for text in texts]  # attributes that a macro writes alone
    words = {w for text in texts for w in re.findall(r"[^\W\d_]{2,}", text)} - SAID_IN_EVERY_LANGUAGE
    assert not words, f"outside gettext: {sorted(words)}"


@pytest.mark.parametrize("name", NAMES)
def test_sources_use_typographic_marks(name):
    messages = re.findall(r"""_\(\s*"((?:[^"\\]|\\.)*)\"""", source(name))
    assert [m for m in messages if "'" in m or '\\"' in m] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_import_is_used(jinja, name):
    tree = jinja.parse(source(name))
    brought = {n if isinstance(n, str) else n[1] for node in tree.find_all(nodes.FromImport) for n in node.names}
    brought |= {node.target for node in tree.find_all(nodes.Import)}
    used = {n.name for n in tree.find_all(nodes.Name) if n.ctx == "load"}
    assert brought <= used


@pytest.mark.parametrize("name", ["404", "429", "error", "unavailable"])
def test_an_error_page_tells_nothing(jinja, name):
    page = jinja.get_template(f"errors/{name}.html").render(
        sentence="",
        canonical="https://example.org/secret",
        alternates=[("fr", "https://example.org/fr/secret")],
        reference="R-1",
    )
    assert not re.search("secret|THE-TOKEN|canonical|alternate", page)
    assert ("R-1" in page) == (name == "error")


def test_what_was_typed_is_kept(jinja):
    fields = [("title", "<b>"), ("answer", "long " * 20), ("csrf_token", "old")]
    page = jinja.get_template("errors/again.html").render(
        sentence="", fields=fields, action="/en/x", sign_in=False, public_page=True, switch_url=lambda code: f"/{code}/"
    )
    assert 'name="title" value="&lt;b&gt;"' in page and page.count("long " * 20) == 2
    assert page.count("csrf_token") == 1 and "THE-TOKEN" in page


@pytest.mark.parametrize("count, winners", [(1, 0), (1, 1), (3, 3), (9, 2), (40, 5), (207, 3), (900, 8), (30, 29)])
def test_the_field_has_a_dot_for_each_proposal(jinja, count, winners):
    jinja.filters["number"] = str
    field = str(jinja.get_template("macros/ui.html").module.dots_field(count, winners))
    small = {
        (x, int(y))
        for start, y, end in re.findall(r"M(\d+) (\d+)H(\d+)\.1", field)
        for x in range(int(start), int(end) + 1, 10)
    }
    large = [(int(x), int(y)) for x, y in re.findall(r'cx="(\d+)" cy="(\d+)"', field)]
    covered = {(x + dx, y + dy) for x, y in large for dx in (-5, 5) for dy in (-5, 5)}
    assert (len(small), len(large)) == (count - winners, winners)
    assert len(covered) == 4 * winners and not covered & small


def test_choices_may_be_lazy_sentences_or_groups(jinja):
    """A lazy sentence has a length and can be indexed; it is not a group of choices for that."""
    select = jinja.get_template("macros/forms.html").module.select
    lazy = lazy_gettext("Winner")
    app = flask.Flask(__name__)
    Babel(app)
    with app.app_context():
        drawn = str(select("o", "o", [("w", lazy), ("Others", [("n", "None")])], "w", label="Outcome"))
    assert '<option value="w" selected>Winner</option>' in drawn
    assert '<optgroup label="Others"><option value="n">None</option>' in drawn


def test_browser_and_server_count_the_same_words(browser):
    """Threat B24."""
    from msme_calls.questions import words

    texts = ["", " – ", "l’art d’aimer", "see https://example.org/a?b=c now", "中小企业 2027年", "カード3枚"]
    texts += ["aujourd’hui, c'est-à-dire qu’elle l'a dit", "vis-à-vis – peut-être ?", "« Oui », dit-il"]
    texts += ["l’ONG, l' ONG"]
    texts += ["bien-être / mal-être", "e-mail: a@example.org; www.example.org/l’eau?x=1&y=é#z.", "http://例え.jp/中小"]
    texts += ["中小企业，2027年！", "MSME中小企業ABC", "一 二\u3000三", "ｶﾀｶﾅ カ・タ"]
    texts += ["繁體字、简体字。", "𠮷野家 々", "人-人"]
    texts += ["mid\u2011hyphen soft\u00adhyphen", "a\u200bb c\u2060d", "10 000,5 €", "№ 5 ², Ⅻ ௧"]
    texts += ["_ - ’ ' - x", "👩‍👩‍👧 ok"]
    texts += ["a\u00a0b\u2028c", "40 % of ½", "x\x1cy\x85z", "¿Qué?  ¡Sí!", "e\u0301te\u0301", "한국 기업", "١٢ ثلاثة"]
    page = browser.new_page()
    module = (STATIC / "js" / "form.js").read_text("utf-8")
    page.add_script_tag(content=f"{module}\nglobalThis.words = words;", type="module")
    assert page.evaluate("texts => texts.map(words)", texts) == [words(t) for t in texts]
    page.close()


@pytest.mark.parametrize(
    "name, most", [("look.css", 7000), ("js/clock.js", 3000), ("js/form.js", 3000), ("js/shown.js", 2200)]
)
def test_small_on_the_wire(name, most):

    assert len(gzip.compress((STATIC / name).read_bytes(), 9, mtime=0)) < most
