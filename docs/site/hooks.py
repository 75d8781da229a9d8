"""Makes a site of the pages: files from beside docs, links that lead out of it, folders in the navigation, a search."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
BESIDE = ("CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "config.yaml")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """A folder in the navigation stands for its pages: a new source needs no line there."""
    config.nav = _unfolded(config.nav)
    return config


def _unfolded(entry: Any) -> Any:
    if isinstance(entry, dict):
        return {title: _unfolded(inner) for title, inner in entry.items()}
    if not isinstance(entry, list):
        return entry
    found: list[Any] = []
    for inner in entry:
        if isinstance(inner, str) and inner.endswith("/*"):
            folder = inner.removesuffix("/*")
            found += [
                {path.stem: f"{folder}/{path.name}"} for path in sorted((ROOT / "docs" / folder).glob("*.md"))
            ]
        else:
            found.append(_unfolded(inner))
    return found


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """What stands beside docs/ and is linked to comes along."""
    for name in BESIDE:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links out of docs/: to a page that came along, or the name of the file where it did not."""
    outside = page.file.src_uri in BESIDE
    here = (ROOT if outside else ROOT / "docs") / Path(page.file.src_uri).parent

    def led(found: re.Match[str]) -> str:
        text, target = found.groups()
        place, mark, anchor = target.partition("#")
        if not place or re.match(r"[a-z]+:", place):
            return found[0]
        there = (here / place).resolve().relative_to(ROOT).as_posix()
        inside = there.removeprefix("docs/") if there.startswith("docs/") else there
        up = "../" * page.file.src_uri.count("/")
        if files.get_file_from_path(inside) is not None:
            return f"[{text}]({up}{inside}{mark}{anchor})"
        return f"{text} (`{there}`)"

    parts = re.split(r"(^```.*?^```)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else _LINK.sub(led, part) for part in parts)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """What lets the search work from a folder stands before the theme's own script."""
    up = "../" * page.file.src_uri.count("/")
    return output.replace("</head>", f'<script src="{up}site/worker.js"></script></head>', 1)


def on_post_build(config: MkDocsConfig) -> None:
    """The index once more as a script: a page from a folder may load a script, and no JSON."""
    index = Path(config.site_dir) / "search" / "search_index.json"
    index.with_suffix(".js").write_text(f"var __index = {index.read_text('utf-8')}", encoding="utf-8")
