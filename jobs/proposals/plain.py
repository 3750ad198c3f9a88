"""Whether an edited file does nothing but describe a migration, so that it may be run for its SQL where nothing keeps it apart.

The text comes from a page and not from the project's repository. Where projects' code runs as the dashboard's own user (RUNNER_USER is
empty), a file is run only if every part of it is known to be harmless; this names what is allowed, and nothing else is.
"""

import ast
import builtins
import sys
from collections.abc import Iterator

OPERATIONS = {
    "add_column", "alter_column", "batch_alter_table", "bulk_insert", "create_check_constraint", "create_exclude_constraint",
    "create_foreign_key", "create_index", "create_primary_key", "create_table", "create_table_comment", "create_unique_constraint",
    "drop_column", "drop_constraint", "drop_index", "drop_table", "drop_table_comment", "execute", "f", "get_bind", "get_context",
    "inline_literal", "rename_table",
}  # fmt: skip
SQL = {
    "and_", "asc", "bindparam", "case", "cast", "column", "delete", "desc", "exists", "false", "func", "insert", "literal",
    "literal_column",
    "not_", "null", "or_", "select", "sql", "table", "text", "true", "type_coerce", "update", "dialects", "postgresql", "mysql", "sqlite",
    "mssql", "oracle", "expression",
}  # fmt: skip
METHODS = {
    "all", "append", "asc", "autocommit_block", "c", "cast", "columns", "create", "delete", "desc", "dialect", "drop", "extend", "fetchall",
    "first", "in_", "insert", "is_", "is_not", "isnot", "items", "join", "keys", "label", "like", "limit", "lower", "mappings", "name",
    "not_in", "notin_", "order_by", "replace", "returning", "scalar", "scalar_one", "scalars", "select", "select_from", "split", "strip",
    "update", "upper", "values", "where", "with_variant",
} | OPERATIONS  # fmt: skip
BUILTINS = {
    "bool",
    "dict",
    "enumerate",
    "float",
    "int",
    "len",
    "list",
    "range",
    "reversed",
    "set",
    "sorted",
    "str",
    "tuple",
    "zip",
    "print",
}
HARMLESS = {"id", "hash", "min", "max", "sum", "all", "any", "filter", "map", "next", "iter"}  # whose names columns like to have
SHADOWED = set(dir(builtins)) - HARMLESS
MODULES = {"alembic", "sqlalchemy", "typing", "collections.abc", "__future__"}
NODES = (
    ast.Module, ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Pass, ast.If,
    ast.For, ast.With, ast.withitem, ast.Assert, ast.Import, ast.ImportFrom, ast.alias, ast.Constant, ast.Name, ast.Attribute, ast.Call,
    ast.keyword, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr,
    ast.FormattedValue, ast.Subscript, ast.Slice, ast.Starred, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    ast.comprehension, ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
)  # fmt: skip
HOW = "Set RUNNER_USER, and edited files are run as a user of their own; until then their SQL cannot be shown."


def why_not_run(python: str, before: str = "") -> str:
    """What keeps the file from being run, as a sentence; "" for a plain one. What is no Python is the runner's to tell.

    `before` is the file as the project's template wrote it: types of modules that it imports may be used.
    """
    try:
        found = next(_strange(ast.parse(python), _modules(before)), None)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    if found is None:
        return ""
    line, what = found
    return f"Not available, because line {line} does more than describe a migration ({what}), and it comes from this page. {HOW}"


def _modules(before: str) -> set[str]:
    """What the template imports beside Alembic and SQLAlchemy; nothing of Python's own library, which holds everything."""
    nodes = list(ast.walk(ast.parse(before)))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name for name in found if name.partition(".")[0] not in {*sys.stdlib_module_names, "sqlalchemy", "alembic", ""}}


def _strange(tree: ast.Module, known: set[str]) -> Iterator[tuple[int, str]]:
    roots = _imported(tree)
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for name in sorted(bound & (roots.keys() | SHADOWED)) + _imported_twice(tree):
        yield 1, f"it gives {name} another meaning"
    for node in ast.walk(tree):
        if reason := _reason(node, roots, bound, known):
            yield getattr(node, "lineno", 1), reason


def _imported(tree: ast.Module) -> dict[str, str]:
    """Name to the module or the object that it stands for."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {
                alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else alias.name.partition(".")[0]
                for alias in node.names
            }
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _imported_twice(tree: ast.Module) -> list[str]:
    names = [alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
    return sorted({name for name in names if names.count(name) > 1})


def _reason(node: ast.AST, roots: dict[str, str], bound: set[str], known: set[str]) -> str:
    """What is not known to be harmless in this node; "" if all is."""
    if not isinstance(node, NODES):
        return type(node).__name__.lower()
    if isinstance(node, ast.FunctionDef) and node.decorator_list:
        return "a decorator"
    if isinstance(node, ast.Import):
        return "" if all(alias.name in {"sqlalchemy", *known} for alias in node.names) else "an import"
    if isinstance(node, ast.ImportFrom):
        return _of_import(node, known)
    if isinstance(node, ast.Name):
        return "" if node.id in bound or node.id in roots or node.id in BUILTINS else node.id
    return _of_attribute(node, roots, known) if isinstance(node, ast.Attribute) else ""


def _of_import(node: ast.ImportFrom, known: set[str]) -> str:
    module = node.module or ""
    if node.level or not (
        module in MODULES or module.startswith("sqlalchemy.dialects") or module in ("sqlalchemy.sql", "sqlalchemy.types")
    ):
        return f"an import from {module[:60] or '.'}"
    names = [alias.name for alias in node.names]
    if module in known:
        return next((f"an import of {name}" for name in names if not name[:1].isupper()), "")
    if module == "alembic":
        return "" if names == ["op"] else "an import from alembic"
    known_names = {"annotations"} if module == "__future__" else SQL if module.startswith("sqlalchemy") else set()
    return next((f"an import of {name}" for name in names if not (name in known_names or _is_type(name))), "")


def _of_attribute(node: ast.Attribute, roots: dict[str, str], known: set[str]) -> str:
    """`op.<operation>`, `sa.<type or expression>`, `sa.func.<anything>`, and the methods of what these give."""
    path = _path(node)
    if node.attr.startswith("_"):
        return node.attr
    root = roots.get(path[0], "") if path else ""
    if root == "alembic.op":
        allowed = len(path) == 2 and node.attr in OPERATIONS
    elif root.endswith(".func") or (len(path) == 3 and path[1] == "func"):
        allowed = True
    elif root.startswith("sqlalchemy"):
        allowed = _is_sql(node.attr) or (root.rpartition(".")[2][:1].isupper() and node.attr in METHODS)
    elif isinstance(node.value, ast.Attribute) and node.value.attr in ("c", "columns"):  # a column of a table, whatever its name
        allowed = True
    elif path and path[0] in roots:  # a module that the template imports, and its types
        whole = ".".join([root, *path[1:]])
        allowed = any(name == whole or name.startswith(f"{whole}.") for name in known) or (
            whole.rpartition(".")[0] in known and node.attr[:1].isupper()
        )
    else:
        allowed = node.attr in METHODS
    return "" if allowed else f".{node.attr}"


def _is_sql(name: str) -> bool:
    """Types are written with a capital; functions are named. `create_engine`, `event`, `util` and the like are neither."""
    return name in SQL or _is_type(name)


def _is_type(name: str) -> bool:
    return name[:1].isupper() and name not in ("Engine", "Connection", "Pool", "QueuePool", "ForwardRef")


def _path(node: ast.expr) -> list[str]:
    """["sa", "func", "now"], empty where it begins with something else than a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else []
