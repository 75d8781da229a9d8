"""Messages with plain and with hostile content, for the tests of the channels. All texts are ours."""

from __future__ import annotations

from alerts.message import Fact, Message, Quote

HOSTILE = (
    "<!channel> @channel @here <!everyone|x> <@U123> <https://evil.example|click> *bold* `x` & &amp; "
    "\x1b[31mred\x1b[0m \x07\u202eoverride \ud800 \u200f\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 "
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 e\u0301\r\nBcc: victim@example.com\r\n.\r\n"
)
LONG = (HOSTILE + "\U0001f600<>&" * 40) * 320
"""More than 100 KB, so that every limit is passed many times."""


def plain(key: str = "angry:42", **changes: object) -> Message:
    """A message as a rule tells it."""
    values: dict[str, object] = {
        "key": key,
        "kind": "fired",
        "title": "Nordlicht: negative share 46.3 %",
        "summary": "The negative share of Nordlicht over the last 1h is 46.3 %, above 40.0 %.",
        "brand": "Nordlicht",
        "rule": "angry",
        "at": "2026-11-12T14:15:00+01:00",
        "facts": (Fact("Now", "46.3 % (n = 54)"), Fact("Window", "13:15 to 14:15")),
        "quotes": (
            Quote(
                "Still no answer about my lamp.",
                "grumpy",
                "hackernews",
                "https://news.example/item?id=1&x=2",
                "2026-11-12T14:03:00+01:00",
                "negative",
            ),
        ),
        "footer": "Told again at the earliest in 6h.",
        "link": "http://127.0.0.1:8765/alerts/1",
        "data": {"kpi": "negative_share", "value": 0.463, "n": 54},
        **changes,
    }
    return Message(**values)  # type: ignore[arg-type]


def hostile(text: str = LONG) -> Message:
    """Every field that strangers can fill, filled by the worst of them."""
    quote = Quote(text, text, text, "https://x.example/|<!channel>\"'`\n" + text[:50], text, "negative")
    return plain(
        "strange:1",
        title=text,
        summary=text,
        brand=text,
        rule=text,
        facts=(Fact(text, text),) * 40,
        quotes=(quote,) * 60,
        footer=text,
        link="javascript:alert(1)",
    )
