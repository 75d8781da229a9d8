"""Which channels, when, together with what: the same as a plain reading of the routes says."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from alerts.routing.matching import LABELS, Known, Labels, matches
from alerts.routing.quiet import QuietHours
from alerts.routing.routes import Inhibition, Route, Routing, deliveries, due
from alerts.routing.withholding import Firing, inhibited, reasons

NOW = 1_790_000_000
KNOWN = Known({"Acme": "soda", "Bolt": "soda"}, {"feed:x": "feeds"})
NIGHT = QuietHours(ZoneInfo("UTC"), 14 * 3600, 15 * 3600)
"""NOW is 14:13:20 UTC."""


def labels(rule: str = "angry", brand: str = "Acme", **numbers: object) -> Labels:
    return KNOWN.labels(rule, brand, numbers)


def test_labels_say_what_an_alert_is_about() -> None:
    made = labels(source="feed:x", tag="sales", severity="critical")
    assert {name: sorted(values) for name, values in made.items()} == {
        "rule": ["angry"],
        "brand": ["Acme"],
        "market": ["soda"],
        "source": ["feed:x", "feeds"],
        "tag": ["sales"],
        "severity": ["critical"],
    }
    assert set(made) == set(LABELS)
    assert labels()["severity"] == {"warning"}
    assert matches({"source": ["feeds"]}, made)
    assert not matches({"source": ["feeds"]}, labels())
    assert matches({}, made)


def test_the_first_route_that_matches_wins_unless_it_goes_on() -> None:
    first = Route("0", {"brand": ["Acme"]}, ("slack",))
    second = Route("1", {}, ("email", "slack"))
    routing = Routing((first, second), Route(channels=("console",)))
    assert [one.channel for one in deliveries(routing, labels(), NOW)] == ["slack"]
    assert [one.channel for one in deliveries(routing, labels(brand="Bolt"), NOW)] == ["email", "slack"]
    on = Routing((Route("0", {"brand": ["Acme"]}, ("slack",), goes_on=True), second))
    assert [one.channel for one in deliveries(on, labels(), NOW)] == ["slack", "email"]
    none = Routing((first,), Route(channels=("console",)))
    assert [one.channel for one in deliveries(none, labels(brand="Bolt"), NOW)] == ["console"]


def test_channels_of_a_rule_win_and_all_else_of_the_route_holds() -> None:
    routing = Routing((Route("0", {}, ("slack",), group_wait=30),), own={"angry": ("email",)})
    (mine,) = deliveries(routing, labels(), NOW)
    assert (mine.channel, mine.at, mine.together) == ("email", NOW + 30, "0:")
    (other,) = deliveries(routing, labels("busy"), NOW)
    assert other.channel == "slack"


def test_without_a_group_it_is_told_at_once_and_alone() -> None:
    (made,) = deliveries(Routing(), labels(), NOW)
    assert (made.channel, made.at, made.together) == ("console", NOW, None)


def test_what_waits_for_the_same_morning_is_together_whatever_its_route() -> None:
    routes = (
        Route("0", {"brand": ["Acme"]}, ("slack",), quiet=(NIGHT,)),
        Route("1", {}, ("slack",), group_wait=30, quiet=(NIGHT,)),
    )
    routing = Routing(routes)
    ((acme,), (bolt,)) = (deliveries(routing, labels(brand=brand), NOW) for brand in ("Acme", "Bolt"))
    morning = NOW - NOW % 3600 + 3600
    assert (acme.at, bolt.at) == (morning, morning)
    assert acme.together == bolt.together == f"quiet:{morning}:"
    (passes,) = deliveries(routing, labels(severity="critical"), NOW)
    assert (passes.at, passes.together) == (NOW, None)


def test_a_group_is_due_with_those_that_wait_and_not_within_its_interval() -> None:
    route = Route("0", {}, ("slack",), ("brand",), group_wait=30, group_interval=300)
    (made,) = deliveries(Routing((route,)), labels(), NOW)
    assert made.together == "0:brand=Acme"
    assert due(made, None, None, "warning") == NOW + 30
    assert due(made, NOW + 10, NOW - 50, "warning") == NOW + 10
    assert due(made, None, NOW - 50, "warning") == NOW + 250
    assert due(made, None, NOW - 5_000, "warning") == NOW + 30


_VALUES = st.sampled_from(["a", "b", "c"])
_MATCH = st.dictionaries(st.sampled_from(LABELS), st.lists(_VALUES, min_size=1, max_size=2), max_size=3)
_LABELS = st.fixed_dictionaries({name: st.frozensets(_VALUES, max_size=2) for name in LABELS}).map(
    lambda made: {**made, "severity": frozenset(["warning"])}
)
_CHANNELS = st.lists(st.sampled_from(["slack", "email", "webhook"]), min_size=1, max_size=2, unique=True)


@given(routes=st.lists(st.tuples(_MATCH, _CHANNELS, st.booleans()), max_size=5), about=_LABELS)
def test_routing_is_what_a_plain_reading_says(
    routes: list[tuple[dict[str, list[str]], list[str], bool]], about: dict[str, frozenset[str]]
) -> None:
    routing = Routing(
        tuple(Route(str(n), match, tuple(to), goes_on=on) for n, (match, to, on) in enumerate(routes)),
        Route(channels=("console",)),
    )
    expected: set[str] = set()
    hit = False
    for match, to, goes_on in routes:
        if any(not (about[name] & set(values)) for name, values in match.items()):
            continue
        hit = True
        expected |= set(to)
        if not goes_on:
            break
    found = [one.channel for one in deliveries(routing, about, NOW)]
    assert set(found) == (expected if hit else {"console"})
    assert len(found) == len(set(found)) > 0


def firing(key: str, rule: str, brand: str = "Acme", at: int = NOW, severity: str = "warning") -> Firing:
    return Firing(key, rule, brand, labels(rule, brand, severity=severity), at)


CRISIS = Inhibition({"rule": ("crisis",)}, {"severity": ("warning", "info")}, ("brand",))


def test_a_crisis_covers_its_parts_and_not_those_of_another_brand() -> None:
    crisis = firing("c", "crisis", severity="critical")
    parts = [firing("p", "angry"), firing("q", "angry", "Bolt"), firing("r", "angry", severity="critical")]
    everything = [crisis, *parts]
    assert {one.key for one in everything if inhibited(one, everything, [CRISIS])} == {"p"}
    assert [one.key for one in parts if inhibited(one, parts, [CRISIS])] == []


def test_of_two_that_cover_each_other_the_first_is_told() -> None:
    both = Inhibition({"severity": ("warning",)}, {"severity": ("warning",)})
    early, late = firing("b", "one", at=NOW), firing("a", "two", at=NOW + 1)
    assert inhibited(early, [late, early], [both]) is None
    assert inhibited(late, [late, early], [both]) == early
    alone = firing("a", "one")
    assert inhibited(alone, [alone], [both]) is None


@given(count=st.integers(1, 6), pairs=st.sets(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=4))
def test_something_is_always_told_of_what_covers_each_other(count: int, pairs: set[tuple[int, int]]) -> None:
    symmetric = pairs | {(b, a) for a, b in pairs}
    made = [Inhibition({"rule": (f"r{a}",)}, {"rule": (f"r{b}",)}) for a, b in symmetric]
    alerts = [firing(str(n), f"r{n % 3}", at=NOW + n) for n in range(count)]
    assert len(reasons(alerts, [], {}, made)) < count
