"""What to run: read once from standard input, so that no secret is in an argument or on disk."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field, fields

COMMANDS = ("upgrade", "downgrade", "stamp", "check", "preview", "propose", "revise")


@dataclass(frozen=True)
class Step:
    revision: str
    direction: str = "upgrade"


@dataclass(frozen=True, repr=False)
class Spec:
    """`from_heads` and `to_heads` are `from` and `to` in the document; times are seconds, 0 for no limit. `manifest` maps the paths
    below `root` that decide what happens to the SHA-256 of their content. With `every_dialect` a preview writes its one step both ways
    for each kind of database. `version_table` is where the dashboard reads what the database has; empty, nothing is compared with it.
    Where no schema is named, PostgreSQL looks for it in those of `search_path`."""

    command: str
    url: str
    working_directory: str
    root: str = ""
    manifest: dict = field(default_factory=dict)
    config_file: str | None = None
    section: str = "alembic"
    script_location: str | None = None
    version_locations: list | None = None
    x_arguments: list = field(default_factory=list)
    env_vars: dict = field(default_factory=dict)
    flask_app: str = ""
    steps: list = field(default_factory=list)
    from_heads: list = field(default_factory=list)
    to_heads: list = field(default_factory=list)
    purge: bool = False
    preview_direction: str = "upgrade"
    every_dialect: bool = False
    proposal: dict = field(default_factory=dict)
    version_table: str = ""
    version_table_schema: str = ""
    search_path: list = field(default_factory=list)
    identity: dict | None = None
    lock_key: int | None = None
    lock_wait: float = 60
    lock_timeout: float = 0
    statement_timeout: float = 0
    allow_poolers: bool = False
    application_name: str = "alembic-dashboard"

    @classmethod
    def read(cls) -> Spec:
        return cls.from_document(json.loads(sys.stdin.buffer.read()))

    @classmethod
    def from_document(cls, document: dict) -> Spec:
        """Keys that are not ours are passed over: a newer dashboard may say more than this runner knows."""
        values = {"from_heads": document.get("from") or [], "to_heads": document.get("to") or []}
        values.update((name.name, document[name.name]) for name in fields(cls) if document.get(name.name) is not None)
        values["steps"] = [Step(step["revision"], step.get("direction", "upgrade")) for step in document.get("steps") or []]
        if values["command"] not in COMMANDS:
            raise ValueError("unknown command")
        return cls(**values)
