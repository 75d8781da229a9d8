"""Judges a Slack payload: by slack_sdk's models, by blockkit, and by the limits that neither of them knows."""

from __future__ import annotations

import json
from typing import Any

import blockkit
from slack_sdk.models.blocks import Block

from alerts import blocks


def by_blockkit(block: dict[str, Any]) -> None:
    """Build the same block with another library, which raises where one of its limits is passed."""

    def text(part: dict[str, Any]) -> blockkit.Text:
        made = blockkit.Text(part["text"]).type(part["type"])
        return made.verbatim(True) if part.get("verbatim") else made

    if block["type"] == "header":
        blockkit.Header(text(block["text"])).build()
    elif block["type"] == "context":
        blockkit.Context([text(part) for part in block["elements"]]).build()
    elif block["type"] == "divider":
        blockkit.Divider().build()
    else:
        cells = [text(part) for part in block.get("fields", [])]
        blockkit.Section(text(block["text"]) if "text" in block else None, fields=cells or None).build()


def assert_accepted(sent: dict[str, Any]) -> None:
    """Hold a payload against both libraries and against the limits that neither of them knows."""
    for block in sent["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        assert parsed.to_dict()["type"] == block["type"]
        by_blockkit(block)
        for part in block.get("fields", []):
            assert blocks.units(part["text"]) <= 2_000
        for part in block.get("elements", []):
            assert 1 <= blocks.units(part["text"]) <= 2_000
        assert len(block.get("fields", [])) <= 10
        if "text" in block:
            assert 1 <= blocks.units(block["text"]["text"]) <= (150 if block["type"] == "header" else 3_000)
    assert len(sent["blocks"]) <= 50
    assert blocks.units(json.dumps(sent["blocks"], ensure_ascii=False)) < 12_000
    json.dumps(sent).encode("utf-8")
