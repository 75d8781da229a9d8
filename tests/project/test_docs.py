"""The docs are true: generated parts are current, commands and configurations work, examples come out as they say."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC
from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import click
import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from ruamel.yaml import YAML

from alerts.channels.webhook import payload
from alerts.message import Letter, Message
from listener.cli import listener
from listener.collectors.ingest.collector import Ingest, Options
from listener.config import load
from listener.dashboard.app import make_app
from sentiment.engines.vader import Vader, probabilities
from sentiment.tone import Text
from storage import browse
from storage.browse import Seen
from storage.calendar import parse_time
from storage.coverage import Ledger
from storage.kpi import CARD, KPIS
from storage.mention import Heard
from storage.sqlite import Reader

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
IDS = [path.relative_to(ROOT).as_posix() for path in PAGES]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SECRET = re.compile(r"\$\{(\w+)\}")
BRANDS = "brands: [{name: Acme, own: true}, {name: Globex}]\n"
BASE = (
    BRANDS
    + """sources: {hackernews: {}}
channels:
  console: {}
  slack: {webhook: "${SLACK_WEBHOOK_URL}"}
  email: {host: h.example, from: a@h.example, to: [b@h.example]}
"""
)


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def fences(text: str, *kinds: str) -> list[str]:
    return [body for kind, body in FENCE.findall(text) if kind in kinds]


def table_rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@pytest.fixture(scope="module")
def generate() -> Iterator[ModuleType]:
    # As `python docs/generate.py` does: what stands beside the script can be imported.
    sys.path.insert(0, str(DOCS))
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(DOCS))


def test_generated_parts_are_current(generate: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_part_is_noticed_and_nothing_is_written(
    generate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(DOCS, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    stale = (tmp_path / "kpis.md").read_text(encoding="utf-8").replace("Unit: ratio.", "Unit: percent.")
    (tmp_path / "kpis.md").write_text(stale, encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert "kpis.md" in capsys.readouterr().out
    assert (tmp_path / "kpis.md").read_text(encoding="utf-8") == stale
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_a_key_without_a_word_about_it_is_noticed(
    generate: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    sections = generate.sections()
    monkeypatch.setattr(generate, "sections", lambda: {**sections, "digest": sections["dashboard"]})
    with pytest.raises(generate.Stale, match="digest"):
        generate.notes()


def test_each_example_of_a_key_is_accepted(generate: ModuleType, tmp_path: Path) -> None:
    def parts(section: str) -> dict[str, Any]:
        names = [name for name in generate.sections() if re.fullmatch(rf"{section}\.\w+", name)]
        return {name.split(".")[1]: generate.example(name) for name in names}

    document: dict[str, Any] = {
        "brands": [generate.example("brands[]")],
        "topics": [generate.example("topics[]")],
        "sources": parts("sources"),
        "sentiment": {"engine": "transformers", **generate.example("sentiment.transformers")},
        "storage": generate.example("storage"),
        "channels": parts("channels"),
        "alerts": {"rules": [generate.example("alerts.rules[]")]},
        "digest": generate.example("digest"),
        "dashboard": generate.example("dashboard"),
        "tags": [generate.example("tags[]")],
        "goals": [generate.example("goals[]")],
    }
    # Brands or a market.
    document["alerts"]["rules"][0].pop("market")
    # One way to Slack excludes the other, and a token a name with a password.
    document["channels"]["alertmanager"].pop("token")
    slack = document["channels"].pop("slack")
    for way in ({"webhook": slack.pop("webhook")}, slack):
        channels = {**document["channels"], "slack": way}
        config = loaded(json.dumps({**document, "channels": channels}, default=str), tmp_path)
        assert len(config.rules) == 1


def loaded(text: str, folder: Path) -> Any:
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    # Addresses where a name says so, plain words elsewhere: an address inside an address would be none.
    word, address = "a-word-of-twenty-one", "https://example.com/x"
    return load(file, {n: address if n.endswith("URL") else word for n in SECRET.findall(text)})


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_configurations_are_right(path: Path, tmp_path: Path) -> None:
    """A whole one loads as it stands; a part of one loads in the place of the same part of another."""
    for block in fences(path.read_text(encoding="utf-8"), "yaml"):
        tree = YAML(typ="safe").load(block)
        assert isinstance(tree, dict), block
        whole = (
            block if "brands" in tree else json.dumps({**YAML(typ="safe").load(BASE), **tree}, default=str)
        )
        loaded(whole, tmp_path)


def command_lines(text: str) -> Iterator[str]:
    for body in fences(text, "", "sh", "console"):
        yield from body.splitlines()
    for code in CODE.findall(FENCE.sub("", text)):
        yield " ".join(code.split())


def calls(text: str, program: str) -> Iterator[list[str]]:
    for line in command_lines(text):
        for part in re.split(r"\s(?:\||&&)\s", line.split("  #")[0].strip().removeprefix("$ ")):
            try:
                words = shlex.split(part)
            except ValueError:
                continue
            if len(words) > 1 and words[0].rsplit("/", 1)[-1] == program and "=" not in words[0]:
                yield words[1:]


def check_call(command: click.Command, words: list[str]) -> None:
    """Parse a command line as click does, without running it. Raises click.UsageError."""
    with click.Context(command, info_name=command.name) as context:
        values, rest, _ = command.make_parser(context).parse_args(list(words))
        for parameter in command.params:
            given = values.get(parameter.name or "")
            if isinstance(parameter.type, click.Choice) and given:
                for value in given if parameter.multiple else [given]:
                    parameter.type.convert(value, parameter, context)
        if command.name == "kpi":
            given = values.get("names")
            names = {name for name in given if name.islower()} if isinstance(given, tuple) else set()
            assert names <= set(KPIS), names
        if isinstance(command, click.Group) and rest:
            inner = command.get_command(context, rest[0])
            if inner is None:
                raise click.UsageError(f"no such command {rest[0]}")
            check_call(inner, rest[1:])


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_commands_exist_with_their_options(path: Path) -> None:
    for words in calls(path.read_text(encoding="utf-8"), "listener"):
        if words[0] in ("COMMAND", "--version") or not re.match(r"[a-z-]", words[0]):
            continue
        try:
            check_call(listener, words)
        except click.UsageError as error:
            pytest.fail(f"listener {shlex.join(words)}: {error.format_message()}")


def test_a_command_line_that_does_not_exist_is_noticed() -> None:
    for line in ("kpi --frm 7d", "kpi --by year", "alerts tset", "nothing", "sources --explain"):
        with pytest.raises(click.UsageError):
            check_call(listener, shlex.split(line))
    assert [
        *calls("`listener kpi --since 7d` and\n```\necho x | .venv/bin/listener tone\n```", "listener")
    ] == [
        ["tone"],
        ["kpi", "--since", "7d"],
    ]


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_targets_of_make_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for words in calls(path.read_text(encoding="utf-8"), "make"):
        named = [word for word in words if "=" not in word and word != "TARGET"]
        assert not named or named[0] in targets or not named[0].islower(), words


def anchor(heading: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, place = target.partition("#")
        there = (path.parent / file) if file else path
        assert there.exists(), target
        if place:
            text = FENCE.sub("", there.read_text(encoding="utf-8"))
            assert place in {anchor(line) for line in re.findall(r"^#+ (.*)", text, re.MULTILINE)}, target


def test_every_page_is_reached_from_the_index() -> None:
    pages = read("index.md") + read("sources.md")
    linked = {(DOCS / target.split("#")[0]).resolve() for target in LINK.findall(pages)}
    assert {path for path in DOCS.rglob("*.md") if path.name != "index.md"} <= linked


def test_every_page_stands_in_the_navigation_of_the_site() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"([\w./*-]+\.md|\w+/\*)$", text.split("\nnav:\n")[1], re.MULTILINE))
    pages = {path.relative_to(DOCS) for path in DOCS.rglob("*.md") if path.parent.name != "adr"}
    assert {path.as_posix() for path in pages if f"{path.parent}/*" not in named} == {
        name for name in named if name.endswith(".md") and (DOCS / name).exists()
    }


def run(*arguments: str) -> str:
    result = CliRunner().invoke(listener, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_example_of_the_kpis_comes_out_as_by_hand(tmp_path: Path) -> None:
    page = read("kpis.md")
    (config,), (posts,) = fences(page, "yaml"), fences(page, "jsonl")
    (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
    (tmp_path / "example.jsonl").write_text(posts, encoding="utf-8")
    where = ("--config", str(tmp_path / "config.yaml"))
    run("import", str(tmp_path / "example.jsonl"), "--source", "shop", *where)
    answer = json.loads(run("kpi", "--since", "2026-11-09", "--until", "2026-11-16", "--json", *where))
    values = {(value["kpi"], value["brand"]): value for value in answer}
    told = [row for row in table_rows(page) if len(row) == 5 and row[0].strip("`") in CARD]
    assert {row[0].strip("`") for row in told} == set(CARD)
    for kpi, brand, expected, n, _ in told:
        value = values[kpi.strip("`"), brand]
        assert value["n"] == int(n), value
        if expected.startswith("counted "):
            counted = float(Fraction(expected.removeprefix("counted ")))
            low, high = value["interval"]
            assert (value["method"], value["raw_value"]) == ("adjusted", pytest.approx(counted)), value
            assert low < value["value"] < high, value
        elif expected.startswith("NULL: "):
            assert (value["value"], value["reason"]) == (None, expected.removeprefix("NULL: "))
        else:
            assert value["value"] == pytest.approx(float(Fraction(expected))), value
    response, growth = values["first_response_time", "Acme"], values["positive_growth", "Acme"]
    assert (response["p90"], response["answered_share"], response["within_target"]) == (None, 2 / 3, 1 / 3)
    assert growth["change"] == 1 and values["positive_growth", "Globex"]["change"] == 0
    assert values["positive_share", "Acme"]["unjudged"] == 1
    assert values["positive_share", "Acme"]["interval"] == [0, 1]
    fields = {field for value in answer for field in value}
    assert {field for field in fields if f"`{field}`" not in page.split("## Fields of a value")[1]} == set()


def test_the_backup_opens_as_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(BRANDS, encoding="utf-8")
    Path("history.csv").write_text(fences(read("tutorial.md"), "csv")[0], encoding="utf-8")
    run("import", "history.csv", "--source", "shop")
    (_, *words) = shlex.split(fences(read("backup.md"), "")[0])
    run(*words)
    (made,) = Path("data/backups").iterdir()
    subprocess.run(["tar", "xf", made], check=True, timeout=30)
    members = {
        row[0].strip("`") for row in table_rows(read("backup.md").split("## Restore")[0]) if "`" in row[0]
    }
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} - {"history.csv"} == members - {
        "listener.db.key"
    }
    reader = Reader(Path("listener.db"))
    assert reader.rows("PRAGMA quick_check") == [("ok",)]
    # Posts 1 and 2 are Acme's only where its account is known; here 3 names Acme and 4 Globex.
    assert len(browse.mentions(reader, browse.Filter())) == 2
    reader.close()


def test_the_example_of_coverage_is_right() -> None:
    def at(text: str) -> int:
        return parse_time(f"2026-11-{text}Z", cast(Any, None))

    news = Ledger(1, "hackernews", "hackernews", 600, True, (Heard(at("08T08:00"), at("11T09:00")),), ())
    stretches = (Heard(at("07T20:00"), at("10T10:00")), Heard(at("10T13:00"), at("11T09:00")))
    feed = Ledger(2, "feed", "feeds", 1800, True, stretches, ())
    page = read("coverage.md")
    for since, until, now in (("10", "11", "11T09:00"), ("10", "11", "10T20:00"), ("07", "08", "11T09:00")):
        for ledger in (news, feed):
            found = ledger.heard(at(f"{since}T00:00"), at(f"{until}T00:00"), at(now))
            assert f"{found.heard / 3600:.4g} of {found.asked / 3600:.4g}" in page
            if 0.5 < found.share < 0.9:
                assert f"{100 * found.share:.1f} %" in page


def test_the_curve_of_vader_is_the_one_told() -> None:
    rows = [row for row in table_rows(read("tone.md")) if re.fullmatch(r"-?0(\.\d+)?", row[0])]
    assert len(rows) == 5
    for compound, *told, label in rows:
        found = probabilities(float(compound))
        assert [f"{p:.3f}" for p in found] == told
        assert ("negative", "neutral", "positive")[found.index(max(found))] == label


def test_vader_abstains_as_told() -> None:
    engine = Vader()
    tones = engine.judge([Text("die Kanne", lang) for lang in ("de", "en-GB", "eng", "und", None)])
    assert [tone.reason for tone in tones] == ["unknown_language", None, None, None, None]
    assert "`unknown_language`" in read("tone.md")


def test_the_api_is_told_whole() -> None:
    page = read("api.md")
    door = Ingest(Options(secret=SecretStr("a-word-of-twenty-one")))
    station = SimpleNamespace(collectors=[door], config=SimpleNamespace(zone=UTC), clock=time.time)
    app = make_app(cast(Any, station))
    routes = {str(route.resource.canonical) for route in app.router.routes() if route.resource}
    assert {row[0].strip("`") for row in table_rows(page) if row[0].startswith("`/")} == routes
    assert [field for field in Seen.__slots__ if f"`{field}`" not in page] == []


def test_what_a_webhook_gets_is_told_whole() -> None:
    page = read("alerts.md")
    sample = payload(Message("k", "fired", "t", "s", "Acme", "angry", "2026-11-21T08:00:00Z"))
    letter = payload(Letter("k", "subject", "html", "text", (), {}))
    assert [name for name in (*sample, *letter) if f"`{name}`" not in page] == []


def test_events_and_messages_that_the_docs_name_stand_in_the_code() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for package in ("listener", "alerts", "storage")
        for path in (ROOT / package).rglob("*.py")
    )
    page = read("running.md")
    named = [
        row[0]
        for part in ("## Logs", "## When something is wrong")
        for row in table_rows(page.split(part)[1])
    ]
    texts = [text for cell in named for text in re.findall(r"`([^`]+)`", cell)]
    assert len(texts) > 20
    for text in texts:
        for piece in text.replace("alert fired", "alert ").split("..."):
            if not text.startswith("alert "):
                assert piece in source, text
