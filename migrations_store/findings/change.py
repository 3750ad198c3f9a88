"""One thing that a revision does, whether it was written as an operation of Alembic or as SQL."""

from collections.abc import Iterable
from dataclasses import dataclass, field

POSTGRESQL, MYSQL, SQLITE = "postgresql", "mysql", "sqlite"
DIALECTS = frozenset({POSTGRESQL, MYSQL, SQLITE})  # mysql is MariaDB as well


@dataclass(frozen=True)
class Change:
    """`name` is that of the column, index, constraint or type. `flags` are what the rules ask for, such as `concurrently`.

    `autocommit` says that it stands outside the migration's transaction, `batch` that it goes through batch_alter_table, `dialects`
    on which databases it is done as far as the code around it tells.
    """

    kind: str
    table: str = ""
    name: str = ""
    line: int = 0
    flags: frozenset[str] = frozenset()
    detail: str = ""
    autocommit: bool = False
    batch: bool = False
    is_sql: bool = False
    dialects: frozenset[str] = DIALECTS

    @property
    def object(self) -> str:
        return ".".join(part for part in (self.table, self.name) if part)


@dataclass
class Changes:
    """All changes of one direction, in order, and what the rules ask about the others when they look at one."""

    all: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dropped = {change.table for change in self.all if change.kind == "drop_table"}
        self.proven = {change.table for change in self.all if change.kind == "validate"}

    def before(self, change: Change, kinds: Iterable[str]) -> list[Change]:
        """Those of these kinds that come first, where the same databases do both."""
        found = []
        for other in self.all:
            if other is change:
                break
            if other.kind in kinds and other.dialects & change.dialects:
                found.append(other)
        return found

    def is_new(self, change: Change) -> bool:
        """Whether its table was made by the same revision: nobody uses it yet."""
        return any(other.table == change.table and "if_not_exists" not in other.flags for other in self.before(change, ["create_table"]))

    def goes_away(self, change: Change) -> bool:
        """Whether its table is dropped by the same revision."""
        return change.table in self.dropped

    def is_replaced(self, change: Change) -> bool:
        """Whether a table that the same revision made and filled takes its name afterwards: how SQLite's tables are changed."""
        return any(other.kind == "rename_table" and other.detail == change.table and self.is_new(other) for other in self.all)

    def adds_column(self, change: Change, column: str) -> bool:
        return any((other.table, other.name) == (change.table, column) for other in self.before(change, ["add_column"]))
