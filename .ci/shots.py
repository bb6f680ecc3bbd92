"""The pictures of the README, made anew from the demonstration: one page for each audience, and one on a phone."""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
NOW = "2026-11-22T15:00:00Z"  # the same day in every picture, whenever they are made
MOST = 150_000  # bytes of one picture
PASSWORD = "demonstration"
OPEN, DECIDING = "small-business-champions-2027", "small-business-champions-services-2026"


@contextmanager
def demonstration() -> Iterator[str]:
    """The product with its demonstration, in a folder of its own; the address it answers at."""
    with socket.create_server(("127.0.0.1", 0)) as free, tempfile.TemporaryDirectory() as folder:
        port = free.getsockname()[1]
        free.close()
        own = {"MSME_DATA": folder, "MSME_PORT": str(port), "MSME_NOW": NOW, "MSME_LOG_LEVEL": "ERROR"}
        command = [str(Path(sys.executable).parent / "msme-calls"), "run", "--demo"]
        process = subprocess.Popen(command, env={**os.environ, **own}, cwd=ROOT, stdout=subprocess.DEVNULL)
        home = f"http://127.0.0.1:{port}"
        try:
            wait(home, process)
            yield home
        finally:
            process.terminate()
            process.wait(30)


def wait(home: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"{home}/readyz", timeout=5)
            return
        except OSError:
            time.sleep(0.2)
    sys.exit("The demonstration did not start.")


def sign_in(page: Page, home: str, key: str, language: str) -> None:
    page.goto(f"{home}/{language}/sign-in")
    page.fill("input[name=email]", f"{key}@example.org")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"**/{language}/my-work")


def public(page: Page, home: str) -> None:
    page.goto(f"{home}/en/calls/{OPEN}")


def applicant(page: Page, home: str) -> None:
    """A section of a French proposal, as its applicant has it open."""
    sign_in(page, home, "aissatou", "fr")
    page.click("main a[href*='/proposals/']")
    page.goto(f"{page.url}/sections/project")


def reviewer(page: Page, home: str) -> None:
    """A proposal beside its score sheet, begun."""
    sign_in(page, home, "wanjiru", "en")
    page.goto(f"{home}/en/reviews")
    page.click("main a[href*='/reviews/']:has-text('customs records')")


def coordinator(page: Page, home: str) -> None:
    sign_in(page, home, "maria", "en")
    page.goto(f"{home}/en/desk/{DECIDING}/ranking")


SHOTS = {
    "public": (public, 1280, 1000),
    "applicant": (applicant, 1280, 1000),
    "reviewer": (reviewer, 1280, 1000),
    "coordinator": (coordinator, 1280, 1000),
    "phone": (public, 390, 1000),
}


def keep(name: str, picture: bytes) -> None:
    """Write a picture with as many colours as fit."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in (128, 64, 32, 16):
        out = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= MOST:
            break
    (PICTURES / f"{name}.png").write_bytes(out.getvalue())
    print(f"docs/pictures/{name}.png: {out.tell() // 1000} kB, {colours} colours")


def main() -> None:
    wanted = [name for name in SHOTS if name in sys.argv[1:] or not sys.argv[1:]]
    browser_at = os.environ.get("CHROMIUM") or shutil.which("chromium")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with demonstration() as home, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_at or None, args=["--no-sandbox"])
        for name in wanted:
            go, width, height = SHOTS[name]
            context = browser.new_context(
                viewport={"width": width, "height": height}, timezone_id="Europe/Zurich", color_scheme="light"
            )
            page = context.new_page()
            go(page, home)
            page.wait_for_load_state("networkidle")
            keep(name, page.screenshot())
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
