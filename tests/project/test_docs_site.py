"""The site of the documentation is built without a warning, and asks nothing of other hosts."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# What a browser fetches by itself; a link waits until somebody follows it.
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
HINTS = {
    "stylesheet",
    "preload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "icon",
    "modulepreload",
    "manifest",
}


class Fetches(HTMLParser):
    """The addresses that a page fetches while it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in FETCHED:
            self.found.append(given.get(FETCHED[tag], ""))
        if tag == "link" and HINTS & set(given.get("rel", "").split()):
            self.found.append(given.get("href", ""))


def fetched(page: str) -> list[str]:
    parser = Fetches()
    parser.feed(page)
    return [address for address in parser.found if re.match(r"(?:[a-z]+:)?//", address)]


def test_an_address_elsewhere_is_noticed() -> None:
    assert fetched('<script src="https://a.example/x.js"></script><img src="b.png">') == [
        "https://a.example/x.js"
    ]
    assert fetched('<link rel="preconnect" href="//f.example"><a href="https://c.example">c</a>') == [
        "//f.example"
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("mkdocs-material is not installed: the site of the documentation is not built")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.mark.slow
def test_the_site_is_whole_and_asks_nobody(site: Path) -> None:
    pages = {path.relative_to(site).as_posix(): path for path in site.rglob("*.html")}
    written = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    assert {path.with_suffix(".html").as_posix() for path in written} <= set(pages)
    assert {name: found for name, path in pages.items() if (found := fetched(path.read_text("utf-8")))} == {}
    styles = "\n".join(path.read_text("utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import )['\"]?(?:https?:)?//[^)\s]*", styles) == []
    # The picture came along, and what stands for a diagram in code would have to be fetched.
    assert "architecture.svg" in pages["architecture.html"].read_text("utf-8")
    assert not [name for name, path in pages.items() if 'class="mermaid"' in path.read_text("utf-8")]
    # No page falls back to the sign of a list or table that was not understood.
    assert not [
        name for name, path in pages.items() if re.search(r"<p>(?:\||\* |- )", path.read_text("utf-8"))
    ]


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt install chromium)")
async def test_it_is_read_and_searched_from_a_folder_at_any_width(site: Path) -> None:
    asked: list[str] = []
    wrong: list[str] = []
    async with async_playwright() as driver:
        chromium = await driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = await chromium.new_page(viewport={"width": 360, "height": 740})
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        for name in ("index", "tutorial", "howto/connect-slack", "architecture", "commands"):
            await tab.goto((site / f"{name}.html").as_uri())
            assert await tab.evaluate("document.documentElement.scrollWidth") <= 360, name
        await tab.set_viewport_size({"width": 1280, "height": 800})
        await tab.keyboard.press("f")
        await tab.keyboard.type("webhook")
        found = tab.locator(".md-search-result__item")
        await found.first.wait_for(state="visible", timeout=20_000)
        assert "webhook" in (await found.first.inner_text()).lower()
        await chromium.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "about:", "data:", "blob:"))] == []
