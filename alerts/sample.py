"""What `listener alerts test` sends: all that an alert has, invented, and saying so."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from alerts.charts.alarm import pictured
from alerts.charts.spark import Spark, Spot
from alerts.kpi_names import name_of
from alerts.language import ENGLISH, Language
from alerts.message import Chart, Fact, Message, Quote
from storage.calendar import iso
from storage.outbox import OutboxRow

_POSTS = (
    ("The new lamp flickers since the update. Is it only mine?", "ada", "negative"),
    ("Same here, all three of them. Support does not answer.", "grace", "negative"),
    ("Turn it off and on twice: that helped.", "linus", "positive"),
)
_COUNTS = (4.0, 3.0, 5.0, 4.0, 6.0, 3.0, None, 4.0, 5.0, 4.0, 6.0, 19.0)


def test_message(
    row: OutboxRow, zone: ZoneInfo, link: str | None = None, language: Language = ENGLISH
) -> Message:
    """The sample of an outbox row of the kind "test"."""
    _ = language.gettext
    at = iso(row.created_at, zone)
    works = _(
        "This channel works. An alert would stand here, with its numbers and the posts that explain it."
    )
    invented = _("All that follows is invented.")
    return Message(
        key=row.key,
        kind="test",
        title=_("Listener: this is a test"),
        summary=f"{works}\n{invented}",
        brand=None,
        rule=None,
        at=at,
        facts=(Fact(_("Now"), language.count(19)), Fact(_("Heard"), "example")),
        quotes=tuple(
            Quote(text, author, "example", f"https://example.com/posts/{number}", at, label)
            for number, (text, author, label) in enumerate(_POSTS, 1)
        ),
        chart=_chart(row.created_at, zone, language),
        footer=_("An alert says here what will resolve it."),
        severity="info",
        language=language.code,
        link=link,
        data={"kind": "test", "at": iso(row.created_at)},
    )


def _chart(at: int, zone: ZoneInfo, language: Language) -> Chart | None:
    last = at - at % 3_600
    hours = range(last - 3_600 * len(_COUNTS), last, 3_600)
    spots = tuple(Spot(hour, hour + 3_600, count, 2, 7) for hour, count in zip(hours, _COUNTS, strict=True))
    spark = Spark("sample", name_of("mentions", language), spots, zone, language, last)
    return pictured(spark)
