"""Databases read behind the dashboard's back: what it says of them has to be what they say themselves."""

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2


@dataclass
class Target:
    """A database with its URL; `kind` is SQLite or PostgreSQL."""

    kind: str
    url: str
    connect: Callable[[], Any]

    @classmethod
    def sqlite(cls, path: Path) -> "Target":
        """A new, empty file."""
        path.touch()
        return cls("SQLite", f"sqlite:///{path}", lambda: sqlite3.connect(path))

    @classmethod
    def postgresql(cls, url: str) -> "Target":
        return cls("PostgreSQL", url, lambda: psycopg2.connect(url.replace("+psycopg2", "")))

    def ask(self, statement: str) -> list[Any]:
        with contextlib.closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall())

    @property
    def tables(self) -> list[str]:
        """All but the version table, in order."""
        return sorted(self._all_tables() - {"alembic_version"})

    @property
    def version(self) -> list[str]:
        """The rows of the version table, in order; none if there is no table."""
        if "alembic_version" not in self._all_tables():
            return []
        return sorted(row[0] for row in self.ask("SELECT version_num FROM alembic_version"))

    def _all_tables(self) -> set[str]:
        if self.kind == "SQLite":
            return {row[0] for row in self.ask("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {row[0] for row in self.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
