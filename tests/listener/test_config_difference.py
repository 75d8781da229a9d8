"""What differs between two configurations: every key by its path, old and new, and never a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listener.config import load
from listener.config.difference import LONGEST, Change, _Telling, difference

ENVIRONMENT = {
    "HOOK": "https://hooks.slack.example/T0PSECRET",
    "OTHER": "https://hooks.slack.example/T1PSECRET",
    "TOKEN": "T2PSECRET",
    "FEED": "https://example.com/feed?key=T3PSECRET",
}
BEGINNING = "brands: [{name: Acme, own: true, query: acme}, {name: Bolt}]\n"


def changes(folder: Path, old: str, new: str) -> list[Change]:
    configs = []
    for text in (old, new):
        file = folder / "config.yaml"
        file.write_text(text if text.startswith("brands") else BEGINNING + text, encoding="utf-8")
        configs.append(load(file, ENVIRONMENT))
    found = difference(configs[0], configs[1])
    assert "PSECRET" not in str(found)
    return found


def told(folder: Path, old: str, new: str) -> dict[str, tuple[str | None, str | None]]:
    found = changes(folder, old, new)
    by_path = {change.path: (change.before, change.after) for change in found}
    assert len(found) == len(by_path)
    return by_path


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "# a remark\n", {}),
        ("timezone: UTC", "timezone: 'UTC'", {}),
        ("", "timezone: UTC", {"timezone": (None, "UTC")}),
        ("timezone: UTC", "", {"timezone": ("UTC", None)}),
        (
            "sources: {feeds: {poll: 5m}}",
            "sources: {feeds: {poll: 15m, allow_private: true}}",
            {"sources.feeds.poll": ("5m", "15m"), "sources.feeds.allow_private": (None, "true")},
        ),
        (
            "brands: [{name: Acme, query: acme}, {name: Bolt}]",
            "brands: [{name: Cusp, own: true}, {name: Acme, query: acme OR akme}]",
            {
                "brands[Acme].query": ("acme", "acme OR akme"),
                "brands[Bolt]": ("{name: Bolt}", None),
                "brands[Cusp]": (None, "{name: Cusp, own: true}"),
            },
        ),
        (
            "brands: [{name: Acme}, {name: Bolt}]",
            "brands: [{name: Bolt}, {name: Acme}]",
            {"brands": ("in the order Acme, Bolt", "in the order Bolt, Acme")},
        ),
        # Routes have no names: they are told by where they stand.
        (
            "alerts: {routes: [{match: {brand: Acme}, channels: [console]}]}",
            "alerts: {routes: [{match: {brand: Bolt}, channels: [console]}, {channels: [console]}]}",
            {
                "alerts.routes[0].match.brand": ("Acme", "Bolt"),
                "alerts.routes[1]": (None, "{channels: [console]}"),
            },
        ),
        ("storage: {retention: {default: 9d}}", "storage: {retention: {default: null}}", {
            "storage.retention.default": ("9d", "null"),
        }),
        ("storage: {retention: {default: null}}", "storage: {retention: {}}", {
            "storage.retention.default": ("null", None),
        }),
        (
            "digest: {cron: 0 8 * * MON}",
            "digest: [{cron: 0 8 * * MON}]",
            {"digest": ("{cron: 0 8 * * MON}", "[{cron: 0 8 * * MON}]")},
        ),
    ],
)  # fmt: skip
def test_each_key_is_told_by_its_path(
    tmp_path: Path, old: str, new: str, expected: dict[str, tuple[str | None, str | None]]
) -> None:
    assert told(tmp_path, old, new) == expected


def test_addresses_of_feeds_come_and_go_one_by_one_and_keys_in_them_are_not_told(tmp_path: Path) -> None:
    old = "sources: {feeds: {urls: [https://a.example/x, https://b.example/x?key=T4PSECRET]}}"
    new = "sources: {feeds: {urls: [https://a.example/x, '${FEED}', {url: 'https://c.example/?T5PSECRET'}]}}"
    place = "sources.feeds.urls"
    assert changes(tmp_path, old, new) == [
        Change(place, "https://b.example/x?<secret>", None),
        Change(place, None, "${FEED}"),
        Change(f"{place}[https://c.example/?<secret>]", None, "{url: https://c.example/?<secret>}"),
    ]


def test_secrets_are_told_as_such_wherever_they_stand(tmp_path: Path) -> None:
    old = """channels:
  slack: {webhook: "${HOOK}"}
  webhook: {url: "http://127.0.0.1:9/T6PSECRET"}
  alertmanager: {url: ["http://127.0.0.1:9/T7PSECRET"]}
sources: {mastodon: {instances: [{host: one.example, token: "${TOKEN}"}], hashtags: [a]}}
"""
    new = """channels:
  slack: {webhook: "${OTHER}"}
  webhook: {url: "http://127.0.0.1:9/T8PSECRET"}
  alertmanager: {url: ["http://127.0.0.1:9/T9PSECRET"]}
sources: {mastodon: {instances: [{host: one.example, token: "${HOOK}"}], hashtags: [a]}}
"""
    assert told(tmp_path, old, new) == dict.fromkeys(
        [
            "channels.slack.webhook",
            "channels.webhook.url",
            "channels.alertmanager.url",
            "sources.mastodon.instances[one.example].token",
        ],
        ("<secret>", "<secret>"),
    )
    gone = told(tmp_path, old, "channels: {console: {}}")
    assert gone["channels.webhook"] == ("{url: <secret>}", None)
    assert "token: <secret>" in str(gone["sources"][0])


def test_long_values_are_cut_around_the_place_where_they_part(tmp_path: Path) -> None:
    words = " OR ".join(f"word{n}" for n in range(100))
    old = f"brands: [{{name: Acme, query: '{words} OR before'}}]"
    new = f"brands: [{{name: Acme, query: '{words} OR after {'x' * 300}'}}]"
    before, after = told(tmp_path, old, new)["brands[Acme].query"]
    assert before == "…word98 OR word99 OR before"
    assert after is not None
    assert after.startswith("…word98 OR word99 OR after xxx")
    assert len(after) == LONGEST
    assert after.endswith("…")


def test_a_value_stays_on_its_line(tmp_path: Path) -> None:
    assert told(tmp_path, "", 'tags: [{name: a, query: "b\\n  OR c\\u001b"}]')["tags"] == (
        None,
        "[{name: a, query: b   OR c}]",
    )


PLAIN = (
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b", "name", "1", "true", "null"])
)
TREES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "url", "a", "b"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)


@settings(max_examples=100, deadline=None)
@given(TREES, TREES)
def test_something_is_told_exactly_where_something_differs(old: Any, new: Any) -> None:
    found = list(_Telling(set()).changes(old, new, "top", ()))
    assert bool(found) is not same(old, new)
