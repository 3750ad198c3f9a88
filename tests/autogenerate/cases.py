"""Every operation that Alembic's autogenerate can emit, as a pair: what is in the database, and what the models say.

Each case is two bodies of a module with `metadata` and `sa`; the first makes the database, the second is the project's models.
"""

from dataclasses import dataclass, field

ALL = ("sqlite", "postgresql", "mysql")
SERVERS = ("postgresql", "mysql")
SCHEMAS = ("postgresql",)
BASE = 'sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), {})\n'
NAME = 'sa.Column("name", sa.String(40), nullable=False)'


@dataclass(frozen=True)
class Case:
    """`expected` is (kind, what, object, whether data may be lost) of each entry; `on` are the kinds of servers where it can come up."""

    name: str
    before: str
    after: str
    expected: tuple[tuple[str, str, str, bool], ...]
    on: tuple[str, ...] = ALL
    renames: dict[str, str] = field(default_factory=dict)


def person(*parts: str) -> str:
    return BASE.format(", ".join(parts))


def one(kind: str, what: str, object: str, *, loses: bool = False) -> tuple[tuple[str, str, str, bool], ...]:
    return ((kind, what, object, loses),)


def column(text: str) -> str:
    return person(NAME, f'sa.Column("extra", {text})')


PLAIN = person(NAME)
ORDER = PLAIN + 'sa.Table("purchase", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("person_id", sa.Integer{}){})\n'
FOREIGN = ', sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_person"{})'
INDEXED = PLAIN + 'sa.Index("ix_name", metadata.tables["person"].c.name{})\n'
UNIQUE = person(NAME, 'sa.UniqueConstraint("name", name="uq_name")')
CHECKED = person(NAME, 'sa.CheckConstraint("name <> \'\'", name="ck_name")')

CASES = [
    Case("table added", "", PLAIN, one("table", "added", "person")),
    Case("table removed", PLAIN + 'sa.Table("kept", metadata, sa.Column("id", sa.Integer, primary_key=True))\n',
         'sa.Table("kept", metadata, sa.Column("id", sa.Integer, primary_key=True))\n', one("table", "removed", "person", loses=True)),
    Case("table in a schema added", "", 'sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), schema="side")\n',
         one("table", "added", "side.person"), SCHEMAS),
    Case("table comment added", PLAIN, PLAIN.replace(")\n", ', comment="people")\n'), one("comment", "added", "person"), SERVERS),
    Case("table comment changed", PLAIN.replace(")\n", ', comment="folk")\n'), PLAIN.replace(")\n", ', comment="people")\n'),
         one("comment", "changed", "person"), SERVERS),
    Case("table comment removed", PLAIN.replace(")\n", ', comment="people")\n'), PLAIN, one("comment", "removed", "person"), SERVERS),
    Case("column added", PLAIN, column("sa.Integer"), one("column", "added", "person.extra")),
    Case("column added, NOT NULL without default", PLAIN, column("sa.Integer, nullable=False"), one("column", "added", "person.extra")),
    Case("column removed", column("sa.Integer"), PLAIN, one("column", "removed", "person.extra", loses=True)),
    Case("column renamed", person('sa.Column("phone", sa.String(20))'), person('sa.Column("phone_number", sa.String(20))'),
         (("column", "added", "person.phone_number", False), ("column", "removed", "person.phone", True)),
         renames={"person.phone": "phone_number", "person.phone_number": "phone"}),
    Case("type widened", column("sa.String(20)"), column("sa.String(40)"), one("type", "changed", "person.extra")),
    Case("type narrowed", column("sa.String(40)"), column("sa.String(20)"), one("type", "changed", "person.extra", loses=True)),
    Case("type changed", column("sa.Text"), column("sa.Integer"), one("type", "changed", "person.extra", loses=True)),
    Case("number widened", column("sa.Numeric(10, 2)"), column("sa.Numeric(12, 2)"), one("type", "changed", "person.extra")),
    Case("number narrowed", column("sa.BigInteger"), column("sa.Integer"), one("type", "changed", "person.extra", loses=True)),
    Case("enum changed", column('sa.Enum("a", "b", name="kind")'), column('sa.Enum("a", "b", "c", name="kind")'),
         one("type", "changed", "person.extra"), ("mysql",)),
    Case("NOT NULL added", column("sa.Integer"), column("sa.Integer, nullable=False"), one("nullable", "changed", "person.extra")),
    Case("NOT NULL removed", column("sa.Integer, nullable=False"), column("sa.Integer"), one("nullable", "changed", "person.extra")),
    Case("default added", column("sa.Integer"), column('sa.Integer, server_default="7"'), one("default", "changed", "person.extra")),
    Case("default changed", column('sa.Integer, server_default="7"'), column('sa.Integer, server_default="8"'),
         one("default", "changed", "person.extra")),
    Case("default removed", column('sa.Integer, server_default="7"'), column("sa.Integer"), one("default", "changed", "person.extra")),
    Case("default changed to identity", column("sa.Integer, nullable=False"), column("sa.Integer, sa.Identity(), nullable=False"),
         one("default", "changed", "person.extra"), SCHEMAS),
    Case("column comment added", column("sa.Integer"), column('sa.Integer, comment="more"'),
         one("comment", "changed", "person.extra"), SERVERS),
    Case("column comment removed", column('sa.Integer, comment="more"'), column("sa.Integer"),
         one("comment", "changed", "person.extra"), SERVERS),
    Case("index added", PLAIN, INDEXED.format(""), one("index", "added", "person.ix_name")),
    Case("index removed", INDEXED.format(""), PLAIN, one("index", "removed", "person.ix_name")),
    Case("index changed", INDEXED.format(""), INDEXED.format(', metadata.tables["person"].c.id'),
         one("index", "changed", "person.ix_name")),
    Case("index made unique", INDEXED.format(""), INDEXED.format(", unique=True"), one("index", "changed", "person.ix_name")),
    Case("index of an expression added", PLAIN, PLAIN + 'sa.Index("ix_lower", sa.func.lower(metadata.tables["person"].c.name))\n',
         one("index", "added", "person.ix_lower"), SCHEMAS),
    Case("unique added", PLAIN, UNIQUE, one("unique", "added", "person.uq_name")),
    Case("unique removed", UNIQUE, PLAIN, one("unique", "removed", "person.uq_name"), ("sqlite", "postgresql")),
    Case("unique removed, which is kept as an index", UNIQUE, PLAIN, one("index", "removed", "person.uq_name"), ("mysql",)),
    Case("foreign key added", ORDER.format("", ""), ORDER.format("", FOREIGN.format("")),
         one("foreign key", "added", "purchase.fk_person")),
    Case("foreign key removed", ORDER.format("", FOREIGN.format("")), ORDER.format("", ""),
         one("foreign key", "removed", "purchase.fk_person")),
    Case("foreign key changed", ORDER.format("", FOREIGN.format("")), ORDER.format("", FOREIGN.format(', ondelete="CASCADE"')),
         one("foreign key", "changed", "purchase.fk_person")),
    Case("check added", PLAIN, CHECKED, one("check", "added", "person.ck_name")),
    Case("check removed", CHECKED, PLAIN, one("check", "removed", "person.ck_name")),
]  # fmt: skip


def marked(text: str, number: int) -> str:
    """With names that no other case has, so that all are compared at once."""
    for name in ("person", "purchase", "kept", "ix_name", "ix_lower", "uq_name", "ck_name"):
        text = text.replace(name, f"{name}{mark(number)}")
    return text


def mark(number: int) -> str:
    return f"_c{number:02d}x"
