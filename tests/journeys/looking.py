"""What a page shows of its faults: axe's findings, what scrolls sideways, what the browser complains of."""

from collections.abc import Iterator
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = (1280, 390)
_AXE = Axe().axe_script
_RUN = "axe.run({resultTypes: ['violations']}).then(r => r.violations.map(v => [v.id, v.nodes[0].html.slice(0, 200)]))"
# Parts that scroll by themselves (tables of numbers) may be wider than the page; the page may not.
_WIDEST = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const over = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > wide + 1);
  return over.slice(-3).map((e) => e.outerHTML.slice(0, 120));
}"""


def faults(page: Page, complaints: list[str], widths: tuple[int, ...] = WIDTHS) -> Iterator[str]:
    """Everything wrong with the page as it is now, at each width."""
    page.evaluate(_AXE)
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        yield from (f"{width} px, axe: {rule}: {html}" for rule, html in page.evaluate(_RUN))
        yield from (f"{width} px, wider than the page: {html}" for html in page.evaluate(_WIDEST))
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    yield from (f"the browser complains: {words}" for words in complaints)


def listen(page: Page) -> list[str]:
    """What the browser will complain of on this page: script errors, the content policy."""
    complaints: list[str] = []

    def note(message: Any) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", note)
    return complaints
