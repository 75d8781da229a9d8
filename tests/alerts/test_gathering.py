"""Several alerts in one message: a line each, the worst first, within the limits of every channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from slack_judge import assert_accepted

from alerts import render
from alerts.channels import slack, webhook
from alerts.gathering import MOST
from alerts.language import LANGUAGES, Language
from alerts.message import Message
from alerts.telling import to_send
from storage.outbox import OutboxRow
from storage.sqlite import SqliteStore

NOW = 1_790_000_000
UTC = ZoneInfo("UTC")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    folder: Path = tmp_path_factory.mktemp("gathering")
    opened = SqliteStore(folder / "listener.db")
    yield opened
    opened.close()


def row(number: int, kind: str = "fired", **changes: Any) -> OutboxRow:
    at = NOW + 60 * number
    numbers: dict[str, object] = {
        "kpi": "negative_share",
        "op": ">",
        "threshold": 0.4,
        "unit": "ratio",
        "over": 3600,
        "min_n": 20,
        "value": 0.46,
        "n": 54,
        "since": at - 3600,
        "until": at,
        "fired_at": at,
        "cooldown": 21_600,
        "expire": 21_600,
        "heard": [],
        "left_out": [],
        "rule": f"rule {number}",
        "brand": "Acme",
        "kind": kind,
        "at": at,
        **changes,
    }
    key = f"alert-{number}"
    thread = str(changes.pop("thread", key))
    return OutboxRow(
        number, key, "slack", "alert", numbers, (), NOW, 1, thread, together="0:", batch="batch-1"
    )


def say(store: SqliteStore, *rows: OutboxRow, quiet: bool = False, language: str = "en") -> Message:
    first = replace(rows[0], rest=rows[1:], together="quiet:1:" if quiet else "0:")
    made = to_send(first, store, UTC, "https://listener.example/", Language.of(language))
    assert isinstance(made, Message)
    return made


def test_a_line_for_each_the_worst_first_those_that_fire_still_before_the_rest(store: SqliteStore) -> None:
    said = say(
        store,
        row(1, severity="info"),
        row(2, severity="warning"),
        row(3, "resolved", severity="warning", thread="alert-2"),
        row(4, severity="critical"),
        row(5, severity="warning"),
    )
    assert said.key == "batch-1"
    assert (said.kind, said.severity, said.brand) == ("fired", "critical", "Acme")
    assert said.title == "4 alerts for Acme"
    assert said.summary == "3 of 4 are still firing."
    assert [(fact.name, fact.value) for fact in said.facts] == [
        ("Critical", "Acme: negative share 46.0 % (rule 4), since Mon 21 Sep, 14:17"),
        ("Warning", "Acme: negative share 46.0 % (rule 5), since Mon 21 Sep, 14:18"),
        (
            "Warning",
            "Acme: negative share 46.0 % (rule 2), Mon 21 Sep, 14:15 to Mon 21 Sep, 14:16, resolved",
        ),
        ("Information", "Acme: negative share 46.0 % (rule 1), since Mon 21 Sep, 14:14"),
    ]
    assert said.data is not None
    assert len(said.data["alerts"]) == 5  # type: ignore[arg-type]


def test_what_fired_and_resolved_in_quiet_hours_is_one_message_in_the_morning(store: SqliteStore) -> None:
    said = say(store, row(1), row(2, "resolved", thread="alert-1"), quiet=True)
    assert said.title == "1 alert for Acme while it was quiet"
    assert (said.kind, said.summary) == ("resolved", "Nothing of this is firing any more.")
    expired = say(store, row(1), row(2, "expired", thread="alert-1", value=None, n=None), quiet=True)
    assert expired.facts[0].value.endswith("closed for too little data")


def test_of_several_brands_none_is_named_above(store: SqliteStore) -> None:
    said = say(store, row(1), row(2, brand="Bolt"))
    assert (said.title, said.brand) == ("2 alerts", None)
    assert said.summary == "All of this is still firing."
    ends = say(store, row(1, "resolved", thread="a"), row(2, "resolved", thread="b"))
    assert (ends.title, ends.kind) == ("Resolved: 2 alerts for Acme", "resolved")
    assert ends.facts[0].value.count("Mon 21 Sep") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_fifty_are_within_the_limits_of_every_channel(store: SqliteStore, language: str) -> None:
    rows = [row(n, rule=f"{n} <!channel> & " + "x" * 100, brand=f"*Brand* {n}") for n in range(50)]
    said = say(store, *rows, language=language)
    assert len(said.facts) == MOST + 1
    assert said.facts[-1].value.startswith(Language.of(language).count(50 - MOST)) or language in ("ro", "fa")
    sent = slack.payload(said)
    assert_accepted(sent)  # type: ignore[arg-type]
    assert "<!channel>" not in repr(sent)
    assert render.as_text(said)
    assert webhook.payload(said)


def test_an_alert_that_is_told_again_says_so(store: SqliteStore) -> None:
    said = to_send(row(1, again=NOW + 60 + 7200), store, UTC, None)
    assert isinstance(said, Message)
    assert said.title == "Still firing: Acme: negative share 46.0 %"
    assert said.summary.startswith(
        "This has been firing for 2h. It began like this: The negative share of Acme"
    )
