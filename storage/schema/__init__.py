"""The database's shape, as a list of migrations that is only ever added to, at its end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from importlib import import_module

# sqlite-utils applies them, and keeps count in its own table. It is imported only when there is something to
# apply: loading it costs every command more time and memory than all its other work together.
Migration = str | Callable[..., None]

MIGRATIONS: dict[str, Migration] = {
    "0001_main_job": "storage.schema.m0001_main_job:main_job",
    "0002_hear": "storage.schema.m0002_hear:hear",
    "0003_tone": "storage.schema.m0003_tone:tone",
    "0004_numbers": "storage.schema.m0004_numbers:numbers",
    "0005_hear_all": "storage.schema.m0005_hear_all:hear_all",
    "0006_tell": "storage.schema.m0006_tell:tell",
}
_SET = "listener"


def applied(connection: sqlite3.Connection) -> list[str]:
    """Names of the migrations that this database has, oldest first."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone():
        return []
    rows = connection.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid", (_SET,)
    )
    return [row[0] for row in rows]


def pending(connection: sqlite3.Connection) -> list[str]:
    """Names of the migrations that this database still lacks."""
    have = set(applied(connection))
    return [name for name in MIGRATIONS if name not in have]


def unknown(connection: sqlite3.Connection) -> list[str]:
    """Names of migrations in this database that this program does not know: a newer program made them."""
    return [name for name in applied(connection) if name not in MIGRATIONS]


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is pending, in order, inside the transaction that the caller has open."""
    from sqlite_utils import Database, Migrations

    migrations = Migrations(_SET)
    for name, migration in MIGRATIONS.items():
        migrations(name=name)(_resolve(migration))
    migrations.apply(Database(connection))


def _resolve(migration: Migration) -> Callable[..., None]:
    if not isinstance(migration, str):
        return migration
    module, _, function = migration.partition(":")
    found: Callable[..., None] = getattr(import_module(module), function)
    return found
