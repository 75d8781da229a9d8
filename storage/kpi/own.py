"""A brand's own accounts as their networks count them: levels of followers, sums of interactions, posts one by one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from storage.kpi.cell import Cell
from storage.kpi.heard import POST
from storage.kpi.imported import Imported, Missing, added
from storage.kpi.value import Reading

INTERACTIONS = ("likes", "comments", "saves")
"""What counts as engagement, where the network counts it."""


@dataclass(frozen=True, slots=True)
class Level:
    """A count of followers, of all accounts of a network: at the end of the window, and where it started.

    It starts at the end of the day before the window, or where that day was not imported on the first day that was.
    """

    start: float
    end: float
    start_day: str
    end_day: str
    accounts: Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Post:
    """One own post, with what its network had counted of it when the file was made."""

    network: str
    account: str
    numbers: Mapping[str, float]


def level(numbers: Imported) -> Level:
    """Followers; told as `followers`. Raises Missing, with their `change` where only that was imported."""
    if "followers" not in numbers.kept("native"):
        raise Missing("no followers in what was imported of native", _change(numbers))
    found: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in numbers.since_eve("native", "followers"):
        found[cell.network, cell.account].append(cell)
    # Who was counted on the eve alone has no level in this window.
    kept = {who: cells for who, cells in found.items() if cells[-1].day >= numbers.first}
    accounts = {who: cells[-1].value for who, cells in kept.items()}
    start, end = (sum(cells[place].value for cells in kept.values()) for place in (0, -1))
    numbers.more["followers"] = int(end)
    return Level(
        start,
        end,
        min(cells[0].day for cells in kept.values()),
        max(cells[-1].day for cells in kept.values()),
        accounts,
    )


def _change(numbers: Imported) -> dict[str, object]:
    """Followers gained less those lost, where a network tells these and not how many there are."""
    kept = numbers.kept("native")
    gained, lost = (
        [cell for cell in kept.get(metric, ()) if not cell.item]
        for metric in ("followers_gained", "followers_lost")
    )
    return {"change": int(added(gained) - added(lost))} if gained and lost else {}


def posts(numbers: Imported) -> Sequence[Post]:
    """The own posts of the window, each with its latest numbers. Raises Missing where files tell of none."""
    kept = numbers.kept("native")
    found = numbers.once("posts", lambda: _posts(kept))
    if not found:
        raise Missing("no single posts in what was imported of native")
    return found


def _posts(kept: Mapping[str, Sequence[Cell]]) -> Sequence[Post]:
    found: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for metric, cells in kept.items():
        # In order of days: what was counted last of a post stands for it, for its counters only ever grow.
        for cell in cells:
            if cell.item.startswith(POST):
                found[cell.network, cell.account, cell.item][metric] = cell.value
    return [Post(network, account, told) for (network, account, _), told in found.items()]


def interactions(post: Post) -> float | None:
    """Likes, comments and saves of one post, those that its network counts; None where it counts none of them."""
    counted = [post.numbers[metric] for metric in INTERACTIONS if metric in post.numbers]
    return sum(counted) if counted else None


def counted(metric: str) -> Callable[[Post], float | None]:
    """One number of a post, None where its network does not tell it."""
    return lambda post: post.numbers.get(metric)


def followers_of(numbers: Imported) -> Callable[[Post], float | None]:
    """The followers of a post's account. Raises Missing where none were imported."""
    accounts = level(numbers).accounts
    of_network: dict[str, list[float]] = defaultdict(list)
    for (network, _), followers in accounts.items():
        of_network[network].append(followers)

    def found(post: Post) -> float | None:
        # A file of posts may name the account, and that of followers leave it out: where there is one, it is meant.
        others = of_network.get(post.network, [])
        return accounts.get((post.network, post.account), others[0] if len(others) == 1 else None)

    return found


def average(
    numbers: Imported, part: Callable[[Post], float | None], of: Callable[[Post], float | None], names: str
) -> Reading:
    """The mean of part / of over the posts of the window that have both; n is their number. Raises Missing."""
    found = posts(numbers)
    pairs = [(part(post), of(post)) for post in found]
    rates = [above / below for above, below in pairs if above is not None and below]
    if not rates:
        raise Missing(f"no own posts with {names}")
    more = {"rates": math.fsum(rates), "posts": len(rates), "posts_left_out": len(found) - len(rates)}
    return Reading(math.fsum(rates) / len(rates), len(rates), None, more)


def sums(numbers: Imported, *needed: str, either: Sequence[str] = ()) -> dict[str, float]:
    """Sums of native metrics over days and networks; told by their names.

    Of each network what it tells of the whole account is taken, or where it does not tell all that is `needed`, what
    it tells of single posts: never one metric of the account beside another of posts. A network that tells neither is
    left out. Of `either`, those count that are told; one must be. Raises Missing.
    """
    kept = numbers.kept("native")
    found: dict[str, float] = {}
    basis = set()
    for network in numbers.networks(("native",)):
        for name, told in _told(numbers.of_network(network)).items():
            if all(metric in told for metric in needed) and (not either or any(m in told for m in either)):
                basis.add(name)
                for metric in dict.fromkeys((*needed, *(m for m in either if m in told))):
                    found[metric] = found.get(metric, 0) + told[metric]
                break
    if not found:
        raise Missing(f"{_lacking(kept, needed, either)} in what was imported of native")
    numbers.more.update({metric: int(value) for metric, value in found.items()})
    numbers.more["basis"] = " and ".join(sorted(basis))
    return found


def _lacking(kept: Mapping[str, Sequence[Cell]], needed: Sequence[str], either: Sequence[str]) -> str:
    lacking = [metric for metric in needed if metric not in kept]
    if lacking:
        return f"no {' or '.join(lacking)}"
    if not any(metric in kept for metric in either) and either:
        return f"no {' or '.join(either)}"
    return f"{' and '.join(needed)} are not told together"


def _told(numbers: Imported) -> Mapping[str, Mapping[str, float]]:
    """The sums of one network: what it tells of the account, and what it tells of posts."""
    kept = numbers.kept("native")
    return numbers.once("sums", lambda: {"account": _of_account(kept), "posts": _of_posts(kept)})


def _of_account(kept: Mapping[str, Sequence[Cell]]) -> dict[str, float]:
    of_account = {metric: [cell for cell in cells if not cell.item] for metric, cells in kept.items()}
    return {metric: added(cells) for metric, cells in of_account.items() if cells}


def _of_posts(kept: Mapping[str, Sequence[Cell]]) -> dict[str, float]:
    found = _posts(kept)
    told: dict[str, float] = defaultdict(float)
    for post in found:
        for metric, value in post.numbers.items():
            told[metric] += value
    return {**told, "posts": len(found)} if found else {}
