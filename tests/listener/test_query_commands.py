"""listener query, rematch and quarantine as a person types them."""

from __future__ import annotations

import json
import time

import pytest
from commandline import CommandLine
from pages import tone

from listener.collectors.post import Page, Post
from listener.pipeline import Pipeline
from sentiment.tone import Text, Tone
from storage import queries
from storage.lock import DaemonLock
from storage.mention import Brand, SetAside, Source
from storage.sqlite import SqliteStore

NOW = int(time.time())
CONFIG = """brands:
  - {name: Acme, own: true, query: 'acme NOT street'}
storage: {url: "sqlite:///listener.db"}
"""


class Engine:
    name = "fixed-1"

    def judge(self, texts: list[Text]) -> list[Tone]:
        return [tone("neutral") for _ in texts]


@pytest.fixture
def heard(line: CommandLine) -> CommandLine:
    """What a daemon left behind: two mentions, a near miss, something else, and items that could not be read."""
    line.configure(CONFIG)
    store = SqliteStore(line.folder / "listener.db")
    texts = ["I like acme \x1b[31mred\x1b[0m kettles", "acme again", "12 Acme Street", "anvils for sale"]
    posts = [Post(str(n), text, NOW - 600 + n) for n, text in enumerate(texts)]
    hit = {"comment_text": "acme is back", "created_at_i": NOW - 9}
    broken = [
        SetAside(
            "8", "KeyError\nlistener/x.py:3 in to_event", json.dumps({**hit, "objectID": "8", "author": 5})
        ),
        SetAside("9", "KeyError", json.dumps({**hit, "objectID": "9"})),
    ]
    brands = [Brand("Acme", own=True, query="acme NOT street")]
    with store.writing() as db:
        queries.keep_versions(db, brands, NOW - 900)
    pipeline = Pipeline(brands, Engine())  # type: ignore[arg-type]
    page = Page(posts, {"through": NOW}, set_aside=broken)
    store.commit(pipeline.keep(page, Source("hackernews", "hackernews"), NOW))
    store.close()
    return line


def test_testing_shows_what_matched_where_and_what_each_not_takes_away(heard: CommandLine) -> None:
    out = heard.good("query", "test", "acme").out
    assert "FOUND: 2 mentions" in out
    assert "I like [acme] red kettles" in out
    assert "\x1b" not in out
    assert "TAKEN AWAY by NOT street: removes 1 post" in out
    assert "12 Acme [Street]" in out
    assert "nobody has judged yet" in out


def test_testing_another_query_compares_it(heard: CommandLine) -> None:
    found = heard.good("query", "test", "Acme", "--query", "acme NOT kettle*", "--json").json()
    assert (found["matched"]["posts"], found["gained"]["posts"], found["lost"]["posts"]) == (2, 1, 1)
    assert found["removed"] == [{**found["removed"][0], "clause": "NOT kettle*", "posts": 1}]
    (lost,) = found["lost"]["examples"]
    assert [lost["text"][span["start"] : span["end"]] for span in lost["against"]] == ["kettles"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("test", "acme", "--query", "acme AND"), "    ^"),
        (("test", "acme", "--query", "lang:en"), "lang:"),
        (("test", "Nobody"), "there is no brand 'Nobody'"),
        (("test", "acme", "--since", "tomorrow"), "is no time"),
        (("judge", "Nobody"), "there is no brand"),
    ],
)
def test_mistakes_are_usage_with_a_remedy(heard: CommandLine, arguments: tuple[str, ...], says: str) -> None:
    ran = heard("query", *arguments)
    assert ran.code == 2
    assert says in ran.err


def test_answers_are_asked_for_once_and_become_a_precision(heard: CommandLine) -> None:
    asked = heard("query", "judge", "acme", "--by", "ana", stdin=b"y\nn\n")
    assert (asked.code, "2 answers written" in asked.out) == (0, True)
    assert "No mention of Acme is left to judge" in heard.good("query", "judge", "acme").out
    precision = heard.good("query", "test", "acme", "--json").json()["precision"]
    assert (precision["value"], precision["n"]) == (0.5, 2)
    assert precision["interval"][0] < 0.5 < precision["interval"][1]


