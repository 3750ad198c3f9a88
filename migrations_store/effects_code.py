"""Walks through a revision's function, and the functions of the same file that it calls, without running any of it."""

import ast

from migrations_store import effects_sql, effects_types
from migrations_store.effects_names import imports, root_of, short
from migrations_store.effects_values import Bound, Values, called

DEEPEST = 12
# Operations of Alembic that neither take data away nor leave the transaction; the others are looked at one by one.
HARMLESS = {
    "add_column", "bulk_insert", "create_check_constraint", "create_exclude_constraint", "create_foreign_key", "create_primary_key",
    "create_table", "create_table_comment", "create_unique_constraint", "drop_constraint", "drop_table_comment", "f", "get_bind",
    "get_context", "inline_literal", "rename_table", "batch_alter_table",
}  # fmt: skip
LOOKED_AT = {"alter_column", "create_index", "drop_index", "drop_column", "drop_table", "execute"}
EXECUTES = {"execute", "exec_driver_sql", "scalar", "scalars", "executescript", "executemany"}
BLIND = {"exec", "eval", "__import__", "import_module", "run_path", "run_module", "system", "Popen", "check_call", "check_output"}
EXPRESSIONS = {"select", "update", "insert", "delete", "values", "exists"}
# Statements of SQLAlchemy that are objects, by what is lost.
STATEMENTS = dict.fromkeys(
    ("CreateSequence", "DropSequence", "CreateSchema", "CreateTable", "CreateIndex", "DropIndex", "AddConstraint", "DropConstraint"), ""
) | {"DropTable": "drops table", "DropSchema": "drops schema"}
NO_DATA = {"Enum", "ENUM", "Sequence", "DOMAIN", "Index"}
MOST_NODES = 50_000


