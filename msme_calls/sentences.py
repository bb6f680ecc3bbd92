"""Sentences in templates, at little cost: a page says hundreds, and what has no places in it is put together once."""

from functools import lru_cache
from typing import Any

from flask import Flask
from flask_babel import get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from msme_calls import i18n


@lru_cache(maxsize=8192)
def _whole(sentence: str, lang: str) -> Markup:
    """A sentence without places in a language; as everywhere, “%%” in it means “%”."""
    return Markup(get_translations().ugettext(sentence)) % {}


@pass_eval_context
def _gettext(context: EvalContext, sentence: str, /, **places: Any) -> str:
    if context.autoescape and not places:
        return _whole(sentence, i18n.language())
    return _filled(context, get_translations().ugettext(sentence), places)


@pass_eval_context
def _ngettext(context: EvalContext, one: str, many: str, n: int, /, **places: Any) -> str:
    return _filled(context, get_translations().ungettext(one, many, n), {"num": n, **places})


def _filled(context: EvalContext, text: str, places: dict[str, Any]) -> str:
    return (Markup(text) if context.autoescape else text) % places


def init_app(app: Flask) -> None:
    """Take the place of Jinja's own functions, which make a whole context for each sentence in a loop."""
    app.jinja_env.globals.update(_=_gettext, gettext=_gettext, ngettext=_ngettext)
