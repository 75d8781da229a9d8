"""What the store's tests are written with: short ways to make posts, mentions, pages and questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from sentiment.tone import Label, Tone
from storage.base import Rows, Store
from storage.calendar import Window
from storage.kpi import KPIS, Ask, KpiValue, compute
from storage.mention import Brand, Committed, Cursor, Heard, Kept, KeptPost, Mention, Source

T0 = 1_700_006_400  # a whole hour: 2023-11-15T00:00:00Z, a Wednesday
HOUR = 3600
DAY = 86_400
UTC = ZoneInfo("UTC")
MADRID = ZoneInfo("Europe/Madrid")

NEWS = Source("news", "feeds")
FORUM = Source("forum", "hackernews")
FILE = Source("file", "import")


def tone(label: Label | None, p: float = 0.8, engine: str = "vader-3.3.2") -> Tone:
    """A tone whose label has the probability `p`; None abstains."""
    rest = (1 - p) / 2
    ps = [p if name == label else rest for name in ("negative", "neutral", "positive")]
    return Tone(label, *ps, engine=engine, reason=None if label else "unsure")


def names(brand: str, label: Label | None = "neutral", **more: object) -> Mention:
    """A mention of a brand with a tone."""
    return Mention(brand, tone=tone(label), **more)  # type: ignore[arg-type]


def own(brand: str, *, automatic: bool = False) -> Mention:
    """The brand wrote it."""
    return Mention(brand, matched=False, own=True, automatic=automatic)


def asks(brand: str) -> Mention:
    """It names and addresses the brand."""
    return Mention(brand, addressed=True, tone=tone("neutral"))


def post(native_id: str, at: int, *mentions: Mention, text: str | None = None, **more: object) -> KeptPost:
    """A post; its text is its id unless given."""
    fields: dict[str, object] = {"native_id": native_id, "text": text or native_id, **more}
    return KeptPost(published_at=at, fetched_at=at, mentions=mentions, **fields)  # type: ignore[arg-type]


def keep(
    store: Store,
    posts: Iterable[KeptPost],
    source: Source = NEWS,
    *,
    heard: tuple[int, int] | None = None,
    cursor: Cursor | None = None,
    live: bool = True,
) -> Committed:
    """Commit one page."""
    return store.commit(Kept(source, list(posts), cursor, Heard(*heard) if heard else None, live))


def value(
    store: Rows,
    kpi: str,
    window: tuple[int, int],
    brand: str = "Acme",
    brands: Sequence[Brand] = (),
    **ask: object,
) -> KpiValue:
    """The only value of one KPI of one brand in one window."""
    found = values(store, kpi, window, brand, brands, **ask)
    assert len(found) == 1
    return found[0]


def values(
    store: Rows,
    kpi: str,
    window: tuple[int, int],
    brand: str = "Acme",
    brands: Sequence[Brand] = (),
    **ask: object,
) -> list[KpiValue]:
    """The values of one KPI of one brand. `now` is a year after the window unless given."""
    fields: dict[str, object] = {"now": window[1] + 365 * DAY, "zone": UTC, **ask}
    asked = Ask(Window(*window), brands=tuple(brands) or (Brand(brand),), only=(brand,), **fields)  # type: ignore[arg-type]
    return compute(store, [KPIS[kpi]], asked)
