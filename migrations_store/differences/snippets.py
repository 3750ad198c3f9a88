"""The lines of env.py that make Alembic itself silent about what a rule hides. Pure functions; each text is Python that can be pasted.

What is named in them was read from a database or a project: it only ever stands there as a Python literal.
"""

from dataclasses import dataclass

from migrations_store.models import IgnoredDifference

OBJECTS = {
    "table": "table",
    "column": "column",
    "index": "index",
    "unique": "unique_constraint",
    "foreign key": "foreign_key_constraint",
}
SITUATIONS = {
    "added": "not reflected and compare_to is None",
    "removed": "reflected and compare_to is None",
    "changed": "compare_to is not None",
}
ONLY = {
    "added": "which the models have and the database has not",
    "removed": "which the database has and the models have not",
    "changed": "which differs",
}

PATTERN = '''\
from fnmatch import fnmatchcase


def include_object(object, name, type_, reflected, compare_to):
    """{purpose}"""
    if type_ == "table":
        return not fnmatchcase({value}, {pattern!r})
    return True
'''
OBJECT = '''\
def include_object(object, name, type_, reflected, compare_to):
    """{purpose}"""
    if type_ == {type!r} and {named}:
        return not ({situation})
    return True
'''
TYPE = '''\
def compare_type(context, inspected_column, metadata_column, inspected_type, metadata_type):
    """{purpose}"""
    table = inspected_column.table
    if (table.schema, table.name, inspected_column.name) == {place!r}:
        return False
    return None  # as Alembic compares them
'''
DEFAULT = '''\
def compare_server_default(context, inspected_column, metadata_column, inspected_default, metadata_default, rendered_default):
    """{purpose}"""
    table = inspected_column.table
    if (table.schema, table.name, inspected_column.name) == {place!r}:
        return False
    return None  # as Alembic compares them
'''
WALK = '''\
def process_revision_directives(context, revision, directives):
    """{purpose}"""
    for directive in directives:
        for part in (*directive.upgrade_ops_list, *directive.downgrade_ops_list):
            part.ops[:] = [operation for operation in part.ops if keeps(operation)]


def keeps(operation):
    if hasattr(operation, "ops"):  # everything that happens to one table
        operation.ops[:] = [one for one in operation.ops if keeps(one)]
        return bool(operation.ops)
    place = (getattr(operation, "schema", None), getattr(operation, "table_name", None), getattr(operation, {attribute!r}, None))
    if place == {place!r} and {condition}:
        {silence}
    return True
'''
SILENCES = {
    "nullable": "operation.modify_nullable = None",
    "comment": "operation.modify_comment = False",
    "autoincrement": 'operation.kw.pop("modify_autoincrement", None)',
}
CLASSES = {
    "comment": ("CreateTableCommentOp", "DropTableCommentOp"),
    "check": ("CreateCheckConstraintOp", "DropConstraintOp"),
    "primary key": ("CreatePrimaryKeyOp", "DropConstraintOp"),
    "exclude": ("CreateExcludeConstraintOp", "DropConstraintOp"),
}


@dataclass(frozen=True)
class Snippet:
    """`option` is what `context.configure` gets, `code` what stands above it, `note` what else it does or does not do."""

    option: str
    code: str
    note: str = ""

    @property
    def text(self) -> str:
        return f"{self.code}\n\n# and wherever env.py calls it:\ncontext.configure(..., {self.option}={self.option})\n"


def snippet(rule: IgnoredDifference) -> Snippet:
    """For every kind that a rule can have."""
    if rule.pattern:
        return _pattern(rule)
    if rule.kind in OBJECTS:
        return _object(rule)
    if rule.kind in ("type", "default"):
        return _compared(rule)
    if rule.kind in SILENCES and rule.name:
        return _column(rule)
    return _operation(rule)


def _pattern(rule: IgnoredDifference) -> Snippet:
    value = 'f"{object.schema}.{name}" if object.schema else name' if "." in rule.pattern else "name"
    code = PATTERN.format(purpose=f"Tables like {_quoted(rule.pattern)} are somebody else's.", value=value, pattern=rule.pattern)
    return Snippet("include_object", code, "Such a table is not compared at all, nor is anything that belongs to it.")


def _object(rule: IgnoredDifference) -> Snippet:
    if rule.kind == "table":
        tests = [("name", rule.table), ("object.schema", rule.schema)]
    else:
        tests = [("name", rule.name), ("object.table.name", rule.table), ("object.table.schema", rule.schema)]
    values = tuple(value or None for _, value in tests)
    named = f"({', '.join(what for what, _ in tests)}) == {values!r}"
    purpose = f"Says nothing of {rule.kind} {_quoted(rule.object)}, {ONLY[rule.what]}."
    code = OBJECT.format(purpose=purpose, type=OBJECTS[rule.kind], named=named, situation=SITUATIONS[rule.what])
    return Snippet("include_object", code, "" if tests[0][1] else "All of this kind without a name on that table are meant.")


def _compared(rule: IgnoredDifference) -> Snippet:
    place = (rule.schema or None, rule.table, rule.name)
    purpose = f"Says nothing of the {rule.kind} of {_quoted(rule.object)}."
    if rule.kind == "default":
        return Snippet("compare_server_default", DEFAULT.format(purpose=purpose, place=place), "Other server defaults are compared.")
    return Snippet("compare_type", TYPE.format(purpose=purpose, place=place))


def _column(rule: IgnoredDifference) -> Snippet:
    place = (rule.schema or None, rule.table, rule.name)
    silence = f"{SILENCES[rule.kind]}\n        return operation.has_changes()"
    purpose = f"Says nothing of {rule.kind} of {_quoted(rule.object)}."
    code = WALK.format(
        purpose=purpose, attribute="column_name", place=place, condition='hasattr(operation, "modify_nullable")', silence=silence
    )
    note = "Alembic has no option for this alone: include_object would hide everything else of the column as well."
    return Snippet("process_revision_directives", code, note)


def _operation(rule: IgnoredDifference) -> Snippet:
    place = (rule.schema or None, rule.table, rule.name or None)
    condition = f"type(operation).__name__ in {CLASSES[rule.kind]!r}"
    purpose = f"Says nothing of {rule.kind} {_quoted(rule.object)}."
    code = WALK.format(purpose=purpose, attribute="constraint_name", place=place, condition=condition, silence="return False")
    return Snippet("process_revision_directives", code, "Alembic asks include_object for no object of this kind.")


def _quoted(text: str) -> str:
    """Within a docstring: nothing in it can end it."""
    return "".join(letter if letter.isprintable() and letter not in "\\\"'" else "?" for letter in text)
