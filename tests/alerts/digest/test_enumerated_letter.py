"""What stands side by side in a letter is parted by the comma of its language."""

from __future__ import annotations

import pytest

from alerts.digest.content import KpiRow
from alerts.digest.render import kpi_line
from alerts.language import Language


@pytest.mark.parametrize(("code", "comma"), [("en", ", "), ("fa", "،")])
def test_a_number_and_the_one_before_are_parted_by_the_comma_of_the_language(code: str, comma: str) -> None:
    line = kpi_line(KpiRow("n", "640", "", "505", "", "", "", ""), Language.of(code))
    assert comma in line
    assert (", " in line) is (code == "en")
