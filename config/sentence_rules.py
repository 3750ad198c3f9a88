"""Which texts of the source are sentences for people: config/sentences.py asks here.

Not: docstrings, log lines, SQL, regular expressions, code (a text of several lines, or one that begins like code), annotations.
"""

import ast
import re
from collections.abc import Iterator

BY_HAND = (  # put together from pieces, which no reading of the source finds
    " and ", " or ", " here", "Nothing was run.", "the dashboard", "not known", "another session", "another process", "another connection",
    "a session", "a process", "a connection",
    "table {0}", "column {0}", "index {0} on {1}", "primary key {0} on {1}", "foreign key constraint {0} on {1}",
    "unique constraint {0} on {1}", "check constraint {0} on {1}", "exclude constraint {0} on {1}",
    "proposal {0} for {1}",
    "type", "nullable", "default", "comment", "index", "constraint", "schema", "table", "column", "environment", "project", "database",
    "job", "session", "process", "connection", "session {0}", "process {0}", "connection {0}", "idle", "active",
    "downgrades", "stamps", "look", "downgrade", "stamp", "unlock", "check", "rows", "merge", "unique", "exclude", "autoincrement",
    "reachable", "policy", "findings", "approval", "schedule", "window", "freeze", "atomic", "web", "api", "worker", "command", "scheduler",
    "{0} in every project and environment", "{0} in project {1}, every environment", "{0} in project {1}, environment {2}",
    "{0} in every project, environment {1}",
    "upgrade {0}", "downgrade {0}", "stamp {0}", "check {0}", "the server", "the user", "the database", "the expected server",
    "added", "removed", "changed", "admin", "general", "reason", "none", "found", "created", "error", "warning", "info", "server",
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "at",
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_LANGUAGE = re.compile(r"(?=.*[a-z]{2})(?=.*\w \w|.*\w[,:;.)]? \{|.*\} \(?\w|[;,:] )")
_SQL = r"(?:SELECT|SET|PRAGMA|UPDATE|INSERT|DELETE|CREATE|DROP|ALTER|WITH|SHOW|KILL|WHERE|GRANT|TRUNCATE|FROM|ON|AND)\b"
_PYTHON = r"op\.|#|--|def |return |type\(|f\"|with |revision =|\{\d+\}    |, schema=|(?:not )?reflected and |compare_to |None or "
_OTHER = r"alembic[ -]|-o |\* |http\.|text/|application/|Bearer |%|<|!|project \{\d+\}\|"
_CODE = re.compile(rf"\s*(?:{_SQL}|{_PYTHON}|{_OTHER})")
_REGEX = re.compile(r"\\[a-zA-Z.(\[]|\(\?|\.\*|\.\+|\[\^|^\^|\w\|\w")
_SILENT_CALLS = {"debug", "info", "warning", "error", "exception", "critical", "compile", "search", "match", "fullmatch", "sub"}
_SILENT_CALLS |= {"execute", "text", "exec_driver_sql", "add_argument", "cast", "get_lock", "select", "encode", "strftime", "urlencode"}
_SILENT_WORDS = {"help_text", "summary", "description", "db_comment", "verbose_name", "verbose_name_plural", "ordering"}


def counts(text: str) -> bool:
    """Whether it is language, for people."""
    if "\n" in text or _CODE.match(text) or _REGEX.search(text):
        return False
    words = re.sub(r"\{\w+\}", "", text)
    return bool(_LANGUAGE.match(text) and re.search("[a-z]{2}", words))


def quiet(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node whose texts are for no person."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    elif isinstance(node, (ast.AnnAssign, ast.arg)):
        yield from [node.annotation] if node.annotation else []
    elif isinstance(node, ast.FunctionDef):
        yield from [node.returns] if node.returns else []
        yield from node.decorator_list
    elif isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _SILENT_CALLS or name.endswith("Field"):
            yield from [argument for argument in node.args if is_text(argument)]
        yield from [word.value for word in node.keywords if word.arg in _SILENT_WORDS]


def is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.IfExp):
        return is_text(node.body) and is_text(node.orelse)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return is_text(node.left) or is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
