"""listener erase: take out of the data what somebody wants taken out, and prove it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

from alerts import format as reading
from alerts.render import clean
from listener import erasure, proving
from listener.asking import UsageError, brand_named, sources_named
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    open_store,
    read_config,
    store_errors,
    tell_of_namesakes,
)
from listener.config import Config
from listener.erasure import Meant, NothingMeant
from listener.pipeline import clean as storable
from listener.proving import Proof
from storage import copies, erasures, held
from storage.base import Rows
from storage.calendar import iso
from storage.held import Sent

_SHOWN = 20


@click.command("erase")
@config_option
@click.option("--author", metavar="NAME", help="Everything that an author wrote: a name, or an account's id.")
@click.option("--id", "post", metavar="ID", help="One post: its number, its address, or SOURCE:ID.")
@click.option("--brand", metavar="BRAND", help="What is kept because of this brand alone.")
@click.option("--source", metavar="NAME", help="Only of this source or kind of source; with --author.")
@click.option("--object", "refuse", is_flag=True, help="Keep nothing more of this author; with --author.")
@click.option(
    "--purge-copies", is_flag=True, help="Remove the copies made before migrations and restores as well."
)
@click.option("--report", is_flag=True, help="Show what was erased by month, and how long it took.")
@click.option("--dry-run", is_flag=True, help="Show what would be erased, erase nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def command(
    config_file: Path,
    author: str | None,
    post: str | None,
    brand: str | None,
    source: str | None,
    refuse: bool,
    purge_copies: bool,
    report: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase an author's posts, one post, or a brand's, and prove it.

    Text, author and address go; an id, the counts and the time of erasure stay. Then every byte of the data folder is
    looked at, and each file is named that still holds some of it; exit 1 where there is one. May be used while the
    daemon runs. An older copy of the store that is put back makes the erasures again first.

    Example: listener erase --author ann@example.social --dry-run
    """
    if sum((author is not None, post is not None, brand is not None, report)) != 1:
        raise WrongUsage("give one of --author, --id, --brand, or --report")
    if author is None and (source is not None or refuse):
        raise WrongUsage("--source and --object go with --author")
    config = read_config(config_file)
    if report:
        _report(config, as_json)
        return

    def meant(store: Rows) -> Meant:
        if author is not None:
            return erasure.of_author(store, storable(author), _source(store, source))
        if post is not None:
            return erasure.of_id(store, storable(post))
        return erasure.of_brand(store, _brand(config, brand or ""))

    _erase(config, meant, purge_copies, refuse, dry_run, yes, as_json)


