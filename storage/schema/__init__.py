"""The database's shape, as a list of migrations that is only ever added to, at its end."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from storage.schema.m0001_main_job import main_job

migrations = Migrations("listener")
migrations(name="0001_main_job")(main_job)


def pending(db: Database) -> list[str]:
    """Names of the migrations that this database still lacks."""
    return [migration.name for migration in migrations.pending(db)]


def unknown(db: Database) -> list[str]:
    """Names of migrations in this database that this program does not know: a newer program made them."""
    known = {migration.name for migration in migrations._migrations}
    return [applied.name for applied in migrations.applied(db) if applied.name not in known]
