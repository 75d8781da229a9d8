"""The letter in its three forms: complete, escaped, within Slack's limits, and nothing loaded from elsewhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest
import sample_letters as samples
from slack_judge import assert_accepted

from alerts.channels.slack import payload
from alerts.digest.compose import compose
from alerts.digest.paper import as_markdown
from alerts.digest.render import letter
from alerts.digest.wording import Known
from alerts.message import Letter

_VOID = {"meta", "br", "link", "img"}


class Balanced(HTMLParser):
    """Raises where a tag is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@cache
def made(name: str) -> Letter:
    return samples.write(name)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_the_html_is_whole_and_loads_nothing(name: str) -> None:
    page = made(name).html
    parser = Balanced()
    parser.feed(page)
    assert not parser.open
    assert not parser.tags & {"script", "link", "iframe", "svg", "form"}
    for loader in ("url(", "@import", "javascript:"):
        assert loader not in page
    assert set(re.findall(r'src="([^"]*)"', page)) == {f"cid:{one}" for one in made(name).pictures}
    assert "max-width:600px" in page
    assert "prefers-color-scheme: dark" in page
    assert len(page) < 100_000, "some programs cut a letter of more than 102 KB"


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_slack_takes_it(name: str) -> None:
    assert_accepted(payload(made(name)))


def test_an_ordinary_letter_reaches_slack_whole() -> None:
    said = json.dumps(made("full").blocks, ensure_ascii=False)
    assert "takes no more" not in said
    assert "Umber" in said
    assert "What people did not like" in said
    assert "listener kpi" in said


def test_every_section_is_there() -> None:
    page = made("full").html
    titles = [
        "Nordlicht in numbers",
        "day by day",
        "The brands",
        ">Share of voice</h3>",
        ">Tone of what was said</h3>",
    ]
    titles += [
        "How fast people got an answer",
        "What people liked",
        "What people did not like",
        "What was heard",
    ]
    places = [page.index(title) for title in (*titles, "The next letter comes on")]
    assert places == sorted(places)
    assert "listener kpi --since 2026-11-09" in re.sub("<[^>]+>", "", page)
    assert ">1h 5m</td>" in page


def test_names_and_texts_are_escaped_everywhere() -> None:
    strange, full = made("strange"), made("full")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in strange.html
    assert "&lt;b&gt;Never again&lt;/b&gt;" in full.html
    said = json.dumps(strange.blocks, ensure_ascii=False)
    assert "<script" not in said
    assert "&lt;script&gt;" in said
    assert "lamps &amp; &lt;more&gt;" in said


def test_an_erased_post_is_left_out() -> None:
    facts = samples.full_week()
    assert any(ref.post == "gone" for ref in facts.quotes)
    without = letter(compose(facts), {}, "k")
    assert "What people liked" not in without.html + without.text
    assert "Replaced three lamps" in made("full").text


def test_the_same_facts_give_the_same_letter() -> None:
    assert samples.write("full") == made("full")


def test_the_letters_numbers_hold_no_text_of_a_post() -> None:
    data = json.dumps(made("full").data)
    assert "lamps" not in data
    assert made("full").data["since"] == samples.SINCE


def test_the_dashboard_is_linked_only_by_http() -> None:
    facts = replace(samples.full_week(), dashboard="https://listener.example/")
    assert 'href="https://listener.example/"' in letter(compose(facts), {}, "k").html
    facts = replace(facts, dashboard="javascript:alert(1)")
    assert "javascript" not in letter(compose(facts), {}, "k").html


def test_a_brand_is_written_as_it_writes_itself() -> None:
    """Headings in capitals would make iNord, ASICS and Asics one."""
    facts = samples.rich_week()
    brands = tuple(replace(one, name=one.name.replace("Nordlicht", "iNord")) for one in facts.brands)
    text = letter(compose(replace(facts, brands=brands)), {}, "k").text
    assert "iNord in numbers\n────" in text and "Mentions of iNord, day by day\n" in text
    assert "INORD" not in text


def test_slack_speaks_the_language_of_the_letter() -> None:
    said = json.dumps(made("persian").blocks, ensure_ascii=False)
    assert "آبان" in said
    assert "Nov" not in said and "|open>" not in said


@pytest.mark.parametrize("name", ["rich", "persian"])
def test_how_many_others_wait_is_said_in_every_form(name: str) -> None:
    facts, quotes = samples.SAMPLES[name]
    digest = compose(facts(), Known(quotes(), samples.AUTHORS))
    (wait,) = digest.waits
    assert wait.more
    whole = letter(digest, quotes(), "k")
    for said in (whole.html, whole.text, json.dumps(whole.blocks, ensure_ascii=False)):
        assert wait.more in said
    assert wait.more in as_markdown(digest, quotes())


def test_slack_links_stories_and_the_dashboard() -> None:
    """It makes no link of an address that only stands in a text."""
    said = json.dumps(made("rich").blocks, ensure_ascii=False)
    assert "(14 posts) · <https://news.example/item?id=101|open>" in said
    assert "<https://listener.example/|Open the dashboard>" in said
    assert said.count("https://listener.example/") == 1


def test_who_said_it_runs_in_the_language_of_the_letter() -> None:
    """By its first letters a browser would take "Nordlicht · ada" for a line from left to right, its date included."""
    quoted, waiting = 4, 2
    assert made("persian").html.count('<bdi dir="rtl">') == quoted + waiting
    assert made("rich").html.count('<bdi dir="ltr">') == quoted + waiting
