"""--add-brands: new competitors in config.yaml, every other byte as it was, a copy first, nothing half done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import CommandLine
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from listener.config import load
from listener.imports.new_brands import BrandWriter, CannotAdd, market_of, with_brands
from storage.mention import Brand

# What stands before the new lines, how they are indented, what stands behind them.
LAYOUTS = {
    "items of one line each": (
        "brands:\n  - {name: Acme, own: true}\n  - {name: Bolt}   # a comment\n",
        "  ",
        "\n# next\nsources: {}\n",
    ),
    "items at the margin": (
        "timezone: UTC\nbrands:\n- name: Acme\n  own: true\n",
        "",
        "\n# about sources\nsources: {}\n",
    ),
    "items with lists and folded texts": (
        "brands:\n    - name: Acme\n      aliases:\n        - AC\n        - A.C.\n"
        "      query: >-\n        acme OR\n        ac\n",
        "    ",
        "sources: {}\n",
    ),
    "wide dashes": (
        "brands:\n-   name: Acme\n    own: true\n-   name: Bolt\n",
        "",
        "sources: {}\n",
    ),
    "a dash on its own line": ("brands:\n  -\n    name: Acme\n", "  ", "sources: {}\n"),
    "a comment between the items": (
        "brands:\n  - {name: Acme}\n# theirs\n\n  - {name: Bolt}\n",
        "  ",
        "  # no more\nsources: {}\n",
    ),
    "at the end, without a last line end": ("sources: {}\nbrands:\n  - {name: Acme}", "  ", ""),
    "at the end, with a comment behind": ("sources: {}\nbrands:\n  - {name: Acme}\n", "  ", "# the end\n"),
    "line ends of Windows": ("brands:\r\n  - {name: Acme}  # ours\r\n", "  ", "sources: {}\r\n"),
    "marks of a document": ("---\nbrands:\n  - {name: Acme}\n", "  ", "...\n"),
    "an anchor": ("brands:\n  - &a {name: Acme, own: true}\n", "  ", "alerts:\n  rules: []\n"),
}


@pytest.mark.parametrize(("head", "indent", "tail"), LAYOUTS.values(), ids=list(LAYOUTS))
def test_every_layout_keeps_its_bytes_and_gains_the_brands(head: str, indent: str, tail: str) -> None:
    end = "\r\n" if "\r\n" in head else "\n"
    lines = [f"{indent}- {{name: {written}}}{end}" for written in ('"Zeta"', r'"A \"b\" \\ #c: {d}"')]
    between = "" if head.endswith("\n") else end
    added = with_brands(head + tail, ["Zeta", r'A "b" \ #c: {d}'])
    assert added == head + between + "".join(lines) + tail
    names = [brand["name"] for brand in YAML(typ="safe").load(added)["brands"]]
    assert names[-2:] == ["Zeta", r'A "b" \ #c: {d}']


@pytest.mark.parametrize(
    "text",
    ["brands: [{name: Acme}]\n", "brands: [{name: Acme},\n  {name: Bolt}]\n"],
)
def test_a_list_on_one_line_is_left_alone_with_what_to_do(text: str) -> None:
    with pytest.raises(CannotAdd, match="a line each"):
        with_brands(text, ["Zeta"])


@settings(max_examples=200, deadline=None)
@given(name=st.text(min_size=1, max_size=60).filter(lambda name: bool(name.strip())))
def test_any_name_is_written_so_that_it_reads_back_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    file = tmp_path_factory.mktemp("c") / "config.yaml"
    file.write_text("brands:\n  - {name: Acme, own: true}  # ours\nsources: {}\n", encoding="utf-8")
    writer = BrandWriter(file)
    brand = writer.add(name)
    writer.save()
    if brand is None:
        assert not file.with_name("config.yaml.bak").exists()
        return
    if name.casefold() != "acme":
        assert [one.name for one in load(file, {}).brands] == ["Acme", name]


@pytest.mark.parametrize("name", ["${SMTP_PASSWORD}", "a ${A} b", "http://me:hush@example.com"])
def test_a_name_that_the_configuration_would_fill_in_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("brands:\n  - {name: Acme, own: true}\n", encoding="utf-8")
    assert BrandWriter(file).add(name) is None


def test_new_brands_are_imported_written_and_copied_first(line: CommandLine) -> None:
    text = "# mine\nbrands:\n  - {name: Acme, own: true}   # ours\nchannels:\n  console: {} # here\n"
    line.configure(text)
    line.config.chmod(0o640)
    records = [
        {"id": str(n), "text": "words", "brand": brand, "created_at": "2026-01-02"}
        for n, brand in enumerate(["Zeta", "acme", "zeta", "Çelik 東京", "bad\u0007name", "x" * 300])
    ]
    file = line.file("x.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    ran = line("import", file, "--add-brands")
    assert ran.code == 0
    assert "added to the configuration as competitors in the market default: Zeta, Çelik 東京" in ran.out
    assert "2 rows of unknown brands refused" in ran.err
    now = line.config.read_text(encoding="utf-8")
    assert now == text.replace("   # ours\n", '   # ours\n  - {name: "Zeta"}\n  - {name: "Çelik 東京"}\n')
    assert line.config.with_name("config.yaml.bak").read_text(encoding="utf-8") == text
    assert line.config.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in line.folder.iterdir() if path.is_file()) == [
        "config.yaml",
        "config.yaml.bak",
        "x.jsonl",
    ]
    brands = load(line.config, {}).brands
    assert [(brand.name, brand.own) for brand in brands] == [
        ("Acme", True),
        ("Zeta", False),
        ("Çelik 東京", False),
    ]
    found = line.good("kpi", "mentions", "--json").json()
    assert {value["brand"]: value["value"] for value in found} == {"Acme": 1, "Zeta": 2, "Çelik 東京": 1}
    again = line.good("import", file, "--add-brands")
    assert "added as" not in again.out
    assert line.config.read_text(encoding="utf-8") == now


def test_a_file_that_cannot_be_added_to_says_so_and_the_posts_are_kept(line: CommandLine) -> None:
    line.configure("brands: [{name: Acme, own: true}]\n")
    file = line.file("x.jsonl", '{"id": "1", "text": "x", "brand": "Zeta", "created_at": "2026-01-02"}\n')
    ran = line("import", file, "--add-brands")
    assert ran.code == 1
    assert "the posts are kept" in ran.err and "a line each" in ran.err
    assert not line.config.with_name("config.yaml.bak").exists()
    # After the remedy the same import finishes the work.
    line.configure("brands:\n  - {name: Acme, own: true}\n")
    assert line("import", file, "--add-brands").code == 0
    assert [brand.name for brand in load(line.config, {}).brands] == ["Acme", "Zeta"]


def test_through_a_link_the_file_itself_is_changed(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text("brands:\n  - {name: Acme}\n", encoding="utf-8")
    link = tmp_path / "config.yaml"
    link.symlink_to(real)
    writer = BrandWriter(link)
    writer.add("Zeta")
    writer.save()
    assert link.is_symlink()
    assert "Zeta" in real.read_text(encoding="utf-8")


def test_line_ends_of_windows_stay(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"brands:\r\n  - {name: Acme}\r\n")
    writer = BrandWriter(file)
    writer.add("Zeta")
    writer.save()
    assert file.read_bytes() == b'brands:\r\n  - {name: Acme}\r\n  - {name: "Zeta"}\r\n'


def test_new_competitors_join_the_market_of_our_own_brands(tmp_path: Path) -> None:
    text = "brands:\n  - {name: Acme, own: true, market: kettles}\n  - {name: Bolt, market: other}\n"
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    market = market_of(load(file, {}).brands)
    assert market == "kettles"
    writer = BrandWriter(file, market)
    assert writer.add("Kestrel") is not None
    writer.save()
    assert {brand.name: brand.market for brand in load(file, {}).brands}["Kestrel"] == "kettles"


def test_without_one_market_of_our_own_they_stand_in_the_default() -> None:
    ours = [Brand("A", own=True, market="x"), Brand("B", own=True, market="y")]
    assert market_of(ours) == "default"
    assert market_of([]) == "default"
