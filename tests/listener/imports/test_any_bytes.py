"""Whatever bytes come as a file of numbers, of whatever kind: they are understood or refused, and nothing breaks."""

from __future__ import annotations

import math
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listener.imports.forms import Form, Unfit
from listener.imports.row import Wish
from listener.imports.sheet import Unreadable, sheets
from listener.imports.tables import KINDS, forms_of
from listener.imports.understanding import Understood, understand
from storage.measures import Measure

WISH = Wish(
    ZoneInfo("Europe/Madrid"), 1_795_000_000, network="x", currency="EUR", scale=5, whole_periods=True
)
WRITTEN = (
    "|--|0|7|1,234|1.234|12,5|12.5|-3|40%|NaN|1e9|99999999999999999999|=A1|@x|a\x1bb|2026-11-01|20261101|03/04/2026|"
    "13/04/2026|Sep 25, 2026|28 May|2026-10|2026-11-01 10:00Z|facebook|t.co / referral|Total|Grand total|nps|csat|"
    "followers|churn|audience|5|#1"
)
CELLS = st.one_of(st.text(max_size=12), st.sampled_from(WRITTEN.split("|")))


def read(kind: str, content: bytes) -> Understood | None:
    try:
        return understand(sheets("x.csv", content), forms_of(kind), WISH, mapped={}, year=2026)
    except (Unreadable, Unfit) as refused:
        assert str(refused)
        return None


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_forms_with_headings_for_all_that_they_need(kind: str) -> None:
    forms = forms_of(kind)
    assert forms
    for form in forms:
        for needed in form.needed:
            assert set(needed.split("|")) <= form.headings.keys(), form.name
        assert all(
            names == tuple(" ".join(n.casefold().split()) for n in names) for names in form.headings.values()
        )
        assert "_" not in "".join(name for names in form.headings.values() for name in names), form.name


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.binary(max_size=300))
def test_any_bytes(kind: str, content: bytes) -> None:
    read(kind, content)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_cells_under_known_headings(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    form: Form = data.draw(st.sampled_from(forms_of(kind)))
    fields = sorted(form.headings)
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(fields), max_size=len(fields)), max_size=6))
    table = [[form.headings[field][0] for field in fields], *rows]
    content = "\n".join(";".join(f'"{cell}"'.replace("\n", " ") for cell in row) for row in table)
    found = read(kind, content.encode("utf-8", "replace"))
    if found is None:
        return
    for one in found.counted.values():
        if isinstance(one, Measure):
            assert math.isfinite(one.value)
            assert one.metric
            assert len(one.day) == 10
            if one.metric not in {"revenue", "net_profit", "gross_profit"} and one.kind != "custom":
                assert one.value >= 0, one
            assert (
                one.unit is None
                or one.unit in {"ratio", "months"}
                or one.kind == "custom"
                or len(one.unit) == 3
            )
