"""listener correct, and what is built on it, as a person types it: find, say, ask, a file, take back, learn."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commandline import CommandLine
from pages import ACME, BOLT, HACKERNEWS, page, post

from listener import correcting
from listener.imports.history import rows
from listener.pipeline import Pipeline
from sentiment.engines.vader import Vader
from storage import browse
from storage.desk import corrections, heads
from storage.desk.corrections import Correction
from storage.mention import Heard, Kept, Source
from storage.sqlite import SqliteStore

NOW = int(time.time())
CONFIG = """timezone: UTC
brands: [{name: Acme, own: true, aliases: [AC]}, {name: Bolt}]
storage: {url: "sqlite:///listener.db"}
"""


@pytest.fixture
def heard(line: CommandLine) -> CommandLine:
    """Five mentions: 1 to 3 of Acme, 4 of both brands, 5 of Bolt; 2 and 3 at one address."""
    line.configure(CONFIG)
    store = SqliteStore(line.folder / "listener.db")
    posts = [
        post(
            "a", NOW - 500, "positive", text="flimmering \x1b[31mred\x1b[0m kettle", url="https://x.example/1"
        ),
        post("b", NOW - 400, "negative", text="a kettle, a café", url="https://x.example/2"),
        post("c", NOW - 300, None, text="a third one", url="https://x.example/2"),
        post(
            "d", NOW - 200, "neutral", text="both at once", brands=("Acme", "Bolt"), url="https://x.example/4"
        ),
        post("e", NOW - 100, "neutral", text="the other", brands=("Bolt",)),
    ]
    store.commit(page(posts, (NOW - 3_600, NOW)))
    store.close()
    return line


def stored(line: CommandLine) -> list[Correction]:
    store = SqliteStore(line.folder / "listener.db")
    try:
        return corrections.all_corrections(store)
    finally:
        store.close()


def brief(line: CommandLine) -> list[tuple[int, str, str, bool, str | None]]:
    return sorted((c.post_id, c.brand, c.label, c.sampled, c.by) for c in stored(line))


def test_numbers_are_found_by_words_whatever_their_accents(heard: CommandLine) -> None:
    out = heard.good("correct", "--find", "CAFE kettle").out
    assert out.startswith("2  Acme  negative  ")
    assert len(out.splitlines()) == 1
    assert "No mention holds these words" in heard.good("correct", "--find", "kettle", "--brand", "Bolt").out
    assert "\x1b" not in heard.good("correct", "--find", "flimmering").out
    found = heard.good("correct", "--find", "o", "--count", "2", "--json").json()
    assert [(seen["id"], seen["brand"]) for seen in found] == [(5, "Bolt"), (4, "Acme")]


def test_a_label_is_written_by_number_or_address_and_says_what_the_engine_said(heard: CommandLine) -> None:
    assert heard.good("correct", "1", "negative").out == "Acme, post 1: negative (ours-1 said positive).\n"
    assert "no engine could tell" in heard.good("correct", "3", "u", "--by", "ann").out
    heard.good("correct", "https://x.example/1", "NEUTRAL", "--sampled")
    assert brief(heard) == [(1, "Acme", "neutral", False, None), (3, "Acme", "neutral", False, "ann")]
    told = heard.good("correct", "5", "p", "--json").json()
    assert told == {"id": 5, "brand": "Bolt", "label": "positive", "engine_label": "neutral", "learned": None}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("4", "negative"), "post 4 is a mention of Acme, Bolt; name the brand that you mean"),
        (("1", "negative", "--brand", "Bolt"), "post 1 is no mention of 'Bolt', but of Acme"),
        (("1", "negative", "--brand", "Nobody"), "there is no brand 'Nobody'"),
        (("99", "negative"), "post 99 is no mention that is kept"),
        (("https://x.example/9", "p"), "what stands at this address is no mention that is kept"),
        (("https://x.example/2", "p"), "several posts stand at this address; give the number of one: 2, 3"),
        (("1", "angry"), "a label is negative, neutral or positive, not 'angry'"),
        (("1",), "what is its tone?"),
        ((), "give an ID with its label, or one of --find"),
        (("1", "p", "--list"), "give an ID with its label, or one of --find"),
        (("--ask", "--since", "soon"), "is no time"),
        (("--withdraw", "1"), "there is no such correction"),
    ],
)
def test_mistakes_are_usage_with_a_remedy_and_write_nothing(
    heard: CommandLine, arguments: tuple[str, ...], says: str
) -> None:
    ran = heard("correct", *arguments)
    assert ran.code == 2
    assert says in ran.err
    assert stored(heard) == []


def test_of_two_brands_the_one_that_is_meant_is_corrected(heard: CommandLine) -> None:
    heard.good("correct", "4", "negative", "--brand", "bolt")
    heard.good("correct", "https://x.example/4", "positive", "--brand", "AC")
    assert {(c.brand, c.label) for c in stored(heard)} == {("Bolt", "negative"), ("Acme", "positive")}
    ran = heard("correct", "--withdraw", "4")
    assert (ran.code, "corrections of Acme, Bolt; name the brand" in ran.err) == (2, True)
    assert "positive is taken back" in heard.good("correct", "--withdraw", "4", "--brand", "Acme").out
    assert [c.brand for c in stored(heard)] == ["Bolt"]


def test_what_was_taken_back_by_its_author_cannot_be_judged_by_anybody(heard: CommandLine) -> None:
    store = SqliteStore(heard.folder / "listener.db")
    store.commit(Kept(HACKERNEWS, [], deleted=["a"], at=NOW))
    store.close()
    ran = heard("correct", "1", "negative")
    assert (ran.code, "was taken back by its author" in ran.err) == (2, True)


def test_they_are_listed(heard: CommandLine) -> None:
    assert heard.good("correct", "--list").out == "Nobody has corrected anything yet.\n"
    heard.good("correct", "1", "negative", "--by", "an\x1b[31mn")
    heard.good("correct", "5", "negative", "--sampled")
    out = heard.good("correct", "--list").out
    assert "1  Acme  negative (engine: positive)  picked by ann " in out
    assert "5  Bolt  negative (engine: neutral)  drawn " in out
    assert "\x1b" not in out
    (told,) = heard.good("correct", "--list", "--brand", "Bolt", "--json").json()
    assert (told["id"], told["label"], told["engine_label"], told["sampled"]) == (
        5,
        "negative",
        "neutral",
        True,
    )


def test_what_fell_away_by_an_edit_is_listed_as_such_and_can_be_taken_back(heard: CommandLine) -> None:
    heard.good("correct", "1", "negative")
    store = SqliteStore(heard.folder / "listener.db")
    edit = [post("a", NOW - 500, text="other words")]
    store.commit(Kept(HACKERNEWS, [], edits=edit, at=int(time.time()) + 60))
    store.close()
    assert stored(heard) == []
    assert "fell away: the post was edited since  other words" in heard.good("correct", "--list").out
    assert [told["stands"] for told in heard.good("correct", "--list", "--json").json()] == [False]
    assert "negative is taken back" in heard.good("correct", "--withdraw", "1").out
    assert heard.good("correct", "--list").out == "Nobody has corrected anything yet.\n"


def test_what_strangers_name_does_not_reach_the_terminal_as_it_is(line: CommandLine) -> None:
    line.configure(CONFIG)
    store = SqliteStore(line.folder / "listener.db")
    # No colour: that is taken out of what no terminal reads, whoever forgot to.
    one = replace(post("a", NOW - 500, "positive"), language="e\x07n")
    store.commit(Kept(Source("w\x07orld", "feeds"), [one], {"at": NOW}, Heard(NOW - 3_600, NOW)))
    store.close()
    line.good("correct", "1", "negative", "--sampled")
    for asked, name in (
        (("tone", "quality"), "language en"),
        (("tone", "quality"), "source world"),
        (("kpi", "positive_share", "--by", "language"), "Acme · en"),
        (("kpi", "positive_share", "--by", "source"), "Acme · world"),
    ):
        out = line.good(*asked).out
        assert "\x07" not in out
        assert name in out


# Being asked


def test_answers_are_asked_for_and_are_drawn_by_chance(heard: CommandLine) -> None:
    ran = heard("correct", "--ask", "--by", "ann", stdin=b"n\nx\nu\np\n")
    assert (ran.code, "3 corrections written" in ran.out) == (0, True)
    assert "\x1b" not in ran.out
    # What the engine said is not told: it would be believed. Post 3 has no label to be measured by.
    assert "ours-1" not in ran.out and "positive" not in ran.out.replace("p positive", "")
    found = brief(heard)
    assert {(id_, brand) for id_, brand, *_ in found} == {(1, "Acme"), (2, "Acme"), (4, "Acme")}
    assert {(label, sampled, by) for _, _, label, sampled, by in found} == {
        ("negative", True, "ann"),
        ("neutral", True, "ann"),
        ("positive", True, "ann"),
    }
    assert "Nothing is left to ask about" in heard.good("correct", "--ask").out
    assert "1 correction written" in heard("correct", "--ask", "--brand", "Bolt", stdin=b"u\nq\n").out


def test_stopping_and_skipping_keep_the_answers_given(heard: CommandLine) -> None:
    assert "1 correction written" in heard("correct", "--ask", stdin=b"s\nn\nq\n").out
    interrupted = heard("correct", "--ask", stdin=b"n\n")
    assert interrupted.code == 130
    assert len(stored(heard)) == 2


def test_only_what_is_recent_and_as_many_as_wanted_are_drawn(heard: CommandLine) -> None:
    assert "1/2" in heard("correct", "--ask", "--count", "2", stdin=b"q\n").out
    assert "Nothing is left" in heard.good("correct", "--ask", "--since", "2s").out


# Files


def test_a_file_is_written_row_by_row_and_may_be_given_again(heard: CommandLine) -> None:
    file = heard.file(
        "labels.csv",
        "id;label;brand;by\n1;negative;;ann\nhttps://x.example/1;neutral;;ben\n4;p;Bolt;\n99;n;;\n2;angry;;\n;n;;\n4;n;;\n",
    )
    ran = heard("correct", "--file", file, "--by", "me")
    assert ran.code == 0
    assert "3 corrections written, 0 stood already, 4 bad rows left out" in ran.out
    assert [text.split(":")[0].strip() for text in ran.err.splitlines()] == [
        "line 5",
        "line 6",
        "line 7",
        "line 8",
    ]
    expected = [(1, "Acme", "neutral", False, "ben"), (4, "Bolt", "positive", False, "me")]
    assert brief(heard) == expected
    before = stored(heard)
    good = heard.file("again.csv", "id,label,brand,by\n1,neutral,,ben\n4,positive,Bolt,me\n")
    assert "no corrections written, 2 stood already" in heard.good("correct", "--file", good).out
    assert sorted(stored(heard), key=str) == sorted(before, key=str)


def test_json_lines_with_numbers_and_addresses(heard: CommandLine) -> None:
    said = [
        {"id": 1, "label": "negative", "by": "ann"},
        {"url": "https://x.example/4", "brand": "Acme", "label": "positive"},
        "no object",
        {"id": 5, "label": None},
    ]
    file = heard.file("labels.jsonl", "\n".join(map(json.dumps, said)) + "\n{broken\n")
    told = heard.good("correct", "--file", file, "--sampled", "--json").json()
    assert (told["new"], told["known"], [bad["line"] for bad in told["bad"]]) == (2, 0, [3, 4, 5])
    assert {(c.post_id, c.sampled) for c in stored(heard)} == {(1, True), (4, True)}


def test_names_that_cannot_be_stored_lose_no_row(heard: CommandLine) -> None:
    said = ['{"id": 1, "label": "negative", "by": "ann"}', '{"id": 5, "label": "negative", "by": "\\ud800x"}']
    assert (
        "2 corrections written" in heard.good("correct", "--file", heard.file("l.jsonl", "\n".join(said))).out
    )
    heard.good("correct", "2", "positive", "--by", "b\udcffen")
    assert [(id_, by) for id_, _, _, _, by in brief(heard)] == [(1, "ann"), (2, "b?en"), (5, "?x")]


def test_what_is_no_mention_any_more_is_not_said_to_be_written(
    heard: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, gone = correcting._mentions, "DELETE FROM mentions WHERE post_id = 1"

    def found(*asked: Any) -> Any:
        mentions = find(*asked)
        store = SqliteStore(heard.folder / "listener.db")
        with store.writing() as db:
            db.run(gone)
        store.close()
        return mentions

    monkeypatch.setattr(correcting, "_mentions", found)
    ran = heard("correct", "1", "negative")
    assert (ran.code, ran.out, "post 1 is no mention of Acme any more" in ran.err) == (2, "", True)
    gone = "DELETE FROM mentions WHERE post_id = 2"
    ran = heard("correct", "--file", heard.file("l.csv", "id,label\n2,negative\n5,negative\n"))
    assert "1 correction written, 0 stood already, 1 bad row left out" in ran.out
    assert "line 2: post 2 is no mention of Acme any more" in ran.err
    assert [id_ for id_, *_ in brief(heard)] == [5]


def test_others_can_write_while_a_file_is_read_and_its_posts_are_looked_for(
    heard: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> None:
        other = SqliteStore(heard.folder / "listener.db", patience=0.2)
        with other.writing() as db:
            corrections.record(db, "Bolt", 5, "neutral", sampled=False, by=None, now=NOW)
        other.close()

    def read(file: Path) -> Any:
        for row in rows(file):
            write()
            yield row

    def ids_at(*asked: Any) -> Any:
        write()
        return look(*asked)

    look = browse.ids_at
    monkeypatch.setattr("listener.commands.correct.rows", read)
    monkeypatch.setattr(browse, "ids_at", ids_at)
    heard.good("correct", "--file", heard.file("l.csv", "url,label\nhttps://x.example/1,negative\n"))
    assert [id_ for id_, *_ in brief(heard)] == [1, 5]


def test_a_file_of_which_nothing_can_be_used_fails(heard: CommandLine) -> None:
    ran = heard("correct", "--file", heard.file("bad.csv", "id,label\n1,angry\n"))
    assert (ran.code, "no correction was written" in ran.err) == (1, True)


# Learning by itself, and what is told of it


@pytest.fixture
def many(line: CommandLine) -> CommandLine:
    """Mentions that VADER judges, of which it takes those with "wicked" for blame: here it is praise."""
    line.configure(CONFIG + "sentiment: {engine: vader}\n")
    store = SqliteStore(line.folder / "listener.db")
    texts = ["Acme is so wicked, {n}", "Acme is awful, {n}", "Acme again, {n}", "love Acme, {n}"]
    posts = [post(str(n), NOW - 100 - n, text=texts[n % 4].format(n=f"w{n}")) for n in range(120)]
    judged = Pipeline([ACME, BOLT], Vader()).judge([_named(one) for one in page(posts, None).posts])
    store.commit(Kept(HACKERNEWS, judged))
    store.close()
    return line


def _named(one: object) -> object:
    from listener.pipeline import Named, without_tone

    return Named(one, without_tone(one.mentions))  # type: ignore[arg-type, attr-defined]


def labels(first: int, last: int) -> str:
    said = ["positive", "negative", "neutral", "positive"]
    return "id,label\n" + "\n".join(f"{n},{said[(n - 1) % 4]}" for n in range(first, last + 1)) + "\n"


def test_from_sixty_on_a_head_is_learned_and_everything_tells_of_it(many: CommandLine) -> None:
    assert "No head yet" in many.good("tone", "head").out
    few = many.good("correct", "--file", many.file("few.csv", labels(1, 59)), "--sampled").out
    assert "A head" not in few
    out = many.good("correct", "60", "positive", "--sampled").out
    assert "A head learned from 60 corrections is in service: vader-3.3.2+head-" in out
    assert "`listener rejudge --since TIME`" in out
    assert "A head" not in many.good("correct", "61", "positive", "--sampled").out
    quality = many.good("tone", "quality").out
    assert "Drawn by chance: how right the engine is (61 corrections)" in quality
    assert "The head that was tried last (serving):" in quality
    told = many.good("tone", "quality", "--json").json()
    whole = told["sampled"]["rows"][0]
    assert (whole["n"], round(whole["accuracy"], 2)) == (61, 0.74)
    assert told["sampled"]["confusion"][2]["people"] == "positive"
    assert told["picked"]["corrections"] == 0
    (head,) = many.good("tone", "head", "--json").json()
    assert (head["state"], head["engine"], head["evidence"]["compared"]) == ("serving", "vader-3.3.2", 60)

    ran = many.good("rejudge", "--since", "1d")
    assert f"judged again by {head['name']}" in ran.out
    assert "negative -> positive: 30" in ran.out
    assert "A head learned from these corrections" in many.good("tone", "quality").out

    assert "The head is retired" in many.good("tone", "head", "--retire").out
    assert many("tone", "head", "--retire").code == 1
    assert "judged again by vader-3.3.2;" in many.good("rejudge", "--since", "1d").out
    assert "(retired)" in many.good("tone", "quality").out
    again = many.good("tone", "learn").out
    assert "macro recall" in again and "is in service" in again


def test_no_head_is_learned_for_the_fallback_and_the_correction_is_written(many: CommandLine) -> None:
    many.configure(
        CONFIG + "sentiment: {engine: transformers, model: ./nowhere, fallback: {engine: vader}}\n"
    )
    out = many.good("correct", "--file", many.file("all.csv", labels(1, 120)), "--sampled").out
    assert "120 corrections written" in out
    assert "Nothing is learned now: no model in nowhere" in out
    assert many.good("tone", "head", "--json").json() == []


def test_imports_and_rematches_judge_by_the_head_too(many: CommandLine) -> None:
    many.good("correct", "--file", many.file("all.csv", labels(1, 120)), "--sampled")
    name = many.good("tone", "head", "--json").json()[0]["name"]
    many.good("import", many.file("more.csv", "id,text,brand\nx,so wicked,Acme\n"))
    store = SqliteStore(many.folder / "listener.db")
    newest = (
        "SELECT e.name, m.label FROM mentions m JOIN engines e ON e.id = m.engine_id WHERE m.post_id = 121"
    )
    assert store.rows(newest) == [(name, 1)]
    store.close()


def test_too_few_are_told_in_words(many: CommandLine) -> None:
    assert many.good("tone", "learn").out == (
        "Nothing can be learned yet: 60 corrections are needed, there are 0.\n"
    )
    told = many.good("tone", "learn", "--json").json()
    assert (told["result"], told["engine"], told["evidence"]["corrections"]) == ("too_few", "vader-3.3.2", 0)
    assert "Nobody has corrected anything yet" in many.good("tone", "quality").out
    assert many("tone", "quality", "--brand", "Nobody").code == 2


def test_a_damaged_head_is_told_with_the_way_out_of_it(many: CommandLine) -> None:
    many.good("correct", "--file", many.file("few.csv", labels(1, 8)))
    store = SqliteStore(many.folder / "listener.db")
    with store.writing() as db:
        heads.add(db, "vader-3.3.2", b"rubbish", {"corrections": 60}, serves=True, now=1)
    store.close()
    ran = many("tone", "learn")
    assert (ran.code, ran.out) == (1, "")
    assert (
        ran.err.startswith("listener: the head in service for vader-3.3.2 is damaged")
        and "--retire" in ran.err
    )


def test_what_people_picked_is_told_apart(many: CommandLine) -> None:
    many.good("correct", "--file", many.file("few.csv", labels(1, 8)))
    many.good("correct", "9", "positive", "--sampled")
    told = many.good("tone", "quality", "--json").json()
    assert (told["sampled"]["corrections"], told["picked"]["corrections"]) == (1, 8)
    by_source = [row for row in told["picked"]["rows"] if row["by"] == "source"]
    assert [(row["name"], row["n"]) for row in by_source] == [("hackernews", 8)]
    assert "biased" in many.good("tone", "quality").out


def test_tone_itself_is_as_it_was(many: CommandLine, tmp_path: Path) -> None:
    ran = many("tone", stdin=b'{"text": "I love it"}\n')
    assert (ran.code, json.loads(ran.out)["label"]) == (0, "positive")
    ran = many("tone", "--engine", "vader", stdin=b"")
    assert (ran.code, ran.out) == (0, "")
    misspelt = many("tone", "qualty")
    assert (misspelt.code, "did you mean quality?" in misspelt.err) == (2, True)
    many.config.rename(many.folder / "other.yaml")
    assert many("tone", "--config", "other.yaml", "quality").code == 0
    assert many("tone", "quality").code == 2
