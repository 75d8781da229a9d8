"""`listener import --kind`: whose numbers, previews, twice, newer files, hostile cells, and what a locale decides."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from brought import CONFIG, bring, brought, figures, kept
from commandline import CommandLine

HEADER = "date,network,campaign,spend,impressions,clicks,leads,conversions,currency\n"
ADS = (
    HEADER
    + "2026-11-01,facebook,Autumn,12.50,1000,20,2,1,EUR\n"
    + "2026-11-01,facebook,Winter,7.25,500,10,1,0,EUR\n"
    + "2026-11-02,x,Autumn,3.00,100,4,,,EUR\n"
)


@pytest.fixture(autouse=True)
def _configured(line: CommandLine) -> None:
    line.configure(CONFIG)


def test_a_table_of_ads_is_kept_told_and_summed(line: CommandLine) -> None:
    ran = brought(line, "ads", ADS)
    assert (
        figures(line, "metric", "day", "network", "campaign")["spend", "2026-11-01", "facebook", "Autumn"]
        == 12.5
    )
    assert "Acme, 2026-11-01 to 2026-11-02: 13 numbers" in ran.out
    assert (
        "line 2: 2026-11-01 facebook | Autumn: spend 12.50 EUR, impressions 1\u202f000, clicks 20" in ran.out
    )
    assert "spend: 22.75 EUR" in ran.out
    assert "Kept: 13 new, 0 changed" in ran.out
    # An empty cell is no zero.
    assert ("leads", "2026-11-02") not in {
        key[:2] for key in figures(line, "metric", "day", "network", "campaign")
    }


def test_whose_numbers_they_are(line: CommandLine) -> None:
    brought(line, "ads", ADS)
    brought(line, "ads", ADS, "--brand", "bolt")
    found = kept(
        line, "SELECT b.name, count(*) FROM measures m JOIN brands b ON b.id = m.brand_id GROUP BY 1"
    )
    assert found == [("Acme", 13), ("Bolt", 13)]
    line.configure(CONFIG.replace("{name: Bolt}", "{name: Bolt, own: true}"))
    ran = bring(line, "ads", ADS)
    assert (ran.code, "2 brands are own: true; name one with --brand" in ran.err) == (2, True)
    assert bring(line, "ads", ADS, "--brand", "Nobody").code == 2


def test_a_preview_writes_nothing_not_even_a_database(line: CommandLine) -> None:
    ran = brought(line, "ads", ADS, "--dry-run")
    assert "13 numbers would be kept" in ran.out
    assert "Kept" not in ran.out
    assert not (line.folder / "data").exists()


def test_the_same_file_twice_changes_nothing_and_says_so(line: CommandLine) -> None:
    brought(line, "ads", ADS)
    before = kept(line, "SELECT * FROM measures")
    again = brought(line, "ads", ADS)
    assert "Nothing changes: this very file was imported" in again.out
    assert "13 numbers kept as before" in again.out
    renamed = brought(line, "ads", ADS.replace("\n", "\r\n"), name="other.csv")
    assert "Nothing changes; 13 numbers kept as before" in renamed.out
    assert kept(line, "SELECT * FROM measures") == before
    assert kept(line, "SELECT count(*), max(rows), max(name) FROM imports") == [(1, 3, "numbers.csv")]


def test_a_newer_export_of_the_same_days_replaces(line: CommandLine) -> None:
    brought(line, "ads", ADS)
    newer = HEADER + "2026-11-01,facebook,Autumn,13.00,1000,20,2,1,EUR\n2026-11-03,x,New,1.00,10,1,0,0,EUR\n"
    ran = brought(line, "ads", newer)
    # The campaign that the new file no longer holds is gone from that day and network; other days and networks stay.
    assert "Kept: 5 new, 1 changed, 5 gone that the file no longer holds, 4 as before." in ran.out
    found = figures(line, "metric", "day", "network", "campaign")
    assert {key[1:]: value for key, value in found.items() if key[0] == "spend"} == {
        ("2026-11-01", "facebook", "Autumn"): 13.0,
        ("2026-11-02", "x", "Autumn"): 3.0,
        ("2026-11-03", "x", "New"): 1.0,
    }


def test_a_file_that_was_not_understood_whole_takes_nothing_away(line: CommandLine) -> None:
    brought(line, "ads", ADS)
    ran = bring(
        line,
        "ads",
        HEADER + "2026-11-01,facebook,Autumn,13,1,1,1,1,EUR\nno day,facebook,Winter,1,1,1,1,1,EUR\n",
    )
    assert ran.code == 0
    assert "line 3: date: 'no day' is no date" in ran.err
    assert "0 gone" in ran.out
    assert ("spend", "2026-11-01", "facebook", "Winter") in figures(
        line, "metric", "day", "network", "campaign"
    )


def test_rows_of_one_key_add_up(line: CommandLine) -> None:
    brought(line, "ads", HEADER + "2026-11-01,x,A,1.5,10,1,0,0,EUR\n2026-11-01,x,A,2.5,20,2,0,0,EUR\n")
    found = figures(line, "metric")
    assert (found[("spend",)], found[("impressions",)], found[("clicks",)]) == (4.0, 30.0, 3.0)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-11-01,x,A,-1,1,1,1,1,EUR", "spend is '-1', and cannot be negative"),
        ("2026-11-01,x,A,1,-1,1,1,1,EUR", "impressions is '-1', and cannot be negative"),
        ("2026-11-01,x,A,1,1.5,1,1,1,EUR", "impressions is '1.5', and is counted in whole numbers"),
        ("2026-11-01,x,A,NaN,1,1,1,1,EUR", "spend: 'NaN' is no number"),
        ("2026-11-01,x,A,1e300,1,1,1,1,EUR", "spend: '1e300' is no number"),
        ("2026-11-01,x,A,9999999999999999,1,1,1,1,EUR", "is larger than any number"),
        ("2026-11-01,x,A,=1+1,1,1,1,1,EUR", "spend: '=1+1' is no number"),
        ("2026-11-01,x,A,1.5,1,1,1,1,EURO", "currency 'EURO' is no ISO 4217 code"),
    ],
)
def test_a_number_that_cannot_be_meant_is_left_out_with_its_line(
    line: CommandLine, row: str, why: str
) -> None:
    ran = bring(line, "ads", HEADER + "2026-10-01,x,A,1.5,1,1,1,1,EUR\n" + row + "\n")
    assert ran.code == 0
    assert f"line 3: {why}" in ran.err or ("line 3" in ran.err and why in ran.err)
    # The others of its row are kept.
    assert len(kept(line, "SELECT 1 FROM measures WHERE day = '2026-11-01'")) == 4


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-11-01,x,=HYPERLINK(1),1,1,1,1,1,EUR", "campaign '=HYPERLINK(1)' is a formula"),
        ("2026-11-01,x,@SUM(A1),1,1,1,1,1,EUR", "is a formula"),
        ("2026-11-01,x,+cmd|' /C calc'!A0,1,1,1,1,1,EUR", "is a formula"),
        ("2026-11-01,x,a\x1b[31mb,1,1,1,1,1,EUR", "campaign holds control characters"),
        ("2026-11-01,x,a\u202eb,1,1,1,1,1,EUR", "campaign holds control characters"),
        (f"2026-11-01,x,{'a' * 301},1,1,1,1,1,EUR", "longer than 300"),
        ("2026-02-30,x,A,1,1,1,1,1,EUR", "no day of the calendar"),
        ("2098-01-01,x,A,1,1,1,1,1,EUR", "in the future"),
        ("1989-01-01,x,A,1,1,1,1,1,EUR", "before 1990"),
        (",x,A,1,1,1,1,1,EUR", "has no date"),
        ("2026-11-01,,A,1,1,1,1,1,EUR", "names no network"),
        ("2026-11-01,x,A,1,1,1,1,1,EUR,more", "more cells than there are headings"),
    ],
)
def test_a_hostile_or_broken_row_is_refused_with_its_line(line: CommandLine, row: str, why: str) -> None:
    ran = bring(line, "ads", HEADER + "2026-10-01,x,A,1,1,1,1,1,EUR\n" + row + "\n")
    assert ran.code == 0
    assert "1 bad row left out" in ran.err
    assert "line 3: " in ran.err
    assert why in ran.err
    assert "\x1b" not in ran.out + ran.err
    assert "\u202e" not in ran.out + ran.err
    assert kept(line, "SELECT DISTINCT day FROM measures") == [("2026-10-01",)]


def test_harmless_names_are_kept_as_they_are(line: CommandLine) -> None:
    brought(line, "ads", HEADER + "2026-11-01,x,+brand  - @autumn,1,1,1,1,1,EUR\n")
    assert set(figures(line, "metric", "campaign")) >= {("spend", "+brand - @autumn")}


def test_many_bad_rows_are_counted_and_the_first_told(line: CommandLine) -> None:
    rows = "".join(f"never,x,A,{number},1,1,1,1,EUR\n" for number in range(50))
    ran = bring(line, "ads", HEADER + rows)
    assert ran.code == 1
    assert "50 bad rows left out" in ran.err
    assert "and 30 more" in ran.err
    assert "nothing was imported" in ran.err


# Locales


def test_a_decimal_comma_is_seen_and_told(line: CommandLine) -> None:
    ran = brought(
        line,
        "ads",
        ADS.replace(",", ";").replace("12.50", "1.212,50").replace("7.25", "7,25").replace("3.00", "3,00"),
    )
    assert "with a decimal comma" in ran.out
    assert figures(line, "metric", "day", "campaign")["spend", "2026-11-01", "Autumn"] == 1212.5


def test_ambiguous_numbers_ask_for_the_locale(line: CommandLine) -> None:
    content = 'date,network,spend,currency\n2026-11-01,x,"1,234",EUR\n'
    ran = bring(line, "ads", content)
    assert ran.code == 2
    assert "'1,234' on line 2 may be thousands or a fraction" in ran.err
    brought(line, "ads", content, "--locale", "en_US")
    assert figures(line, "metric") == {("spend",): 1234.0}
    brought(line, "ads", content, "--locale", "es_ES")
    assert figures(line, "metric") == {("spend",): 1.234}


def test_a_count_decides_what_an_amount_leaves_open(line: CommandLine) -> None:
    brought(line, "ads", 'date,network,spend,impressions,currency\n2026-11-01,x,"1,234","5,678",EUR\n')
    assert figures(line, "metric") == {("spend",): 1234.0, ("impressions",): 5678.0}


def test_ambiguous_dates_ask_for_the_locale(line: CommandLine) -> None:
    content = "date,network,spend,currency\n03/04/2026,x,1,EUR\n"
    ran = bring(line, "ads", content)
    assert ran.code == 2
    assert "'03/04/2026' on line 2 may be two days" in ran.err
    assert "--locale" in ran.err
    brought(line, "ads", content, "--locale", "en_US")
    assert list(figures(line, "day")) == [("2026-03-04",)]
    brought(line, "ads", content + "13/04/2026,x,2,EUR\n")
    assert ("2026-04-03",) in figures(line, "day")


def test_what_contradicts_the_given_locale_is_refused_with_its_line(line: CommandLine) -> None:
    ran = bring(line, "ads", ADS, "--locale", "es_ES")
    assert "line 2: spend: '12.50' is no number with a decimal comma" in ran.err
    ran = bring(line, "ads", "date,network,spend,currency\n11/13/2026,x,1,EUR\n", "--locale", "en_GB")
    assert (ran.code, "no day of the calendar" in ran.err) == (1, True)


# Currencies


def test_money_without_a_currency_is_left_out_with_the_remedy(line: CommandLine) -> None:
    content = "date,network,spend,clicks\n2026-11-01,x,1.50,3\n2026-11-02,x,2.50,4\n"
    ran = bring(line, "ads", content)
    assert ran.code == 0
    assert "spend: nothing says in which currency; add --currency EUR (2 times)" in ran.err
    assert {key[0] for key in figures(line, "metric", "day")} == {"clicks"}
    brought(line, "ads", content, "--currency", "sek")
    assert kept(line, "SELECT DISTINCT unit FROM measures WHERE metric = 'spend'") == [("SEK",)]
    assert bring(line, "ads", content, "--currency", "euros").code == 2


def test_one_number_in_two_currencies_is_refused(line: CommandLine) -> None:
    ran = bring(line, "ads", HEADER + "2026-11-01,x,A,1,1,1,1,1,EUR\n2026-11-01,x,A,1,1,1,1,1,USD\n")
    assert "line 3: spend is in USD, while the file is in EUR of that day" in ran.err


# Usage


def test_wrong_files_say_what_is_needed(line: CommandLine) -> None:
    ran = bring(line, "ads", "a,b\n1,2\n")
    assert ran.code == 2
    assert "It names 'a', 'b'" in ran.err
    assert "Meta Ads Manager: 'day' or 'reporting starts', 'amount spent'" in ran.err
    assert bring(line, "ads", b"", name="x.csv").code == 2
    assert bring(line, "ads", "\ufeff\n").code == 2
    assert line("import", line.file("x.csv", ADS), "--kind", "weather").code == 2


def test_options_of_posts_and_of_numbers_do_not_mix(line: CommandLine) -> None:
    file = line.file("x.csv", ADS)
    ran = line("import", file, "--brand", "Acme", "--whole-periods")
    assert (ran.code, "--brand, --whole-periods: only with --kind" in ran.err) == (2, True)
    assert line("import", file, "--kind", "ads", "--source", "shop").code == 2
    assert line("import", file, "--kind", "ads", "--add-brands").code == 2
    assert line("import", file, "--kind", "ads", "--map", "spend").code == 2
    ran = line("import", file, "--kind", "ads", "--map", "colour=spend")
    assert (ran.code, "fields of ads are account, campaign" in ran.err) == (2, True)
    ran = line("import", file, "--kind", "ads", "--map", "revenue=Umsatz")
    assert (ran.code, "has no column 'Umsatz', which --map names" in ran.err) == (2, True)


def test_headings_of_any_language_are_mapped(line: CommandLine) -> None:
    content = "Data;Rețea;Cheltuieli (RON);Clicuri\n2026-11-01;Facebook;1.234,50;7\n"
    maps = ["date=Data", "network=Rețea", "spend=Cheltuieli", "clicks=Clicuri"]
    brought(line, "ads", content, *[word for pair in maps for word in ("--map", pair)])
    assert kept(line, "SELECT metric, network, value, unit FROM measures ORDER BY 1") == [
        ("clicks", "facebook", 7.0, None),
        ("spend", "facebook", 1234.5, "RON"),
    ]


def test_columns_that_nothing_reads_are_told_and_cannot_steer_the_terminal(line: CommandLine) -> None:
    ran = brought(
        line, "ads", ADS.replace("currency", "currency,Frequency,\x1b[2Jx").replace("EUR\n", "EUR,1,2\n")
    )
    assert r"columns not read: 'Frequency', '\x1b[2Jx'" in ran.out
    assert "\x1b" not in ran.out


def test_it_waits_for_another_writer(line: CommandLine) -> None:
    brought(line, "ads", ADS)
    blocker = sqlite3.connect(
        Path(line.folder / "data" / "listener.db"), isolation_level=None, check_same_thread=False
    )
    blocker.execute("BEGIN IMMEDIATE")

    def release() -> None:
        time.sleep(0.7)
        blocker.execute("COMMIT")

    thread = threading.Thread(target=release)
    thread.start()
    began = time.monotonic()
    try:
        brought(line, "ads", ADS.replace("12.50", "12.60"))
    finally:
        thread.join()
        blocker.close()
    assert time.monotonic() - began > 0.5
    assert figures(line, "metric", "day", "campaign")["spend", "2026-11-01", "Autumn"] == 12.6
