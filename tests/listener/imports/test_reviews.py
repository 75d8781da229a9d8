"""What reviews say: exports of Trustpilot and Google Play become mentions, replies become answers."""

from __future__ import annotations

import json

import pytest
from brought import CONFIG, brought
from commandline import CommandLine

GOOGLE_PLAY = (
    "Package Name,App Version Code,Reviewer Language,Device,Review Submit Date and Time,"
    "Review Submit Millis Since Epoch,Star Rating,Review Title,Review Text,Developer Reply Date and Time,"
    "Developer Reply Millis Since Epoch,Developer Reply Text,Review Link\n"
    "com.acme,7,en,phone,2026-11-02T08:00:00Z,1793606400000,2,,It forgets my basket,"
    "2026-11-02T09:00:00Z,1793610000000,We are on it,https://play.example/r?reviewId=a1\n"
    "com.acme,7,es,phone,2026-11-02T10:00:00Z,1793613600000,5,,Me encanta,,,,https://play.example/r?reviewId=a2\n"
    "com.acme,7,en,phone,2026-11-03T10:00:00Z,1793700000000,4,,,,,,https://play.example/r?reviewId=a3\n"
)
TRUSTPILOT = (
    "Domain URL;Review Created (UTC);Review Stars;Review Title;Review Content;Company Reply;Company Reply Date (UTC)\n"
    "acme.example;2026-11-02 08:00:00;1;Late;Two weeks late;Sorry;2026-11-03 08:00:00\n"
)


@pytest.fixture(autouse=True)
def _configured(line: CommandLine) -> None:
    line.configure(CONFIG)


def kpi(line: CommandLine, name: str, *more: str) -> dict[str, object]:
    asked = ("--brand", "Acme", "--since", "2026-11-01", "--until", "2026-11-10", "--json", *more)
    ran = line("kpi", name, *asked)
    assert ran.code == 0, ran
    return dict(json.loads(ran.out)[0])


def test_reviews_are_mentions_with_their_answers(line: CommandLine) -> None:
    ran = brought(line, "reviews", GOOGLE_PLAY.encode("utf-16"))
    assert "3 new posts kept with 2 mentions" in ran.out
    assert kpi(line, "mentions", "--source", "googleplay")["value"] == 2
    answered = kpi(line, "first_response_time", "--source", "googleplay")
    assert answered["n"] == 2 and answered["answered_share"] == 0.5
    assert kpi(line, "star_rating")["n"] == 3


def test_a_newer_export_counts_nothing_twice(line: CommandLine) -> None:
    brought(line, "reviews", GOOGLE_PLAY)
    newer = GOOGLE_PLAY + (
        "com.acme,7,en,phone,2026-11-04T10:00:00Z,1793786400000,3,,So so,,,,https://play.example/r?reviewId=a4\n"
    )
    brought(line, "reviews", newer)
    assert kpi(line, "mentions", "--source", "googleplay")["value"] == 3
    assert kpi(line, "star_rating")["n"] == 4


def test_trustpilot_times_are_utc_and_a_review_without_an_id_is_one(line: CommandLine) -> None:
    brought(line, "reviews", TRUSTPILOT)
    brought(line, "reviews", TRUSTPILOT + "\n")
    answered = kpi(line, "first_response_time", "--source", "trustpilot")
    assert answered["value"] == 86_400 and answered["n"] == 1


def test_a_preview_keeps_no_words(line: CommandLine) -> None:
    brought(line, "reviews", TRUSTPILOT, "--dry-run")
    assert not (line.folder / "data" / "listener.db").exists()
