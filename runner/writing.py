"""The file of a candidate revision: rendered by the project's own template, in memory, and proven to say what was asked for."""

from __future__ import annotations

import ast
import re

from .failures import Failure

LONGEST = 200
NEUTRAL = "neutral"
IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,32}")
DIFFERS = "The file that the project's template wrote is not what was asked for: {}. It was thrown away."


class Rendered(Exception):
    """What Alembic was about to write where: the way out of it before it opens a file."""

    def __init__(self, template, path, values: dict) -> None:
        super().__init__()
        self.template, self.path, self.values = str(template), str(path), values


def valid(message: str, revision_id: str) -> None:
    """The same rules as the dashboard's: a specification is not trusted to have kept them."""
    if not message.isprintable() or len(message) > 200 or '"""' in message or "\\" in message:
        raise Failure(
            "invalid", "The message of a revision has to be printable, of 200 characters at most, without backslash or triple quotes."
        )
    if revision_id and not IDENTIFIER.fullmatch(revision_id):
        raise Failure("invalid", "A revision id is 1 to 32 letters, digits and underscores.")


def written(script, revision, generated) -> dict:
    """`python`, the same with a neutral message, and the facts."""
    return caught(script, lambda: revision._to_script(generated))


def caught(script, generate) -> dict:
    """What `generate` would have Alembic write; it is stopped when it would open the file."""

    def stop(template, path, **values):
        raise Rendered(template, path, values)

    script._generate_template = stop
    script._ensure_directory = lambda *_: None
    try:
        generate()
    except Rendered as rendered:
        return _file(rendered)
    raise Failure("project_error", "Alembic ended without writing the revision.")


def _file(rendered: Rendered) -> dict:
    values, down = rendered.values, rendered.values["down_revision"]
    facts = {
        "revision": str(values["up_revision"]),
        "down_revisions": [] if down is None else [down] if isinstance(down, str) else list(down),
        "message": str(values["message"]),
        "path": rendered.path,
    }
    neutral = {**values, "message": NEUTRAL}
    return {"facts": facts, "python": _render(rendered.template, values), "neutral": _render(rendered.template, neutral)}


def _render(template: str, values: dict) -> str:
    from mako.template import Template

    text: str = Template(filename=template).render_unicode(**values)  # noqa: S702 - it writes Python, no page
    return text.replace("\r\n", "\n")


def require(file: dict, *, asked: dict) -> None:
    """Raises Failure unless the file is the same code whatever the message says, and its assignments are those of the request."""
    text, facts = file["python"], file["facts"]
    valid(facts["message"], "")
    try:
        tree, neutral = ast.parse(text), ast.parse(file["neutral"])
    except SyntaxError as error:
        raise Failure("project_error", DIFFERS.format("it is no Python (line {}: {})".format(error.lineno, error.msg))) from None
    assigned = _assigned(tree)
    if _code(tree) != _code(neutral):
        raise Failure("project_error", DIFFERS.format("the message has become code"))
    if assigned.get("revision") != facts["revision"]:
        raise Failure("project_error", DIFFERS.format("its revision is {!r}, not {!r}".format(assigned.get("revision"), facts["revision"])))
    if _names(assigned.get("down_revision")) != facts["down_revisions"]:
        raise Failure("project_error", DIFFERS.format("its down_revision is {!r}".format(assigned.get("down_revision"))))
    for option, name in (("branch_label", "branch_labels"), ("depends_on", "depends_on")):
        if asked.get(option) and not _names(assigned.get(name)):
            raise Failure("project_error", DIFFERS.format("it has no {}, which script.py.mako has to write".format(name)))


def _names(value) -> list:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _code(tree: ast.AST) -> str:
    """The tree without what its strings say."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def _assigned(tree: ast.Module) -> dict:
    found = {}
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                continue
            found.update((target.id, value) for target in targets if isinstance(target, ast.Name))
    return found
