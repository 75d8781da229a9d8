"""Every letter in every language: Slack takes it, no other language speaks in it, and every phrase is whole."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
import sample_letters as samples
from slack_judge import assert_accepted
from spoken import languages_heard, latin_words, raw_places

from alerts import blocks
from alerts.channels.slack import payload
from alerts.digest import render
from alerts.digest.compose import compose
from alerts.digest.paper import as_markdown
from alerts.digest.slack_form import slack_blocks
from alerts.digest.wording import Known
from alerts.language import LANGUAGES
from alerts.message import Letter

_MARKUP = re.compile(r"<style.*?</style>|<[^>]*>", re.DOTALL)
_OURS = "`listener kpi --since --until --brand --json` `listener explain digest` default UTC"
"""What is typed, and the name of a market that has none, is the same in every language."""


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in the pictures is judged where they are drawn; to paint them takes most of the time."""
    monkeypatch.setattr(render, "png", lambda *_, **__: b"")


def texts(sent: dict[str, Any]) -> str:
    parts = [
        part
        for block in sent["blocks"]
        for part in (block.get("text"), *block.get("fields", ()), *block.get("elements", ()))
        if part
    ]
    return "\n".join([sent["text"], *(part["text"] for part in parts)])


def written(name: str, code: str) -> tuple[Letter, str]:
    """A sample in a language, and it as Markdown."""
    make, found = samples.SAMPLES[name]
    digest = compose(replace(make(), language=code), Known(found(), samples.AUTHORS))
    return render.letter(digest, found(), "k"), as_markdown(digest, found())


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", sorted(samples.SAMPLES.keys() - {"persian"}))
def test_slack_takes_every_letter_and_one_language_alone_speaks_in_it(name: str, code: str) -> None:
    with languages_heard() as heard:
        made, markdown = written(name, code)
        sent: Any = payload(made)
    assert_accepted(sent)
    assert heard == {code}
    seen = unescape(f"{texts(sent)}\n{_MARKUP.sub(' ', made.html)}")
    read = "\n".join([made.subject, made.text, markdown, seen])
    assert not raw_places(read)
    if code == "fa":
        facts, found = samples.SAMPLES[name]
        assert not latin_words(read, _OURS + repr((facts(), found(), samples.AUTHORS)))


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_letter_that_holds_too_much_is_cut_to_what_slack_takes_with_a_word(code: str) -> None:
    rich = samples.rich_week()
    several = {name: getattr(rich, name) * 30 for name in ("goals", "drivers", "waits", "marks")}
    many = replace(rich, language=code, **several)
    found = samples.rich_quotes()
    digest = compose(many, Known(found, samples.AUTHORS))
    groups = render.grouped(digest, found)
    sent: Any = blocks.payload(digest.subject, slack_blocks(digest, groups))
    assert_accepted(sent)
    said = texts(sent)
    cut = digest.language.gettext("Slack takes no more in one message; the whole letter comes by mail.")
    assert cut in said and digest.next_letter in said
    assert not raw_places(said)


def test_the_judges_can_say_no() -> None:
    with languages_heard() as heard:
        blocks.quote("ja", None, "feeds", "https://x.example/", None)
    assert heard == {"en"}
    assert latin_words("پیوند open", "listener") == {"open"}
    assert raw_places("{brand}: {n}") == ["{brand}", "{n}"]