def test_stopping_keeps_the_answers_given(heard: CommandLine) -> None:
    assert "1 answer written" in heard("query", "judge", "acme", stdin=b"y\nq\n").out
    assert heard.good("query", "test", "acme", "--json").json()["precision"]["n"] == 1


def test_answers_can_come_from_a_file(heard: CommandLine) -> None:
    shown = heard.good("query", "test", "acme", "--json").json()["matched"]["examples"]
    rows = "\n".join(f"{example['id']},yes" for example in shown)
    file = heard.file("answers.csv", f"id,relevant\n{rows}\n999,no\n")
    assert (
        "2 answers written, 1 on posts that are not kept"
        in heard.good("query", "judge", "acme", "--file", file).out
    )
    bad = heard("query", "judge", "acme", "--file", heard.file("bad.csv", "id,relevant\n1,perhaps\n"))
    assert (bad.code, "line 2" in bad.err) == (2, True)


def test_rematch_tells_what_it_added_and_took_back(heard: CommandLine) -> None:
    assert "Nothing changed" in heard.good("rematch", "--since", "1d").out
    heard.configure(CONFIG.replace("acme NOT street", "anvil* OR `Acme`"))
    assert "Acme: 2 mentions added, 2 taken back" in heard.good("rematch", "--since", "1d").out
    assert heard("rematch").code == 2
    assert heard("rematch", "--since", "soon").code == 2


def test_quarantine_shows_causes_and_no_text_and_reads_again_what_it_can(heard: CommandLine) -> None:
    listed = heard.good("quarantine", "list")
    assert "listener/x.py:3" in listed.out
    assert "acme is back" not in listed.out
    again = heard("quarantine", "replay")
    assert (again.code, "2 items tried, 1 read, 1 kept as new posts" in again.out) == (1, True)
    assert "still set aside: 1 item" in again.err
    (left,) = heard.good("quarantine", "list", "--json").json()
    assert (left["native_id"], left["whole"]) == ("8", True)
    assert heard.good("query", "test", "acme", "--json").json()["matched"]["posts"] == 3
    for what in ("list", "replay"):
        assert heard("quarantine", what, "--source", "other").code == 2


def test_rematch_beside_a_daemon_with_other_queries_is_refused(heard: CommandLine) -> None:
    with DaemonLock(heard.folder / "listener.db"):
        assert heard("rematch", "--since", "1d").code == 0
        heard.configure(CONFIG.replace("acme NOT street", "anvil"))
        ran = heard("rematch", "--since", "1d")
        assert (ran.code, "the old queries of Acme; send it SIGHUP" in ran.err) == (1, True)
    assert heard("rematch", "--since", "1d").code == 0


def test_check_names_the_queries_that_no_history_can_be_searched_for(line: CommandLine) -> None:
    line.configure("brands: [{name: Acme, own: true}, {name: Bolt, query: 'bolt* OR nut'}]\n")
    assert "find: Bolt" in line.good("check").out


@pytest.mark.parametrize(
    ("budget", "says"),
    [("1", "$0.24 of the $1.00 of a day: what is left"), ("0.2", "$0.20 of a day: not all is counted")],
)
def test_check_says_what_counting_takes_of_a_budget(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch, budget: str, says: str
) -> None:
    monkeypatch.setenv("ID", "x")
    brands = "brands: [{name: Acme, own: true}, {name: Bolt}]\n"
    line.configure(brands + "sources: {x: {token: '${ID}', daily_budget: " + budget + "}}\n")
    out = line.good("check").out
    assert "money: x: counting each of 2 brands every 1h takes $0.24" in out and says in out


def test_check_names_the_sources_that_hear_nothing_for_want_of_words(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = "client_id: '${ID}', client_secret: '${ID}', username: ann"
    text = "brands: [{name: Acme, own: true}, {name: Bolt, query: 'site:bolt.example'}]\nsources: "
    line.configure(text + "{gdelt: {}, reddit: {" + app + "}, hackernews: {}}\n")
    monkeypatch.setenv("ID", "x")
    assert "search: nothing is heard of gdelt, reddit, because" in line.good("check").out
    line.configure(text + "{reddit: {search: false, subreddits: [acme], " + app + "}, hackernews: {}}\n")
    assert "search: " not in line.good("check").out
