"""kill -9 at twenty random moments: nothing lost, nothing twice, and what was told once is not told again."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter

import pytest
from house import House, MakeHouse, feeds, rule
from servers import FaultServer, Reply, Seen
from town import Board, Item, Mailbox, keys_of, opening, posts

KILLS = 20
SURE = 5
"""Of so many lives one ends only after something was told in it."""
POSTS = 10_000
TOWNS = ("north", "east", "south", "west")
_KEY = re.compile(rb"X-Listener-Key: (\S+)")


async def takes_its_time(seen: Seen) -> Reply:
    """A receiver as slow as real ones: so a kill falls between the request and the record of its answer."""
    await asyncio.sleep(0.05)
    return Reply()


class Ledger:
    """What the receivers got, and what was recorded as delivered when the daemon was found dead."""

    def __init__(self, server: FaultServer, mailbox: Mailbox) -> None:
        self._server = server
        self._mailbox = mailbox
        self.recorded: dict[tuple[str, str], int] = {}

    def received(self) -> Counter[tuple[str, str]]:
        """Messages received by (key, channel)."""
        mails = [found[1].decode() for mail in self._mailbox.mails if (found := _KEY.search(mail))]
        assert len(mails) == len(self._mailbox.mails)
        hooked = [(key, "webhook") for key in keys_of(self._server, "/hook")]
        return Counter([*hooked, *((key, "email") for key in mails)])

    def note(self, house: House) -> None:
        """Remember how often each message that is recorded as delivered was received until now."""
        received = self.received()
        for key, channel in house.rows("SELECT key, channel FROM outbox WHERE state = 'delivered'"):
            self.recorded.setdefault((key, channel), received[key, channel])


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [1])
async def test_twenty_kills_while_ten_thousand_posts_come_in(
    server: FaultServer, new_house: MakeHouse, mailbox: Mailbox, seed: int
) -> None:
    rng = random.Random(seed)
    server.script("/hook", takes_its_time)
    boards = {name: Board(server, f"/{name}", [opening()]) for name in TOWNS}
    rules = [rule(f"r{n}", f"mentions > {n * 240}", ["webhook", "email"]) for n in range(1, 41)]
    house = new_house(
        sources=feeds({name: board.url for name, board in boards.items()}),
        channels={"webhook": {"url": "${HOOK}"}, "email": mailbox.options},
        alerts={"rules": rules},
    )
    await house.start()
    await house.until_kept(len(TOWNS))
    await house.stop()
    ledger = Ledger(server, mailbox)

    each, cut_off = POSTS // KILLS // len(TOWNS), 0
    for kill in range(KILLS):
        house.launch()
        for name, board in boards.items():
            board.items += _more(name, kill * each, each)
        if kill % SURE == SURE - 1:
            # On a machine that is busy a daemon may need longer than any of these moments to come to its first message:
            # some lives are long enough to tell something, whatever the machine does.
            await house.until_delivered(house.count("outbox", "state = 'delivered'") + 1, within=60)
        await asyncio.sleep(rng.uniform(0.3, 2.0))
        await house.kill()
        cut_off += house.count("posts") < sum(len(board.items) for board in boards.values())
        ledger.note(house)
    await house.start()
    await house.until_kept(POSTS + len(TOWNS), within=60)
    await house.until_delivered(2 * len(rules), within=60)
    await house.stop()

    assert cut_off >= KILLS // 4, "the kills came too late to show anything"
    kept = house.rows("SELECT s.name, p.native_id FROM posts p JOIN sources s ON s.id = p.source_id")
    assert sorted(kept) == sorted((name, item.id) for name, board in boards.items() for item in board.items)
    assert house.count("mentions") == POSTS + len(TOWNS)
    _check_messages(house, ledger, [r["name"] for r in rules])


def _more(name: str, first: int, count: int) -> list[Item]:
    return posts(count, first=first, text=f"Morvane in the {name}, item {{n}}")


def _check_messages(house: House, ledger: Ledger, rules: list[str]) -> None:
    events = dict(house.rows("SELECT key, rule FROM alert_events"))
    assert sorted(events.values()) == sorted(rules), "each rule fired once"
    deliveries = {(d.key, d.channel): d for d in house.deliveries()}
    assert set(deliveries) == {(key, channel) for key in events for channel in ("webhook", "email")}
    assert {d.state for d in deliveries.values()} == {"delivered"}

    received = ledger.received()
    assert set(received) == set(deliveries), "every message was received, under no other key"
    for message, before in ledger.recorded.items():
        assert received[message] == before, "told again although its delivery was recorded"
    again = {message: count - 1 for message, count in received.items() if count > 1}
    assert all(times <= deliveries[message].unknown for message, times in again.items()), "not counted"
    for channel in ("webhook", "email"):
        # A channel sends one message at a time, so a kill can cut off only one.
        assert sum(d.unknown for d in deliveries.values() if d.channel == channel) <= KILLS
    unknown = sum(d.unknown for d in deliveries.values())
    print(f"{len(received)} messages, {unknown} cut off by a kill, {sum(again.values())} received twice")
    assert ledger.recorded, "no delivery was recorded before the last kill: this showed nothing"