def _erase(
    config: Config,
    mean: Callable[[Rows], Meant],
    purge: bool,
    refuse: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    try:
        with open_store(config) as store:
            meant = mean(store)
            if not as_json:
                _tell_meant(meant)
            if dry_run:
                if as_json:
                    click.echo(json.dumps({"posts": len(meant.posts), "mentions": len(meant.shared)}))
                return
            if not yes:
                click.confirm("Erase this? It cannot be undone.", abort=True, err=as_json)
            begun = now()
            with store.writing() as db:
                # Once more, under the lock: the daemon may have heard more of it meanwhile.
                meant = mean(db)
                erased = erasure.erase(db, meant, begun, refuse=refuse)
            sent = held.sent(store, [one.id for one in meant.posts if one.id is not None])
    except NothingMeant as error:
        raise WrongUsage(clean(str(error))) from None
    if purge:
        copies.remove(copies.of(config.database))
    with store_errors():
        settled = proving.settle(config.database, now)
        proof = proving.prove(config.database, meant.words)
    _told(config, erased, meant, sent, proof, settled, as_json)


def _tell_meant(meant: Meant) -> None:
    groups = Counter(
        (one.source, one.author or "an author without a name", one.author_id or "", one.id is None)
        for one in meant.posts
    )
    for (source, author, account, sampled), count in groups.most_common(_SHOWN):
        who = clean(author) + (f" ({clean(account)})" if account and account != author else "")
        where = ", kept as a sample only" if sampled else ""
        click.echo(f"{clean(source)}: {who}: {reading.plural(count, 'post')}{where}")
    if len(groups) > _SHOWN:
        click.echo(f"and of {len(groups) - _SHOWN} more")
    if meant.brand is None:
        tell_of_namesakes([one.source for one in meant.posts])
    if meant.shared:
        kept = reading.plural(len(meant.shared), "post")
        click.echo(f"{kept} kept for other brands too: only the mention of {meant.brand} goes")


def _told(
    config: Config, erased: int, meant: Meant, sent: list[Sent], proof: Proof, settled: bool, as_json: bool
) -> None:
    if as_json:
        click.echo(json.dumps(_to_json(config, erased, meant, sent, proof, settled), ensure_ascii=False))
    else:
        _tell(config, erased, meant, sent, proof)
    if not settled:
        raise Failure(
            "somebody reads from the store without a pause; its log still holds what was erased: try again"
        )
    if proof.left:
        raise Failure(
            f"{reading.plural(len(proof.left), 'file')} still {'holds' if len(proof.left) == 1 else 'hold'} some of it"
        )


def _tell(config: Config, erased: int, meant: Meant, sent: list[Sent], proof: Proof) -> None:
    click.echo(f"{reading.plural(erased, 'post')} erased.")
    looked = f"{reading.plural(proof.files, 'file')}, {proof.bytes / 1e6:.1f} MB"
    pieces = reading.plural(proof.pieces, "piece")
    click.echo(f"Looked for {pieces} of it in every byte of {config.database.parent} ({looked}):")
    for one in proof.left:
        click.echo(f"  {one.path}: {one.what}: {one.remedy}")
    for path, why in proof.unread.items():
        click.echo(f"  {path}: not looked into ({why})")
    if not proof.left:
        click.echo("  it stands nowhere.")
    if proof.others:
        click.echo(
            f"  {reading.plural(proof.others, 'piece')} others wrote as well, in posts of theirs: that stays."
        )
    if proof.short:
        click.echo(f"  {reading.plural(proof.short, 'word')} too short, or too many, to be looked for.")
    for message in sent:
        when = reading.moment(message.at, config.zone)
        click.echo(
            f"It was quoted in a message that has left: {message.kind} {message.key} to {message.channel}, {when}"
        )
    if meant.brand is not None and any(one.name == meant.brand for one in config.brands):
        click.echo(
            f"{meant.brand} is still listened for: take it out of {config.file}, or it is heard again."
        )


def _to_json(
    config: Config, erased: int, meant: Meant, sent: list[Sent], proof: Proof, settled: bool
) -> dict[str, object]:
    return {
        "erased": erased,
        "mentions": len(meant.shared),
        "settled": settled,
        "pieces": proof.pieces,
        "files": proof.files,
        "bytes": proof.bytes,
        "left": [
            {"file": str(o.path), "what": o.what, "remedy": o.remedy, "store": o.ours} for o in proof.left
        ],
        "unread": [{"file": str(path), "why": why} for path, why in proof.unread.items()],
        "others": proof.others,
        "short": proof.short,
        "sent": [
            {"key": m.key, "channel": m.channel, "kind": m.kind, "at": iso(m.at, config.zone)} for m in sent
        ],
    }


def _report(config: Config, as_json: bool) -> None:
    with open_reader(config) as reader:
        found = erasures.by_month(reader, config.zone)
    if as_json:
        rows = [{name: getattr(one, name) for name in one.__slots__} for one in found]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not found:
        click.echo("Nothing was erased yet.")
    for one in found:
        took = "not settled yet" if one.longest is None else f"gone within {reading.duration(one.longest)}"
        hand = f", {one.by_hand} of them by hand" if one.by_hand else ""
        rest = f"; {reading.plural(one.others, 'item')} of the sample or the quarantine" if one.others else ""
        click.echo(
            f"{one.month}  {clean(one.source)}  {reading.plural(one.posts, 'post')}{hand}{rest}  {took}"
        )


def _brand(config: Config, name: str) -> str:
    """A brand that is configured, by any of its names, or one that was."""
    try:
        return brand_named(name, config.brands)
    except UsageError:
        return storable(name)


def _source(store: Rows, name: str | None) -> str | None:
    try:
        sources_named(store, [] if name is None else [name])
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    return name
