"""What is sent to us: items read, signatures checked, and how long the door was open."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ears import TestEar
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from listener.collectors.ingest.collector import Ingest, Options, Unfit, build, to_event
from listener.collectors.ingest.signature import TOLERANCE, Signed, key_of
from listener.collectors.post import Delete, Edit, Page, Post
from storage.mention import Heard, Reading

NOW = 1_795_000_000
KEY = b"0123456789abcdef01234567"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


# ---- items


def test_a_post_under_the_names_of_the_import() -> None:
    sent = {
        "id": 17,
        "text": " Acme  is\u0000 great ",
        "created_at": "2026-11-01T10:00:00+01:00",
        "author": "ann",
        "author_id": "acct:1",
        "url": "https://x.example/17",
        "title": "On  Acme",
        "language": "en",
        "in_reply_to": "16",
        "thread": 1,
        "followers": 12,
        "automatic": True,
        "brand": "ignored",
        "anything": {"else": 1},
    }
    assert to_event(sent) == Post(
        native_id="17",
        text="On Acme\n\nAcme is\ufffd great",
        published_at=1_793_523_600,
        title="On Acme",
        author="ann",
        url="https://x.example/17",
        language="en",
        in_reply_to="16",
        thread="1",
        automatic=True,
        author_id="acct:1",
        followers=12,
    )


def test_the_other_kinds() -> None:
    post = Post("1", "x")
    assert to_event({"type": "edit", "id": "1", "text": "x"}) == Edit(post)
    assert to_event({"type": "delete", "id": "1"}) == Delete("1")
    counted = {"type": "reading", "id": "1", "created_at": NOW, "counters": {"likes": 3, "views": 0}}
    assert to_event(counted) == Reading("1", NOW, {"likes": 3, "views": 0})


@pytest.mark.parametrize(
    ("created", "seconds"),
    [
        (1_793_523_600, 1_793_523_600),
        (1_793_523_600.9, 1_793_523_600),
        (1_793_523_600_900, 1_793_523_600),
        ("2026-11-01T09:00:00Z", 1_793_523_600),
        (" 2026-11-01T10:00:00 ", 1_793_523_600),
        (None, None),
    ],
)
def test_times(created: object, seconds: int | None) -> None:
    post = to_event({"id": "1", "text": "x", "created_at": created}, ZoneInfo("Europe/Madrid"))
    assert isinstance(post, Post) and post.published_at == seconds


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"id": "1"}, "text: it is empty"),
        ({"id": "1", "text": " \n"}, "text: it is empty"),
        ({"id": "1", "text": ["hunter2"]}, "text: "),
        ({"id": "x" * 501, "text": "x"}, "id: "),
        ({"id": "", "text": "x"}, "id: "),
        ({"id": True, "text": "x"}, "id: "),
        ({"id": "1", "text": "x", "created_at": "hunter2"}, "created_at: it is no time"),
        ({"id": "1", "text": "x", "created_at": True}, "created_at: it is no time"),
        ({"id": "1", "text": "x", "created_at": float("nan")}, "created_at: it is no time"),
        ({"id": "1", "text": "x", "created_at": 10**30}, "created_at: it is no time"),
        ({"id": "1", "text": "x", "followers": -1}, "followers: "),
        ({"id": "1", "text": "x", "followers": 2**70}, "followers: "),
        ({"id": "1", "text": "x", "followers": "12"}, "followers: "),
        ({"type": "hunter2", "id": "1"}, "type: "),
        ({"type": "edit", "text": "x"}, "id: it is needed"),
        ({"type": "delete"}, "id: it is needed"),
        ({"type": "reading", "id": "1", "counters": {"likes": 1}}, "needs created_at and counters"),
        ({"type": "reading", "id": "1", "created_at": NOW}, "needs created_at and counters"),
        ({"type": "reading", "id": "1", "created_at": NOW, "counters": {"hunter2": "x"}}, "counters: "),
        (
            {"type": "reading", "id": "1", "created_at": NOW, "counters": dict.fromkeys("x" * 9, 1.5)},
            "counters",
        ),
    ],
)
def test_what_does_not_fit_is_refused_without_quoting_it(item: dict[str, Any], says: str) -> None:
    with pytest.raises(Unfit, match=says) as caught:
        to_event(item)
    assert "hunter2" not in str(caught.value)


def test_without_an_id_the_same_post_is_the_same_post() -> None:
    sent = {"text": "x", "author": "ann", "created_at": "2026-11-01T09:00:00Z"}
    one, two, other = to_event(sent), to_event(dict(sent)), to_event({**sent, "author": "bob"})
    assert isinstance(one, Post) and isinstance(two, Post) and isinstance(other, Post)
    assert one.native_id == two.native_id != other.native_id


def test_only_web_addresses_are_kept() -> None:
    post = to_event({"id": "1", "text": "x", "url": "javascript:alert(1)"})
    assert isinstance(post, Post) and post.url is None


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
_NAMES = [
    "type",
    "id",
    "text",
    "created_at",
    "author",
    "url",
    "title",
    "language",
    "thread",
    "counters",
    "followers",
]


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from(_NAMES), _VALUES | st.sampled_from(["post", "edit", "delete", "reading"]))
)
def test_whatever_is_sent_is_read_or_refused(item: dict[str, Any]) -> None:
    try:
        event = to_event(item)
    except Unfit as unfit:
        assert len(str(unfit)) < 300
        return
    repr(event).encode()


# ---- signatures


def sign(body: str, at: int = NOW, secret: str = SECRET, identity: str = "msg_1") -> Signed:
    """Sign with the official library."""
    made = Webhook(secret).sign(identity, datetime.fromtimestamp(at, UTC), body)
    return Signed(identity, str(at), made)


def test_what_the_official_library_signs_fits() -> None:
    signed = sign('{"ü": 1}')
    assert signed.in_time(NOW) and signed.fits([KEY], '{"ü": 1}'.encode())
    assert signed.fits([b"another key, sixteen", KEY], '{"ü": 1}'.encode())
    several = Signed(signed.identity, signed.stamp, f"v1a,xyz v1,AAAA {signed.signatures}")
    assert several.fits([KEY], '{"ü": 1}'.encode())


@pytest.mark.parametrize(
    "other",
    [
        {"body": b"{} "},
        {"keys": [b"another key, sixteen"]},
        {"keys": []},
        {"identity": "msg_2"},
        {"stamp": str(NOW + 1)},
        {"signatures": ""},
        {"signatures": "v1,"},
        {"signatures": "v1,AAAA"},
        {"signatures": "v1"},
        {"signatures": "v1,\u00e4\u00f6"},
        {"signatures": "v2," + "A" * 44},
    ],
)
def test_anything_else_does_not_fit(other: dict[str, Any]) -> None:
    good = sign("{}")
    changed = Signed(
        other.get("identity", good.identity),
        other.get("stamp", good.stamp),
        other.get("signatures", good.signatures),
    )
    assert good.fits([KEY], b"{}")
    assert not changed.fits(other.get("keys", [KEY]), other.get("body", b"{}"))


def test_another_version_of_the_right_signature_does_not_fit() -> None:
    good = sign("{}")
    assert not Signed(good.identity, good.stamp, good.signatures.replace("v1,", "v0,")).fits([KEY], b"{}")


@pytest.mark.parametrize(
    ("stamp", "in_time"),
    [
        (str(NOW - TOLERANCE), True),
        (str(NOW + TOLERANCE), True),
        (str(NOW - TOLERANCE - 1), False),
        (str(NOW + TOLERANCE + 1), False),
        (f"{NOW}.5", False),
        (f"+{NOW}", False),
        ("", False),
        ("9" * 400, False),
        (str(NOW).translate({ord("1"): "\u0661"}), False),
    ],
)
def test_old_signatures_are_worthless(stamp: str, in_time: bool) -> None:
    assert Signed("msg_1", stamp, "v1,x").in_time(NOW) is in_time


def test_we_refuse_where_the_official_library_refuses() -> None:
    for signed in (sign("{}", secret="whsec_" + base64.b64encode(b"z" * 24).decode()), sign("[]")):
        headers = {"webhook-id": signed.identity, "webhook-timestamp": signed.stamp}
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify("{}", {**headers, "webhook-signature": signed.signatures})
        assert not signed.fits([KEY], b"{}")


def test_keys() -> None:
    assert key_of(SECRET) == key_of(SECRET.rstrip("=")) == KEY
    padded = "whsec_" + base64.b64encode(b"0123456789abcdef").decode()
    assert key_of(padded) == key_of(padded.rstrip("=")) == b"0123456789abcdef"
    assert key_of(" a plain text of some length ") == b"a plain text of some length"
    for short in ("", "short", "whsec_", "whsec_AAAA", "whsec_?????????????????????????"):
        with pytest.raises(ValueError, match=r"16 bytes|base64"):
            key_of(short)


# ---- options and the collector


def test_options() -> None:
    options = Options(secret=SecretStr(SECRET), previous=SecretStr("an older secret of ours"))
    assert options.keys == (KEY, b"an older secret of ours")
    assert SECRET not in repr(options) and SECRET not in str(options.model_dump())


@pytest.mark.parametrize(
    "given", [{}, {"secret": "hunter2"}, {"secret": SECRET, "name": ""}, {"secret": SECRET, "max_bytes": 1}]
)
def test_mistakes_in_the_options_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(given)
    assert "hunter2" not in str(caught.value)


def made() -> Ingest:
    (collector,) = build(Options(secret=SecretStr(SECRET)), None, TestEar())  # type: ignore[arg-type]
    assert isinstance(collector, Ingest)
    return collector


async def poll(collector: Ingest, cursor: Any, now: int) -> Page:
    (page,) = [page async for page in collector.pages(cursor, now)]
    return page


async def test_only_the_time_with_an_open_door_is_heard() -> None:
    first = made()
    page = await poll(first, None, NOW)
    assert (page.heard, page.first, list(page.events)) == (None, False, [])
    page = await poll(first, page.next_cursor, NOW + 60)
    assert page.heard == Heard(NOW, NOW + 60)
    # Another process, an hour later: that hour was not heard.
    second = made()
    page = await poll(second, page.next_cursor, NOW + 3_660)
    assert page.heard is None
    assert (await poll(second, page.next_cursor, NOW + 3_720)).heard == Heard(NOW + 3_660, NOW + 3_720)


async def test_a_clock_that_went_back_claims_nothing() -> None:
    collector = made()
    await poll(collector, None, NOW)
    assert (await poll(collector, None, NOW - 100)).heard is None
    assert (await poll(collector, None, NOW - 40)).heard == Heard(NOW - 100, NOW - 40)
