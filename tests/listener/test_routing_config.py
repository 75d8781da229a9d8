"""What config.yaml says between rules and channels: read as meant, and every mistake told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from listener.config import ConfigError, load
from listener.config.options import Config

BASE = """brands: [{name: Acme, own: true, market: soda}, {name: Bolt, market: soda}]
sources: {hackernews: {}}
channels: {console: {}, webhook: {url: "https://hooks.example/x"}}
"""
RULES = """alerts:
  rules:
    - {name: angry, when: negative_share > 40%, brand: Acme}
    - {name: sales, when: mentions >= 1, brand: Acme, tag: sales, severity: info, channels: [console]}
"""


def read(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, {})


def test_a_config_without_any_of_it_tells_all_at_once_on_the_console(tmp_path: Path) -> None:
    routing = read(tmp_path, BASE + RULES).routing
    assert (routing.routes, routing.inhibitions) == ((), ())
    assert routing.last.channels == ("console",)
    assert routing.last.quiet == ()
    assert routing.own == {"sales": ("console",)}


def test_where_there_is_no_console_nothing_is_lost(tmp_path: Path) -> None:
    text = BASE.replace("console: {}, ", "") + RULES.replace(", channels: [console]", "")
    assert read(tmp_path, text).routing.last.channels == ("webhook",)


def test_all_of_it_is_read(tmp_path: Path) -> None:
    text = (
        BASE
        + RULES
        + """  quiet_hours: {zone: Europe/Madrid, from: "22:00", to: "08:00", days: mon-fri, holidays: ES-MD}
  routes:
    - {match: {brand: Acme, source: hackernews, severity: [critical, warning]}, channels: [webhook], group_by: [brand],
       group_wait: 30s, group_interval: 5m, repeat: 4h, quiet_hours: null, continue: true}
    - {match: {market: soda, tag: sales, rule: sales}}
  inhibit:
    - {when: {rule: angry}, silences: {severity: [warning, info]}, same: [brand]}
"""
    )
    routing = read(tmp_path, text).routing
    first, second = routing.routes
    assert first.match == {
        "brand": ("Acme",),
        "source": ("hackernews",),
        "severity": ("critical", "warning"),
    }
    assert (first.channels, first.group_by, first.group_wait, first.group_interval, first.repeat) == (
        ("webhook",),
        ("brand",),
        30,
        300,
        14_400,
    )
    assert (first.quiet, first.goes_on, first.name) == ((), True, "0")
    (quiet,) = second.quiet
    assert (quiet.zone.key, quiet.since, quiet.until, quiet.holidays) == (
        "Europe/Madrid",
        79_200,
        28_800,
        "ES-MD",
    )
    assert quiet.days == frozenset(range(5))
    assert quiet.passes == {"critical"}
    assert second.channels == ("console", "webhook")
    assert routing.last.quiet == (quiet,)
    assert routing.last.channels == ("console", "webhook")
    (inhibition,) = routing.inhibitions
    assert (inhibition.when, inhibition.same) == ({"rule": ("angry",)}, ("brand",))


NIGHT = 'quiet_hours: {zone: UTC, from: "22:00", to: "08:00"'


@pytest.mark.parametrize(
    ("line", "path", "says"),
    [
        ("routes: [{match: {brand: Acem}}]", "alerts.routes[0].match.brand (line 8)", "mean Acme?"),
        ("routes: [{match: {brand: [Acme, Blot]}}]", "alerts.routes[0].match.brand[1]", "mean Bolt?"),
        ("routes: [{match: {market: sody}}]", "alerts.routes[0].match.market", "mean soda?"),
        ("routes: [{match: {source: hackernws}}]", "alerts.routes[0].match.source", "mean hackernews?"),
        ("routes: [{match: {tag: salse}}]", "alerts.routes[0].match.tag", "no rule is for the tag 'salse'"),
        ("routes: [{match: {rule: agry}}]", "alerts.routes[0].match.rule", "mean angry?"),
        ("routes: [{match: {severity: bad}}]", "alerts.routes[0].match.severity", "'critical'"),
        ("routes: [{match: {brnd: Acme}}]", "alerts.routes[0].match.brnd", "did you mean brand?"),
        ("routes: [{channels: [slack]}]", "alerts.routes[0].channels[0]", "no channel 'slack'"),
        ("routes: [{channels: []}]", "alerts.routes[0].channels", "may not be empty"),
        ("routes: [{group_by: [colour]}]", "alerts.routes[0].group_by[0]", "must be"),
        ("routes: [{group_wait: 30}]", "alerts.routes[0].group_wait", "number and a unit"),
        ("routes: [{repeat: 5s}]", "alerts.routes[0].repeat", "at least 1m"),
        ("routes: [{chanels: [console]}]", "alerts.routes[0].chanels", "did you mean channels?"),
        ("routes: {}", "alerts.routes", "must be a list"),
        (NIGHT.replace("22:00", "08:00") + "}", "alerts.quiet_hours", "from and to are both 08:00"),
        (NIGHT.replace("UTC", "Mars") + "}", "alerts.quiet_hours.zone", "no time zone"),
        (NIGHT.replace("08:00", "25:00") + "}", "alerts.quiet_hours.to", "no time of a day"),
        (NIGHT + ", holidays: XX}", "alerts.quiet_hours.holidays", "there is no country"),
        (NIGHT + ", days: funday}", "alerts.quiet_hours.days", "no day 'funday'"),
        (NIGHT + ", passes: loud}", "alerts.quiet_hours.passes", "'critical'"),
        ('quiet_hours: {zone: UTC, from: "00:00", to: "24:00"}', "alerts.quiet_hours", "for ever"),
        ('quiet_hours: {zone: UTC, to: "08:00"}', "alerts.quiet_hours.from", "is missing"),
        (f"routes: [{{{NIGHT}, dys: x}}}}]", "alerts.routes[0].quiet_hours.dys", "did you mean days?"),
        (
            "inhibit: [{when: {rule: crisis}, silences: {brand: Acme}}]",
            "alerts.inhibit[0].when.rule",
            "crisis",
        ),
        (
            "inhibit: [{when: {rule: angry}, silences: {}}]",
            "alerts.inhibit[0].silences",
            "matches everything",
        ),
        ("inhibit: [{when: {rule: angry}}]", "alerts.inhibit[0].silences", "is missing"),
        (
            "inhibit: [{when: {rule: angry}, silences: {brand: Acme}, same: [x]}]",
            "alerts.inhibit[0].same[0]",
            "must",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, line: str, path: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"{BASE}{RULES}  {line}\n")
    (told,) = [text for text in str(caught.value).splitlines()[1:] if not text.startswith("      ")]
    assert told.strip().startswith(path)
    assert says in told


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = (
        BASE
        + RULES
        + """  quiet_hours: {zone: Mars, from: "08:00", to: "08:00"}
  routes: [{match: {brand: Acem, tag: x}, channels: [slak], repeat: 1s}]
  inhibit: [{when: {rule: x}, silences: {}}]
"""
    )
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert {problem.path for problem in caught.value.problems} == {
        "alerts.quiet_hours.zone",
        "alerts.routes[0].match.brand",
        "alerts.routes[0].match.tag",
        "alerts.routes[0].channels[0]",
        "alerts.routes[0].repeat",
        "alerts.inhibit[0].when.rule",
        "alerts.inhibit[0].silences",
    }
    assert all(problem.line for problem in caught.value.problems)
