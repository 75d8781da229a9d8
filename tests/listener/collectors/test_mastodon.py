"""What the Mastodon collector makes of one status, and of its configuration. The statuses are of our own invention."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from mastodon_stub import Stub, iso
from pydantic import ValidationError

from listener.collectors import read_items
from listener.collectors.mastodon.collector import Options, to_event
from listener.collectors.mastodon.statuses import STAMP, opened, reading
from listener.collectors.post import Delete, Edit, Post

AT = 1_795_000_000


def status(text: str = "Hello", **more: Any) -> dict[str, Any]:
    return Stub().make(text, AT, **more)


def post(item: dict[str, Any], **stamp: Any) -> Post:
    event = to_event({**item, STAMP: {"instance": "social.example", **stamp}})
    assert isinstance(event, Post)
    return event


def test_a_status_becomes_a_post() -> None:
    item = status(
        "I like <b>Acme</b> &amp; co",
        uri="https://social.example/users/ann/statuses/1",
        language="en-GB",
        account={"uri": "https://social.example/users/ann", "bot": True, "followers_count": 12},
    )
    assert post({**item, "url": "https://social.example/@ann/1"}) == Post(
        native_id="https://social.example/users/ann/statuses/1",
        text="I like Acme & co",
        published_at=AT,
        author="ann@social.example",
        url="https://social.example/@ann/1",
        language="en",
        thread="https://social.example/users/ann/statuses/1",
        automatic=True,
        author_id="https://social.example/users/ann",
        followers=12,
    )


def test_an_author_has_the_same_name_on_every_server() -> None:
    here = post(status(acct="acme"))
    there = to_event({**status(acct="acme@social.example"), STAMP: {"instance": "other.example"}})
    assert isinstance(there, Post) and here.author == there.author == "acme@social.example"


def test_a_name_that_is_called_is_written_with_its_domain() -> None:
    def call(href: str, name: str) -> str:
        return f'<a href="{href}" class="u-url mention">@<span>{name}</span></a>'

    mentions = [
        {"id": "1", "username": "acme", "url": "https://social.example/@acme", "acct": "acme"},
        {"id": "2", "username": "acme", "url": "https://other.example/@acme", "acct": "acme@other.example"},
        {"id": "3", "username": "Bo", "url": "https://x.example/@Bo", "acct": "Bo@x.example"},
    ]
    texts = {
        call("https://social.example/@acme", "acme"): "@acme@social.example",
        call("https://other.example/@acme", "acme"): "@acme@other.example",
        # By its name, where the address is written otherwise and only one person is meant.
        call("https://x.example/users/Bo", "bo"): "@Bo@x.example",
        call("https://elsewhere.example/@acme", "acme"): "@acme",
        call("https://nobody.example/@zoe", "zoe"): "@zoe",
        '<a href="https://social.example/@acme">@acme@social.example</a>': "@acme@social.example",
        '<a href="https://social.example/tags/acme">#<span>acme</span></a>': "#acme",
    }
    for content, text in texts.items():
        assert (
            post({**status(), "content": f"<p>Hi {content}!</p>", "mentions": mentions}).text == f"Hi {text}!"
        )


def test_a_hostile_text_is_read_in_no_time() -> None:
    mentions = [{"url": f"https://x.example/{n}", "acct": f"a{n}@x.example"} for n in range(20_000)]
    begun = time.process_time()
    made = post({**status(), "content": '<a href="x">@b</a> ' * 2_400 + "Acme", "mentions": mentions})
    assert made.text.endswith("@b Acme")
    # A tag that repeats itself and never ends.
    post({**status(), "content": "Hi <a " + 'href="" ' * 12_000, "mentions": mentions[:1]})
    assert time.process_time() - begun < 1


def test_of_an_endless_text_only_the_beginning_is_read() -> None:
    endless = "Begins" + " " * 200_000 + "ends"
    options = [{"title": str(n)} for n in range(1_000)]
    made = post(status(spoiler_text=endless, content=endless, poll={"options": options}))
    assert made.text.split("\n\n")[:2] == ["Begins", "Begins"]
    assert made.text.endswith("\n99")


def test_the_warning_and_the_poll_are_part_of_the_text() -> None:
    poll = {"options": [{"title": "Acme", "votes_count": 3}, {"title": "Zenith <3", "votes_count": None}]}
    text = post(status("Which?", spoiler_text="About &lt;tools&gt;", poll=poll)).text
    assert text == "About <tools>\n\nWhich?\n\nAcme\nZenith <3"


def test_only_what_everybody_may_read_is_heard() -> None:
    assert isinstance(to_event(status(visibility="unlisted")), Post)
    for visibility in ("private", "direct", "limited", None):
        assert to_event(status(visibility=visibility)) is None


def test_a_status_without_words_is_nothing() -> None:
    assert to_event(status("")) is None


def test_a_boost_is_a_post_of_whoever_boosts() -> None:
    original = status("Acme is fine", acct="bo@other.example", language="de")
    boost = status(
        "Acme is fine", reblog=original, uri="https://social.example/users/ann/statuses/9/activity"
    )
    made = post(boost)
    assert (made.native_id, made.author) == (boost["uri"], "ann@social.example")
    assert (made.text, made.url, made.language) == ("Acme is fine", original["url"], "de")
    assert to_event({**boost, "reblog": {**original, "visibility": "private"}}) is None


def test_a_boost_and_a_quote_say_what_they_repeat() -> None:
    original = status("Acme is fine", uri="https://other.example/users/bob/statuses/1")
    boost = status(
        "Acme is fine", reblog=original, uri="https://social.example/users/ann/statuses/9/activity"
    )
    assert post(boost).copy_of == original["uri"]
    # https://docs.joinmastodon.org/entities/Quote: null where its author has not let it.
    quote = status("Look", quote={"state": "accepted", "quoted_status": original})
    assert post(quote).copy_of == original["uri"]
    for odd in (None, {}, {"state": "pending", "quoted_status": None}, {"quoted_status": {"uri": 1}}, "x"):
        assert post(status("Look", quote=odd)).copy_of is None


def test_an_answer_is_tied_to_what_it_answers() -> None:
    item = status(in_reply_to_id="77")
    made = post(item, parent="https://a.example/1", thread="https://a.example/0")
    assert (made.in_reply_to, made.thread) == ("https://a.example/1", "https://a.example/0")
    unknown = post(item)
    assert (unknown.in_reply_to, unknown.thread) == (None, None)


def test_odd_values_are_left_out() -> None:
    odd = status(url=None, created_at="soon", language="", account={"followers_count": -1, "uri": None})
    made = post(odd)
    assert (made.published_at, made.language, made.followers) == (None, None, None)
    assert made.url == odd["uri"] and made.author_id == odd["account"]["url"]
    assert post(status(url="javascript:alert(1)", uri="tag:x,1")).url is None
    assert post(status(account={"followers_count": True})).followers is None
    assert len(post(status(uri="https://a.example/" + "x" * 600)).native_id) == 64


@pytest.mark.parametrize(
    "broken",
    [
        {"uri": None},
        {"uri": ""},
        {"account": None},
        {"content": 5},
        {"poll": {"options": [3]}},
        {"mentions": [{}]},
    ],
)
def test_what_cannot_be_read_is_set_aside(broken: dict[str, Any]) -> None:
    events, aside = read_items([status(), {**status("Secret words"), **broken}], to_event)
    assert (len(events), len(aside)) == (1, 1)
    assert "Secret" not in aside[0].cause


def test_an_item_that_was_set_aside_reads_the_same_later() -> None:
    item = {**status(in_reply_to_id="1"), STAMP: {"instance": "social.example", "parent": "p", "thread": "t"}}
    assert to_event(json.loads(json.dumps(item))) == to_event(item)


def test_without_a_stamp_the_home_is_in_the_account() -> None:
    made = to_event(status(account={"url": "https://social.example/@ann"}))
    assert isinstance(made, Post) and made.author == "ann@social.example"


def test_messages_of_a_stream() -> None:
    item = status("Edited", edited_at=iso(AT + 5))
    for payload in (item, json.dumps(item)):
        assert isinstance(to_event({"event": "update", "payload": payload}), Post)
        assert isinstance(to_event({"event": "status.update", "payload": payload}), Edit)
    assert to_event({"event": "delete", "payload": "5", STAMP: {"uri": "u"}}) == Delete("u")
    assert to_event({"event": "delete", "payload": "5"}) is None
    for other in ("filters_changed", "notification", "announcement"):
        assert to_event({"event": other}) is None


@pytest.mark.parametrize("message", ["", "[]", "nonsense", '{"event":"update","payload":"{"}', b"\xff", "5"])
def test_messages_that_cannot_be_read_are_set_aside(message: str | bytes) -> None:
    events, aside = read_items([opened(message)], to_event)
    assert (len(events), len(aside)) == (0, 1)


def test_counters() -> None:
    item = status(favourites_count=3, reblogs_count=2, replies_count=1, quotes_count=None)
    assert dict(reading(item, AT).counters) == {"likes": 3, "reposts": 2, "replies": 1}


def test_what_is_configured() -> None:
    options = Options(
        instances=["mastodon.example", {"host": "https://Other.example/", "token": "t0p"}],
        hashtags=["#Acme", "acme"],
    )
    assert [each.url for each in options.instances] == ["https://mastodon.example", "https://other.example"]
    assert options.hashtags == ("acme",)
    assert "t0p" not in repr(options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"hashtags": ["acme"]}, "at least one server"),
        ({"instances": ["a.example"]}, "add hashtags"),
        ({"instances": ["a.example", "https://a.example"], "public": "all"}, "twice"),
        ({"instances": ["a.example/x"], "public": "all"}, "name of a server"),
        ({"instances": ["ann:secret@a.example"], "public": "all"}, "belongs into `token`"),
        ({"instances": [{"host": "http://a.example", "token": "secret"}], "public": "all"}, "plain http"),
        ({"instances": ["a.example"], "hashtags": ["two words"]}, "one word"),
        ({"instances": ["a.example"], "hashtags": ["a/b"]}, "one word"),
        ({"instances": ["a.example"], "public": "all", "poll": "5s"}, "at least 30s"),
        ({"instances": ["a.example"], "public": "everything"}, "local"),
    ],
)
def test_mistakes_in_the_configuration(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Options(**options)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)