class Walk:
    """`losses` are (what, object, line), `breaks` and `unclear` (why, line), each once and in the order in which they were met."""

    def __init__(self, tree: ast.Module) -> None:
        self.values = Values(tree)
        self.functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        self.classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        self.foreign, self.op = imports(tree)
        self.tables: dict[str, str] = {}
        self.losses: list[tuple[str, str, int]] = []
        self.breaks: list[tuple[str, int]] = []
        self.unclear: list[tuple[str, int]] = []
        self.path: list[str] = []
        self.nodes = 0
        self.called: set[int] = set()

    def run(self, direction: str) -> None:
        if direction in self.functions:
            self._function(self.functions[direction], {})
        elif direction in self.foreign or direction in self.values.known:
            self._doubt(f"{direction} is made elsewhere", 1)

    def _function(self, function: ast.FunctionDef | ast.AsyncFunctionDef, bound: Bound) -> None:
        if function.name in self.path or len(self.path) >= DEEPEST:
            return
        self.path.append(function.name)
        for statement in function.body:
            self._visit(statement, bound)
        self.path.pop()

    def _visit(self, node: ast.AST, bound: Bound) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            return self._doubt("it is too long to be followed", 1)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return None  # only what is called runs
        if isinstance(node, ast.Attribute) and self._is_op(node.value) and id(node) not in self.called:
            self._doubt(f"op.{node.attr} is handed on", node.lineno)
        if isinstance(node, ast.With | ast.AsyncWith):
            self._name_batches(node, bound)
        if isinstance(node, ast.Call):
            self._call(node, bound)
        for child in ast.iter_child_nodes(node):
            self._visit(child, bound)
        return None

    def _name_batches(self, node: ast.With | ast.AsyncWith, bound: Bound) -> None:
        for item in node.items:
            made, target = item.context_expr, item.optional_vars
            if isinstance(made, ast.Call) and called(made) == "batch_alter_table" and isinstance(target, ast.Name):
                self.tables[target.id] = self._named(made, 0, "table_name", bound)

    def _call(self, node: ast.Call, bound: Bound) -> None:
        name, line = called(node), node.lineno
        self.called.add(id(node.func))
        self._keywords(node)
        if isinstance(node.func, ast.Name):
            self._by_name(node, name, bound)
        elif isinstance(node.func, ast.Attribute):
            self._by_attribute(node, node.func, bound)
        elif "globals" in ast.dump(node.func):  # the template for several databases: upgrade_engine1 and so on
            for function in self.functions.values():
                if self.path and function.name.startswith(f"{self.path[0]}_"):
                    self._function(function, {})
        else:
            self._doubt("what is called is worked out when it runs", line)

    def _by_name(self, node: ast.Call, name: str, bound: Bound) -> None:
        if name in self.functions:
            self._function(self.functions[name], self._bind(self.functions[name], node, bound))
        elif name in BLIND:
            self._doubt(f"{name}() runs code that is not in this file", node.lineno)
        elif name == "getattr" and node.args and self._is_op(node.args[0]):
            self._doubt("the operation's name is worked out when it runs", node.lineno)
        elif self.op.get(name):
            self._operation(node, self.op[name], "", bound)
        elif name in self.foreign and (not name[:1].isupper() or self._hands_over(node)):
            self._doubt(f"{name}() comes from {self.foreign[name]}", node.lineno)
        elif name in bound and isinstance(given := bound[name], ast.Name) and given.id in self.functions:
            self._function(self.functions[given.id], {})
        elif name in bound or (name in self.values.known and name.islower()):
            self._doubt(f"{name} is given its value when it runs", node.lineno)
        elif name == "delete":
            self._lose("deletes rows of", self._table(node.args[0] if node.args else None, bound), node.lineno)

    def _by_attribute(self, node: ast.Call, func: ast.Attribute, bound: Bound) -> None:
        name, line, root = func.attr, node.lineno, root_of(func, bound)
        if name == "autocommit_block":
            self._break("an autocommit block commits what is before it, and each statement in it", line)
        elif name in ("commit", "rollback"):
            self._break(f"{name}() may end the transaction", line)
        elif name in EXECUTES:
            self._execute(node, bound)
        elif self._is_op(func.value) or root in self.tables or name in LOOKED_AT:
            self._operation(node, name, self.tables.get(root, ""), bound)
        elif name in BLIND:
            self._doubt(f"{name}() runs code that is not in this file", line)
        elif name in ("delete", "drop", "drop_all"):
            self._removal(node, func, bound)
        elif root in self.foreign and (self._hands_over(node) or (isinstance(func.value, ast.Name) and name.islower())):
            self._doubt(f"{root}.{name}() comes from {self.foreign[root]}", line)
        elif root in self.classes:
            self._doubt(f"{root} is a class, which is not followed", line)

    def _operation(self, node: ast.Call, name: str, table: str, bound: Bound) -> None:
        """`table` is that of a batch; without, the table is the first argument."""
        if name == "drop_table":
            self._lose("drops table", self._named(node, 0, "table_name", bound), node.lineno)
        elif name == "drop_column":
            self._lose("drops column", self._column(node, table, bound), node.lineno)
        elif name == "alter_column":
            if effects_types.may_shorten(node, lambda value: self.values.follow(value, bound)):
                self._lose("may shorten values of", self._column(node, table, bound), node.lineno)
        elif name == "execute":
            self._execute(node, bound)
        elif name not in HARMLESS | LOOKED_AT and not table:
            self._doubt(f"{name} is no operation of Alembic's own that is known here", node.lineno)

    def _removal(self, node: ast.Call, func: ast.Attribute, bound: Bound) -> None:
        """delete(), drop() and drop_all() of SQLAlchemy."""
        if func.attr == "delete":
            of = node.args[0] if node.args and root_of(func, bound) in ("sa", "sqlalchemy") else func.value
            return self._lose("deletes rows of", self._table(of, bound), node.lineno)
        if func.attr == "drop_all":
            return self._lose("drops tables of", short(func.value), node.lineno)
        kinds = {called(value) if isinstance(value, ast.Call) else "" for value in self.values.follow(func.value, bound)}
        if kinds & {"Table", "table"}:
            self._lose("drops table", self._table(func.value, bound), node.lineno)
        elif not kinds <= NO_DATA:
            self._doubt(f"what {short(func)}() drops is not told here", node.lineno)
        return None

    def _execute(self, node: ast.Call, bound: Bound) -> None:
        """A text, or an expression of SQLAlchemy."""
        statement = node.args[0] if node.args else next((word.value for word in node.keywords if word.arg), None)
        for value in self.values.follow(statement, bound) if statement is not None else []:
            if value is None:
                self._doubt("the SQL is worked out when it runs", node.lineno)
            elif not self._expression(value, bound):
                self._sql(value, node.lineno, bound)

    def _expression(self, value: ast.expr, bound: Bound) -> bool:
        """Whether it is an expression of SQLAlchemy, or an object that makes a statement."""
        calls = [call for call in ast.walk(value) if isinstance(call, ast.Call)]
        for call in calls:
            if called(call) == "delete":
                self._visit(call, bound)
            elif STATEMENTS.get(called(call)):
                self._lose(STATEMENTS[called(call)], self._table(call.args[0] if call.args else None, bound), call.lineno)
        return any(called(call) in EXPRESSIONS or called(call) in STATEMENTS for call in calls)

    def _sql(self, value: ast.expr, line: int, bound: Bound) -> None:
        for text, is_sure in self.values.texts(value, bound):
            if not is_sure:
                self._doubt("the SQL is put together when it runs", line)
            for what, object in effects_sql.losses(text):
                self._lose(what, object, line)
            for why in effects_sql.breaks(text):
                self._break(why, line)
            for why in effects_sql.unclear(text):
                self._doubt(why, line)

    def _keywords(self, node: ast.Call) -> None:
        for word in node.keywords:
            value = word.value.value if isinstance(word.value, ast.Constant) else None
            if word.arg == "postgresql_concurrently" and value is True:
                self._break("an index is made or dropped CONCURRENTLY", node.lineno)
            elif word.arg == "postgresql_concurrently" and value is None:
                self._doubt("whether an index is made CONCURRENTLY is worked out when it runs", node.lineno)
            elif word.arg == "isolation_level" and value != "SERIALIZABLE":
                self._break("the isolation level is changed, so that statements may commit one by one", node.lineno)

    def _bind(self, function: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.Call, bound: Bound) -> Bound:
        """The callee's parameters. What was put together from the caller's own is worked out here, where they are known."""
        names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        given = dict(zip(names, node.args, strict=False)) | {word.arg: word.value for word in node.keywords if word.arg}
        defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
        defaults |= {
            argument.arg: value for argument, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if value
        }
        unknown = [*names, *(argument.arg for argument in function.args.kwonlyargs)]
        return {name: ast.Name("…") for name in unknown} | defaults | {name: self._settled(value, bound) for name, value in given.items()}

    def _settled(self, value: ast.expr, bound: Bound) -> ast.expr:
        if isinstance(value, ast.Name):
            return bound.get(value.id, value)
        if not any(isinstance(part, ast.Name) and part.id in bound for part in ast.walk(value)):
            return value
        texts = self.values.texts(value, bound)
        return ast.Constant(texts[0][0]) if len(texts) == 1 and texts[0][1] else ast.Name("…")

    def _column(self, node: ast.Call, table: str, bound: Bound) -> str:
        if table or (len(node.args) < 2 and not any(word.arg in ("table_name", "column_name") for word in node.keywords)):
            return f"{table or '{…}'}.{self._named(node, 0, 'column_name', bound)}"
        return f"{self._named(node, 0, 'table_name', bound)}.{self._named(node, 1, 'column_name', bound)}"

    def _named(self, node: ast.Call, place: int, key: str, bound: Bound) -> str:
        value = next((word.value for word in node.keywords if word.arg == key), node.args[place] if len(node.args) > place else None)
        return " or ".join(text for text, _ in self.values.texts(value, bound)[:5]) if value is not None else "{…}"

    def _table(self, node: ast.expr | None, bound: Bound) -> str:
        """The name that a table object was made with; else what stands there."""
        values = self.values.follow(node, bound) if node is not None else []
        made = next((value for value in values if isinstance(value, ast.Call) and called(value) in ("table", "Table") and value.args), None)
        return self.values.texts(made.args[0], bound)[0][0] if made else short(node)

    def _is_op(self, node: ast.expr) -> bool:
        return (isinstance(node, ast.Name) and self.op.get(node.id) == "") or (
            isinstance(node, ast.Attribute) and short(node) == "alembic.op"
        )

    def _hands_over(self, node: ast.Call) -> bool:
        """Whether the connection or the operations go with it."""
        given = [*node.args, *(word.value for word in node.keywords)]
        values = [value for argument in given for value in self.values.follow(argument, {}) if value is not None]
        parts = [part for value in (*given, *values) for part in ast.walk(value)]
        return any(
            (isinstance(part, ast.Name) and self._is_op(part)) or (isinstance(part, ast.Attribute) and part.attr == "get_bind")
            for part in parts
        )

    def _lose(self, what: str, object: str, line: int) -> None:
        if (what, object[:200], line) not in self.losses:
            self.losses.append((what, object[:200], line))

    def _break(self, why: str, line: int) -> None:
        if (why, line) not in self.breaks:
            self.breaks.append((why, line))

    def _doubt(self, why: str, line: int) -> None:
        if (why, line) not in self.unclear:
            self.unclear.append((why, line))
