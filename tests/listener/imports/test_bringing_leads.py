"""Leads of CRMs and answers of surveys."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from brought import CONFIG, bring, brought, kept
from commandline import CommandLine

from listener.imports.tables.crm import stage_of

MADRID = ZoneInfo("Europe/Madrid")
LEADS = "SELECT lead_id, network, campaign, stage, created_at, stage_at, revenue, currency FROM leads ORDER BY lead_id"


@pytest.fixture(autouse=True)
def _configured(line: CommandLine) -> None:
    line.configure(CONFIG)


def at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=MADRID).timestamp())  # type: ignore[misc]


def test_a_table_of_leads(line: CommandLine) -> None:
    content = (
        "lead_id,created,source,stage,stage_at,revenue,currency\n"
        "L1,2026-11-01,lnkd.in,SQL,2026-11-03 10:00,,\n"
        'L2,2026-11-02T08:00:00Z,facebook,Closed Won,2026-11-09,"1,250.50",EUR\n'
        "L3,2026-11-02,(direct),,,,\n"
    )
    ran = brought(line, "crm", content)
    assert kept(line, LEADS) == [
        ("L1", "linkedin", "", "sql", at(2026, 11, 1), at(2026, 11, 3, 10), None, None),
        ("L2", "facebook", "", "customer", at(2026, 11, 2, 9), at(2026, 11, 9), 1250.5, "EUR"),
        ("L3", "", "", "lead", at(2026, 11, 2), at(2026, 11, 2), None, None),
    ]
    assert "leads at customer: 1" in ran.out
    assert "Kept: 3 new" in ran.out
    again = brought(line, "crm", content)
    assert "Nothing changes" in again.out


def test_an_older_export_takes_no_lead_back(line: CommandLine) -> None:
    head = "lead_id,created,source,stage,stage_at\n"
    brought(line, "crm", head + "L1,2026-11-01,x,customer,2026-11-20\n")
    ran = brought(line, "crm", head + "L1,2026-11-01,x,sql,2026-11-10\n", name="older.csv")
    assert "1 lead left as kept: a later stage is known of them" in ran.out
    assert kept(line, "SELECT stage FROM leads") == [("customer",)]


def test_of_the_stages_of_one_lead_the_last_one_stands(line: CommandLine) -> None:
    head = "lead_id,created,source,stage,stage_at\n"
    brought(line, "crm", head + "L1,2026-11-01,x,sql,2026-11-10\nL1,2026-11-01,x,lead,2026-11-01\n")
    assert kept(line, "SELECT stage FROM leads") == [("sql",)]


def test_hubspot(line: CommandLine) -> None:
    content = (
        "Record ID,First Name,Last Name,Email,Create Date,Lifecycle Stage,Original Source,Original Source Drill-Down 1,"
        "Original Source Drill-Down 2,Last Modified Date,Total Revenue\n"
        "101,A,B,a@b.example,2026-11-01 09:30,Marketing Qualified Lead,Organic Social,"
        "LinkedIn,spring,2026-11-05 10:00,\n"
        "102,C,D,c@d.example,2026-11-02 09:30,Customer,Direct Traffic,www.acme.example,,2026-11-06 10:00,99.5\n"
    )
    ran = brought(line, "crm", content, "--currency", "EUR")
    assert kept(line, LEADS) == [
        ("101", "linkedin", "spring", "mql", at(2026, 11, 1, 9, 30), at(2026, 11, 5, 10), None, None),
        ("102", "", "", "customer", at(2026, 11, 2, 9, 30), at(2026, 11, 6, 10), 99.5, "EUR"),
    ]
    # Nobody's name or address is kept.
    assert "'First Name', 'Last Name', 'Email'" in ran.out
    database = (line.folder / "data" / "listener.db").read_bytes()
    assert b"a@b.example" not in database


def test_salesforce(line: CommandLine) -> None:
    content = (
        "Lead ID,Lead Source,Lead Status,Create Date,Converted Date\n"
        "00Q1,Facebook,Open - Not Contacted,11/21/2026,\n"
        "00Q2,LinkedIn,Closed - Converted,11/1/2026,11/25/2026\n"
    )
    brought(line, "crm", content)
    assert kept(line, LEADS) == [
        ("00Q1", "facebook", "", "lead", at(2026, 11, 21), at(2026, 11, 21), None, None),
        ("00Q2", "linkedin", "", "opportunity", at(2026, 11, 1), at(2026, 11, 25), None, None),
    ]


def test_an_address_as_an_id_is_kept_as_its_fingerprint(line: CommandLine) -> None:
    brought(line, "crm", "lead_id,created,source,stage\nana@acme.example,2026-11-01,x,lead\n")
    ((lead_id,),) = kept(line, "SELECT lead_id FROM leads")
    assert (len(lead_id), "@" in lead_id) == (32, False)
    assert (
        "Nothing changes"
        in brought(line, "crm", "lead_id,created,source,stage\nANA@acme.example,2026-11-01,x,lead\n").out
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (",2026-11-01,x,lead,,", "has no lead_id"),
        ("L2,,x,lead,,", "has no created"),
        ("1.22158E+17,2026-11-01,x,lead,,", "rounded by a spreadsheet"),
        ("L2,2026-11-01,x,lead,,5", "nothing says in which currency; add --currency"),
        ("L2,2098-11-01,x,lead,,", "in the future"),
    ],
)
def test_leads_that_cannot_be_taken(line: CommandLine, row: str, why: str) -> None:
    ran = bring(
        line, "crm", f"lead_id,created,source,stage,stage_at,revenue\nL1,2026-11-01,x,lead,,\n{row}\n"
    )
    assert (ran.code, kept(line, "SELECT lead_id FROM leads")) == (0, [("L1",)])
    assert "line 3: " in ran.err
    assert why in ran.err


def test_stages_are_words_of_ours_where_they_are_known() -> None:
    assert stage_of(" Sales  Qualified Lead ") == "sql"
    assert stage_of("Closed - Not Converted") == "lost"
    assert stage_of("Demo given") == "demo given"


# Surveys

ANSWERS = "SELECT kind, day, network, score, scale, answers FROM survey_answers ORDER BY 1, 2, 3, 4"


def test_answers_one_a_row_are_counted(line: CommandLine) -> None:
    content = (
        "date,kind,score,scale,network\n2026-11-01,NPS,9,,facebook\n2026-11-01,nps,9,,facebook\n"
        "2026-11-01,nps,0,,\n2026-11-01,csat,4,5,\n"
    )
    ran = brought(line, "survey", content)
    assert kept(line, ANSWERS) == [
        ("csat", "2026-11-01", "", 4.0, 5, 1),
        ("nps", "2026-11-01", "", 0.0, 10, 1),
        ("nps", "2026-11-01", "facebook", 9.0, 10, 2),
    ]
    assert "answers of nps: 3" in ran.out


def test_answers_that_are_counted_already(line: CommandLine) -> None:
    content = "date,kind,score,n\n2026-11-01,csat,5,40\n2026-11-01,csat,1,2\n2026-11-01,nps,10,7\n2026-11-01,nps,3,0\n"
    brought(line, "survey", content, "--scale", "5")
    assert kept(line, ANSWERS) == [
        ("csat", "2026-11-01", "", 1.0, 5, 2),
        ("csat", "2026-11-01", "", 5.0, 5, 40),
        ("nps", "2026-11-01", "", 10.0, 10, 7),
    ]
    # A newer count of the day replaces, also where a score is no longer given.
    brought(line, "survey", "date,kind,score,n\n2026-11-01,csat,5,41\n", "--scale", "5")
    assert kept(line, ANSWERS)[:-1] == [("csat", "2026-11-01", "", 5.0, 5, 41)]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-11-01,csat,4,", "nothing says how many steps the CSAT question had"),
        ("2026-11-01,csat,4,6", "scale is 6; those of 5, 7, 10 steps are known"),
        ("2026-11-01,csat,6,5", "score 6 is none of 1 to 5"),
        ("2026-11-01,csat,0,5", "score 0 is none of 1 to 5"),
        ("2026-11-01,nps,11,", "score 11 is none of 0 to 10"),
        ("2026-11-01,nps,-1,", "score -1 is none of 0 to 10"),
        ("2026-11-01,nps,9.5,", "score 9.5 is none of 0 to 10"),
        ("2026-11-01,nps,,", "has no score"),
        ("2026-11-01,ces,4,", "kind is 'ces'; write csat or nps"),
    ],
)
def test_answers_that_no_question_had(line: CommandLine, row: str, why: str) -> None:
    ran = bring(line, "survey", f"date,kind,score,scale\n2026-11-01,nps,7,\n{row}\n")
    assert ran.code == 0
    assert f"line 3: {why}" in ran.err
    assert kept(line, "SELECT count(*) FROM survey_answers") == [(1,)]
