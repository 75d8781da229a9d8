"""Real posts about four brands, served as a feed to the running daemon: heard, matched, judged, counted, told."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from pathlib import Path

import pytest
from house import House, MakeHouse, feeds, rule, until
from servers import FaultServer, Reply
from town import Board, Item, Mailbox

from alerts.format import count, percent

DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[3] / "shared" / "data"))
FILE = DATA / "brands" / "tech_four_brands.jsonl"
BRANDS = ("Apple", "Google", "Microsoft", "Twitter")
FIRST_POLL, STEP = 400, 1_000

pytestmark = [
    pytest.mark.server,
    pytest.mark.data,
    pytest.mark.skipif(
        not FILE.exists(), reason=f"{FILE.name} is not here; name its folder in LISTENER_DATA"
    ),
]


def moved_to(end: float) -> list[Item]:
    """All posts, without their brand, moved by one constant so that the last one is at `end`."""
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    times = [datetime.fromisoformat(row["created_at"].replace("Z", "+00:00")).timestamp() for row in rows]
    by = int(end) - max(times)
    found = [Item(row["text"], row["id"], at + by) for row, at in zip(rows, times, strict=True)]
    return sorted(found, key=lambda item: item.at or 0)


def named(items: Iterable[Item], since: float = 0, until: float = float("inf")) -> Counter[str]:
    """Mentions per brand in plain Python."""
    return Counter(
        brand
        for item in items
        for brand in BRANDS
        if since <= (item.at or 0) < until and re.search(rf"\b{brand}\b", item.text, re.IGNORECASE)
    )


def configured(new_house: MakeHouse, board: Board, mailbox: Mailbox) -> House:
    return new_house(
        brands=[{"name": brand, "own": brand == "Twitter", "query": brand.lower()} for brand in BRANDS],
        sources=feeds({"town": board.url}),
        channels={"webhook": {"url": "${HOOK}"}, "email": mailbox.options},
        alerts={"rules": [rule("loud", "mentions > 50", brand="Twitter", over="6h")]},
    )


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_four_brands_from_feed_to_letter(
    server: FaultServer, new_house: MakeHouse, mailbox: Mailbox, tmp_path: Path
) -> None:
    server.script("/hook", Reply())
    items = moved_to(time.time())
    board = Board(server, "/feed", items[:FIRST_POLL])
    house = configured(new_house, board, mailbox)
    await house.start()
    await house.until_kept(1)
    await board.read(2)
    kept = house.count("posts")
    assert house.count("outbox") == 0, "a first poll never fires"
    for end in range(FIRST_POLL + STEP, len(items) + STEP, STEP):
        board.items = items[:end]
        await board.read(2)
    expected = named(items)
    await until(lambda: house.count("mentions") >= expected.total(), "all mentions are kept")
    await house.until_delivered(1)
    assert house.count("posts") > kept

    await _counts(house, items, expected)
    (seen,) = server.seen("/hook")
    message = seen.json()
    assert (message["type"], message["rule"], message["brand"]) == ("alert.fired", "loud", "Twitter")
    assert message["data"]["value"] > 50
    await house.stop()

    archive = await _import_a_copy_from_last_week(house, tmp_path)
    house.settings["digest"] = {"cron": "* * * * *", "channels": ["email"]}
    await house.start()
    await until(lambda: mailbox.mails, "the letter is read back", 75)
    _check_letter(house, mailbox.mails[0], [*items, *archive])
    await house.stop()
    assert len(mailbox.mails) == 1


async def _counts(house: House, items: list[Item], expected: Counter[str]) -> None:
    several = [item for item in items if len(named([item])) > 1]
    assert len(several) == 192
    answers = json.loads(await house.command("kpi", "mentions", "share_of_voice", "--since", "30d", "--json"))
    values = {(value["kpi"], value["brand"]): value for value in answers}
    for brand in BRANDS:
        assert values["mentions", brand]["value"] == expected[brand]
        assert values["share_of_voice", brand]["value"] == pytest.approx(expected[brand] / expected.total())
    in_two = house.rows("SELECT post_id FROM mentions GROUP BY post_id HAVING count(*) > 1")
    assert len(in_two) == len(several)
    # The engine leaves open what is in no language that it knows, and says so.
    unjudged = house.count("mentions", "label IS NULL")
    assert unjudged == house.count("mentions", "label IS NULL AND reason IN ('unsure', 'unknown_language')")
    assert unjudged < len(items) / 200, "nearly all are judged"
    labels = dict(house.rows("SELECT label, count(*) FROM mentions GROUP BY label"))
    assert set(labels) - {None} == {-1, 0, 1}


async def _import_a_copy_from_last_week(house: House, folder: Path) -> list[Item]:
    """History for a letter: the same posts, the last one an hour before this ISO week began."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    items = moved_to((today - timedelta(days=today.weekday(), hours=1)).timestamp())
    lines = [
        json.dumps(
            {
                "id": item.id,
                "text": item.text,
                "created_at": datetime.fromtimestamp(item.at or 0, UTC).isoformat(),
            }
        )
        for item in items
    ]
    file = folder / "archive.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    await house.command("import", str(file), "--source", "archive")
    return items


def _check_letter(house: House, raw: bytes, items: list[Item]) -> None:
    ((since, until_),) = house.rows("SELECT since, until FROM digests")
    expected = named(items, since, until_)
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail.get_content_type() == "multipart/alternative"
    text, beside = mail.iter_parts()
    assert (text.get_content_type(), beside.get_content_type()) == ("text/plain", "multipart/related")
    html, *pictures = beside.iter_parts()
    assert html.get_content_type() == "text/html"
    assert "Twitter" in mail["Subject"]
    assert count(expected["Twitter"]) in mail["Subject"]
    words, page = text.get_content().replace("\r\n", "\n"), html.get_content()
    _check_pictures(pictures, page)
    for brand in BRANDS:
        found = re.search(
            rf"^{brand}(?: \(yours\))?\n  Mentions: ([^ \n]+).*\n  Share of voice: about (.*) \((\d+) to (\d+) %\)$",
            words.replace("\u00a0", " "),
            re.MULTILINE,
        )
        assert found, words
        voice = expected[brand] / expected.total()
        assert (found[1], found[2]) == (count(expected[brand]), percent(voice, 0).replace("\u00a0", " "))
        assert int(found[3]) <= 100 * voice <= int(found[4])
        assert count(expected[brand]) in page


def _check_pictures(pictures: Iterable[Message], page: str) -> None:
    """What the page shows is in the mail, and the other way round: nothing is loaded, nothing sent in vain."""
    sent = {str(one["Content-ID"]).strip("<>"): one for one in pictures}
    assert set(sent) == set(re.findall(r'src="cid:([^"]+)"', page))
    assert len(sent) >= 4, "two charts, by day and by night"
    for one in sent.values():
        content = one.get_payload(decode=True)
        assert isinstance(content, bytes) and content.startswith(b"\x89PNG")
