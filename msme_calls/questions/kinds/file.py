"""One or several files."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from msme_calls.questions.kind import Kind, Question


class File(Kind):
    """Its answer is the list of the attachments' ids; the files themselves are kept by `uploads`.

    A text file can't hold it, and no condition can look at it: files come on their own way, also after the words.
    """

    key, label, order, control = "file", _l("File"), 130, "file"
    settings = ("types", "max_mb", "max_pages", "max_files")
    operators = ()
    missing = _l("Send a file: it is required.")

    def limits(self, question: Question) -> dict[str, Any]:
        """What may be sent: kinds, bytes and pages of one file (pages None: any number), and how many files."""
        options = question.options
        return {
            "kinds": list(options.get("types") or ("pdf",)), "max_bytes": int(options.get("max_mb", 10) * 1_000_000),
            "max_pages": options.get("max_pages"), "max_files": options.get("max_files", 1),
        }  # fmt: skip

    def read(self, question: Question, form: MultiDict[str, str]) -> list[str]:
        return []

    def shaped(self, value: Any) -> list[str]:
        return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []

    def example(self, question: Question, n: int) -> list[str]:
        return []

    def imported(self, question: Question, text: str) -> list[str]:
        return []

    def _shown(self, question: Question, value: list[str]) -> str:
        return ngettext("%(num)d file", "%(num)d files", len(value))

    def _parts(self, question: Question, value: list[str]) -> list[str]:
        return []

    def _plain(self, question: Question, value: list[str]) -> str:
        return ""

    def _facts(self, question: Question, value: list[str]) -> list[str]:
        return []
