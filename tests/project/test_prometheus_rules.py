"""The rules that are shipped for Prometheus: right, tried by promtool, and about metrics that are told."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from listener.metrics import FAMILIES

FOLDER = Path(__file__).parents[2] / "packaging" / "prometheus"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="no promtool here (apt install prometheus)")


def promtool(*arguments: str) -> None:
    assert PROMTOOL is not None
    made = subprocess.run([PROMTOOL, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr


def alerts(name: str) -> list[str]:
    return re.findall(r"alert(?:name)?: (\w+)", (FOLDER / name).read_text(encoding="utf-8"))


def test_rules_ask_only_for_metrics_that_are_told() -> None:
    (group,) = YAML(typ="safe").load((FOLDER / "listener.rules.yml").read_text(encoding="utf-8"))["groups"]
    told = {f"{name}_bucket" if family.kind == "histogram" else name for name, family in FAMILIES.items()}
    for rule in group["rules"]:
        asked = set(re.findall(r"\blistener_\w+", rule["expr"]))
        assert asked <= told, rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description"} and rule["labels"]["severity"], rule


def test_the_page_asks_only_for_metrics_that_are_told() -> None:
    page = (FOLDER.parents[1] / "docs" / "metrics.md").read_text(encoding="utf-8")
    for name in re.findall(r"\blistener_\w+", page):
        assert name in FAMILIES or FAMILIES[name.removesuffix("_bucket")].kind == "histogram"


def test_every_rule_is_tried() -> None:
    assert set(alerts("listener.rules.yml")) == set(alerts("listener.rules.test.yml"))
    assert len(alerts("listener.rules.yml")) == len(set(alerts("listener.rules.yml")))


@needs_promtool
def test_rules_and_the_scrape_are_valid() -> None:
    promtool("check", "rules", "listener.rules.yml")
    promtool("check", "config", "prometheus.yml")


@needs_promtool
@pytest.mark.slow
def test_rules_fire_when_they_should_and_say_what_they_should() -> None:
    promtool("test", "rules", "listener.rules.test.yml")
