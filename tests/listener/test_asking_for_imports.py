"""Imported numbers asked for at the terminal and over HTTP: names, networks, amounts, and what to do without a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import CommandLine

from storage.sqlite import SqliteStore

CONFIG = """timezone: Europe/Madrid
brands:
  - {name: Acme, own: true}
"""
WEEK = ("--since", "2026-01-05", "--until", "2026-01-12")
ROWS = (
    ("ads", "spend", "2026-01-05", "meta", "", 1234.5, "EUR"),
    ("ads", "spend", "2026-01-05", "x", "", 100, "EUR"),
    ("ads", "clicks", "2026-01-05", "meta", "", 500, None),
    ("ads", "clicks", "2026-01-05", "x", "", 50, None),
    ("native", "followers", "2026-01-04", "x", "", 1000, None),
    ("native", "followers", "2026-01-11", "x", "", 1040, None),
    ("custom", "stores", "2026-01-05", "", "", 12, "shops"),
)


@pytest.fixture
def brought(line: CommandLine) -> CommandLine:
    line.configure(CONFIG)
    line.good("kpi")
    (file,) = Path(line.folder).rglob("listener.db")
    store = SqliteStore(file)
    with store.writing() as db:
        db.run("INSERT INTO brands (id, name) VALUES (1, 'Acme') ON CONFLICT DO NOTHING")
        db.run_many(
            """INSERT INTO measures (brand_id, kind, metric, day, network, item, value, unit, account, campaign)
            VALUES (1, ?, ?, ?, ?, ?, ?, ?, '', '')""",
            ROWS,
        )
    store.close()
    return line


def lines(line: CommandLine, *arguments: str) -> list[str]:
    return [" ".join(one.split()) for one in line.good("kpi", *arguments).out.splitlines()[2:]]


def test_an_amount_bears_its_currency_and_says_of_how_many_days(brought: CommandLine) -> None:
    assert lines(brought, "cpc", *WEEK)[1] == "Acme cpc 2.43 EUR 550 ads: 1 of 7 days"


def test_by_source_each_network_has_its_row(brought: CommandLine) -> None:
    found = lines(brought, "cpc", "mentions", "--by", "source", *WEEK)
    assert found[1:] == [
        "Acme · meta cpc 2.47 EUR 500 ads: 1 of 7 days",
        "Acme · x cpc 2.00 EUR 50 ads: 1 of 7 days",
    ]


def test_a_network_may_be_asked_for_though_nobody_listens_to_it(brought: CommandLine) -> None:
    (value,) = brought.good("kpi", "cpc", "--source", "x", "--json", *WEEK).json()
    assert (value["value"], value["unit"], value["currency"], value["days"]) == (2, "EUR", "EUR", {"ads": 1})
    wrong = brought("kpi", "cpc", "--source", "metta")
    assert (wrong.code, "did you mean meta?" in wrong.err) == (2, True)


def test_growth_shows_its_change(brought: CommandLine) -> None:
    assert lines(brought, "audience_growth", *WEEK)[1].startswith("Acme audience_growth +4.0 % 1 000 ")
    assert lines(brought, "audience_growth", *WEEK)[1].endswith("change +40")


def test_a_custom_number_is_asked_for_by_its_name(brought: CommandLine) -> None:
    assert lines(brought, "custom.stores", *WEEK)[1] == "Acme custom.stores 12 1 custom: 1 of 7 days"
    wrong = brought("kpi", "custom.store")
    assert (wrong.code, "did you mean custom.stores?" in wrong.err) == (2, True)


def test_without_since_imported_numbers_reach_back_to_the_first_of_them(brought: CommandLine) -> None:
    (value,) = brought.good("kpi", "custom.stores.sum", "--json").json()
    assert (value["value"], value["since"]) == (12, "2026-01-04T00:00:00+01:00")


def test_without_a_file_the_command_that_brings_it_is_told(brought: CommandLine) -> None:
    out = brought.good("kpi", "nps", *WEEK).out
    assert "nothing imported of survey for these days: listener import --kind survey FILE" in out
    assert "Nothing to count yet" not in out
    assert "No source and no network" in brought.good("kpi", "nps", "--by", "source", *WEEK).out


def test_json_of_a_value_has_its_formula_s_numbers_by_name(brought: CommandLine) -> None:
    (value,) = json.loads(brought.good("kpi", "cpc", "--json", *WEEK).out)
    assert (value["spend"], value["clicks"]) == (1334.5, 550)
    assert value["parts"] == {"meta": 2.469, "x": 2}
    assert (value["heard"], value["left_out"]) == ([], [])
