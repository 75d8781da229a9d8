"""Letters of a running daemon at a real mail server: each reaches its own people, and nobody else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from house import MakeHouse, feeds, until
from real_maildev import INSTALLED, Maildev
from servers import FaultServer
from town import Board, Item, opening

WEEK = 7 * 86_400

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.timeout(90),
    pytest.mark.skipif(
        not INSTALLED, reason="no maildev (make servers; node and the npm registry are needed)"
    ),
]


@pytest.fixture
def maildev(tmp_path: Path) -> Iterator[Maildev]:
    running = Maildev(tmp_path)
    running.start()
    yield running
    running.stop()


def addressed(mail: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Whom the envelope names, and whom the letter."""
    return (
        sorted(one["address"] for one in mail["envelope"]["to"]),
        sorted(one["address"] for one in mail["to"]),
    )


async def test_a_letter_reaches_its_own_people(
    server: FaultServer, new_house: MakeHouse, maildev: Maildev
) -> None:
    board = Board(server, "/feed", [opening(), Item("Morvane last week", "old", time.time() - WEEK)])
    mails = {"host": "127.0.0.1", "port": maildev.smtp, "from": "l@example.com", "to": ["team@example.com"]}
    weekly = {"cron": "0 8 * * MON", "channels": ["email"]}
    house = new_house(
        sources=feeds({"town": board.url}),
        channels={"email": mails},
        digest=[
            weekly,
            {
                **weekly,
                "name": "board",
                "to": ["Ann Lee <ann@example.com>", "bo@example.com"],
                "language": "fa",
            },
            {**weekly, "name": "care", "to": ["care@example.com"]},
        ],
    )
    await house.start()
    await house.until_kept(1)
    await house.stop()
    # A letter that fell due while it was off is sent at the next start.
    house.born(time.time() - 3 * WEEK)
    house.heard_since("town", time.time() - 2 * WEEK)
    await house.start()
    await until(lambda: len(maildev.mails()) == 3, "three letters arrive", 40)
    await house.until_delivered(3)
    await house.stop()
    found = {mail["headers"]["x-listener-key"]: mail for mail in maildev.mails()}
    people = {key.split("-")[1]: addressed(mail) for key, mail in found.items()}
    team, two, care = ["team@example.com"], ["ann@example.com", "bo@example.com"], ["care@example.com"]
    assert people.pop("board") == (two, two)
    assert people.pop("care") == (care, care)
    assert list(people.values()) == [(team, team)]
    (persian,) = [mail for key, mail in found.items() if "board" in key]
    assert 'dir="rtl"' in persian["html"] and persian["text"].strip()
