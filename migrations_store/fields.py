"""From the fields of a form or a request to a project, each checked for type and sense."""

import os
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, TypeVar

from config.errors import Invalid
from migrations_store.errors import SourceError
from migrations_store.models import Project, SourceKind
from migrations_store.remotes import check_ref, check_url
from migrations_store.sources import check_directory

SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
FLASK_APP = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*(\(\))?", re.ASCII)
UNKEPT = re.compile("[\0\ud800-\udfff]")  # no database keeps these
Checked = TypeVar("Checked")
PLACES = ("url", "username", "password", "host", "port", "database", "environment", "name")
PLACE = re.compile(r"\{([^{}]*)\}")
TEXTS = {"name": 200, "section": 100, "script_location": 500, "flask_app": 200}
MOST_REVIEWS = 10
KNOWN = {"slug", "source", "reviews_needed", "config_path", "version_locations", "python", "working_directory", "env_vars"}
KNOWN |= {"x_arguments", *TEXTS}


def fill_project(project: Project, fields: dict[str, Any]) -> None:
    """Sets what is named in `fields` (contract: POST /projects); Invalid names each field that is wrong."""
    wrong: dict[str, str] = {}
    for name in fields.keys() - KNOWN:
        wrong[name] = "There is no such field."
    if project.pk is None and not fields.get("slug"):
        wrong["slug"] = "Give a slug, such as shop."
    if project.pk is None and "source" not in fields:
        wrong["source"] = "Say where the code is."
    for name in sorted(fields.keys() & KNOWN):
        try:
            _set(project, name, fields[name])
        except Invalid as error:
            wrong.update(error.fields or {name: str(error)})
    if wrong:
        raise Invalid(" ".join(f"{name}: {sentence}" for name, sentence in sorted(wrong.items())), wrong)
    project.name = project.name or project.slug


def _set(project: Project, name: str, value: Any) -> None:
    if name == "slug":
        project.slug = _slug(value)
    elif name == "source":
        _set_source(project, value)
    elif name == "flask_app":
        project.flask_app = _flask_app(value)
    elif name in TEXTS:
        setattr(project, name, _text(name, value, TEXTS[name]))
    elif name in ("config_path", "working_directory"):
        setattr(project, name, _relative(name, value) or ("alembic.ini" if name == "config_path" else ""))
    elif name == "python":
        project.python = _interpreter(value)
    elif name == "version_locations":
        project.version_locations = [_text(name, part, 500) for part in _list(name, value)]
    elif name == "reviews_needed":
        project.reviews_needed = _reviews(value)
    elif name == "env_vars":
        project.env_vars = _variables(value)
    else:
        project.x_arguments = [_argument(part) for part in _list(name, value)]


def _flask_app(value: Any) -> str:
    text = _text("flask_app", value, TEXTS["flask_app"])
    if text and not FLASK_APP.fullmatch(text):
        raise Invalid.of("flask_app", "Write it as module:application or module:factory().")
    return text


def _slug(value: Any) -> str:
    if not isinstance(value, str) or not SLUG.fullmatch(value):
        raise Invalid("Use 1 to 63 small letters, digits, hyphens, dots or underscores, beginning with a letter or digit.")
    return value


def _set_source(project: Project, value: Any) -> None:
    if not isinstance(value, dict):
        raise Invalid('Write {"kind": "directory", "path": …} or {"kind": "git", "url": …}.')
    kind = value.get("kind")
    if kind == SourceKind.DIRECTORY:
        project.source_path = str(_checked("path", check_directory, value.get("path"), 1000))
    elif kind == SourceKind.GIT:
        project.source_url = _checked("url", check_url, value.get("url"), 1000)
        project.source_ref = _checked("ref", check_ref, value.get("ref") or "main", 255)
        project.source_subdirectory = _relative("subdirectory", value.get("subdirectory") or "")
    else:
        raise Invalid("The kind of a source is directory or git.")
    project.source_kind = SourceKind(kind)


def _checked(name: str, check: Callable[[str], Checked], value: Any, longest: int) -> Checked:
    try:
        return check(_text(name, value, longest))
    except SourceError as error:
        raise Invalid(str(error), {name: str(error)}) from None


def _text(name: str, value: Any, longest: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or UNKEPT.search(value) or any(ord(letter) < 32 for letter in value):
        raise Invalid.of(name, f"{name} has to be one line of text, at most {longest} characters.")
    return value.strip()


def _relative(name: str, value: Any) -> str:
    text = _text(name, value, 500)
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise Invalid.of(name, "Give a path within the source, relative to its root, without '..'.")
    return "" if str(path) == "." else str(path)


def _interpreter(value: Any) -> str:
    path = _text("python", value, 500)
    if path and not (os.path.isabs(path) and os.path.isfile(path) and os.access(path, os.X_OK)):
        raise Invalid("Give the absolute path of a Python interpreter on this machine, such as /srv/shop/.venv/bin/python.")
    return path


def _list(name: str, value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 100:
        raise Invalid(f"{name} is a list of texts.")
    return value


def _reviews(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_REVIEWS:
        raise Invalid(f"A proposal needs 0 to {MOST_REVIEWS} approvals.")
    return value


def _variables(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > 100:
        raise Invalid("env_vars maps names of environment variables to texts.")
    for name, template in value.items():
        if not isinstance(name, str) or not VARIABLE.fullmatch(name):
            raise Invalid(f"{str(name)[:60]!r} is not the name of an environment variable.")
        _template(template)
    return dict(value)


def _argument(value: Any) -> str:
    if not isinstance(value, str) or "=" not in value or not value.partition("=")[0].strip():
        raise Invalid('Each -x argument is a text "name=value".')
    return _template(value)


def _template(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 4000 or UNKEPT.search(value):
        raise Invalid("A template is a text of at most 4,000 characters.")
    for place in PLACE.findall(value):
        if VARIABLE.fullmatch(place) and place not in PLACES:
            raise Invalid(f"{{{place[:40]}}} stands for nothing; there are {', '.join('{' + known + '}' for known in PLACES)}.")
    return value
