"""Share of voice in followers: of files that tell those of every brand of the market, network by network."""

from __future__ import annotations

from bringing import ACME, all_told, bring, row, told

from storage.sqlite import SqliteStore


def count(store: SqliteStore, brand: str, followers: float, network: str = "instagram") -> None:
    bring(store, row("native", "followers", followers, network=network), brand=brand)


def test_followers_of_both_brands_on_one_network(store: SqliteStore) -> None:
    count(store, "Acme", 300)
    count(store, "Bolt", 100)
    # Nobody told what Bolt has there, which does not make it nobody.
    count(store, "Acme", 5_000, "facebook")
    found = told(store, "share_of_voice.followers")
    assert (found.value, found.n, found.more["own"]) == (0.75, 400, 300)
    assert found.more["by_source"] == {"instagram": 0.75}
    assert told(store, "share_of_voice.followers", brand="Bolt").value == 0.25


def test_networks_are_not_added_up(store: SqliteStore) -> None:
    for network, acme, bolt in (("instagram", 300, 100), ("facebook", 10, 30)):
        count(store, "Acme", acme, network)
        count(store, "Bolt", bolt, network)
    found = told(store, "share_of_voice.followers")
    assert (found.value, found.reason) == (
        None,
        "audiences of several networks are not added up: ask by source",
    )
    assert found.more["by_source"] == {"facebook": 0.25, "instagram": 0.75}
    parts = {v.source: v.value for v in all_told(store, "share_of_voice.followers", by=("source",))}
    assert parts == {"facebook": 0.25, "instagram": 0.75}


def test_why_there_is_none(store: SqliteStore) -> None:
    missing = (
        "no network of which followers of every brand of the market are known: listener import --kind native"
    )
    assert told(store, "share_of_voice.followers").reason == missing
    count(store, "Acme", 300)
    assert told(store, "share_of_voice.followers").reason == missing
    count(store, "Bolt", 0)
    assert told(store, "share_of_voice.followers").value == 1
    assert told(store, "share_of_voice.followers", brands=(ACME,)).reason == "a market of one brand"


def test_a_market_without_any_follower(store: SqliteStore) -> None:
    count(store, "Acme", 0)
    count(store, "Bolt", 0)
    found = told(store, "share_of_voice.followers")
    assert (found.value, found.more["by_source"]) == (None, {})
