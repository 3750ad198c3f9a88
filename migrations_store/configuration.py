"""Where a project keeps its revisions, read from its alembic.ini or pyproject.toml without executing anything."""

import configparser
import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrations_store.errors import ConfigurationError
from migrations_store.models import Project

LARGEST_CONFIG = 1024 * 1024
SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";", ",": ","}
OLD_SEPARATOR = re.compile(r", *|(?: +)")


@dataclass(frozen=True)
class Warned:
    """A remark on code or configuration; `line` 0 where it concerns the whole file."""

    code: str
    message: str
    path: str = ""
    line: int = 0


@dataclass(frozen=True)
class Configuration:
    """`version_locations` are the folders that hold revisions; with `recursive` also those below them."""

    script_location: Path
    version_locations: list[Path]
    recursive: bool
    sourceless: bool
    config_file: Path | None
    warnings: list[Warned] = field(default_factory=list)


Values = dict[str, Any]


def read_configuration(project: Project, root: Path) -> Configuration:
    """Alembic's own rules, followed statically. ConfigurationError with a sentence where they lead nowhere or out of the root."""
    config_file = _config_file(project, root)
    values, warnings = _values(project, config_file) if config_file else ({}, [])
    here = config_file.parent if config_file else root
    location = project.script_location or values.get("script_location")
    if not location:
        raise ConfigurationError(_no_location(project, config_file, root))
    paths = _search_path(values, here, root, project)
    script = _inside(_place(str(location), here, root / project.working_directory, paths), root, "script_location")
    if not script.is_dir():
        raise ConfigurationError(f"script_location {str(location)[:200]!r} leads to {_shown(script, root)}, which is no folder.")
    versions = _version_locations(project, values, script, here, root, paths)
    if not project.version_locations and not values.get("version_locations") and not versions[0].is_dir():
        warnings = [*warnings, Warned("no_versions_folder", f"There is no folder {_shown(versions[0], root)}, so there are no revisions.")]
    return Configuration(
        script, versions, _is_true(values.get("recursive_version_locations")), _is_true(values.get("sourceless")), config_file, warnings
    )


def _config_file(project: Project, root: Path) -> Path | None:
    path = root / (project.config_path or "alembic.ini")
    _inside(path, root, "config_path")
    if path.is_file():
        return path
    if project.script_location and project.config_path in ("", "alembic.ini"):
        return None
    raise ConfigurationError(
        f"There is no {project.config_path or 'alembic.ini'} in {root}. Name the file, relative to the source.{_candidates(root)}"
    )


def _candidates(root: Path) -> str:
    found = [str(path.relative_to(root)) for pattern in ("alembic.ini", "*/alembic.ini", "*/*/alembic.ini") for path in root.glob(pattern)]
    return f" Found instead: {', '.join(sorted(found)[:5])}." if found else ""


def _no_location(project: Project, config_file: Path | None, root: Path) -> str:
    if config_file is None:
        return f"There is no alembic.ini in {root}, and no script_location was given."
    section = "[tool.alembic]" if config_file.suffix == ".toml" else f"[{project.section or 'alembic'}]"
    return f"{config_file.name} has no script_location in {section}. Name the section that has one, or give a script_location."


def _values(project: Project, path: Path) -> tuple[Values, list[Warned]]:
    if path.stat().st_size > LARGEST_CONFIG:
        raise ConfigurationError(f"{path.name} has {path.stat().st_size:,} bytes; a configuration is not that large.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name} cannot be read as UTF-8 text ({type(error).__name__}).") from None
    return (_toml(path, text), []) if path.suffix == ".toml" else (_ini(project, path, text), [])


def _toml(path: Path, text: str) -> Values:
    try:
        found = tomllib.loads(text).get("tool", {}).get("alembic", {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path.name} is not valid TOML: {error}.") from None
    if not isinstance(found, dict) or not found:
        raise ConfigurationError(f"{path.name} has no table [tool.alembic].")
    return {key: _with_here(value, path) for key, value in found.items()}


def _with_here(value: Any, path: Path) -> Any:
    if isinstance(value, list):
        return [_with_here(part, path) for part in value]
    return value.replace("%(here)s", str(path.parent)) if isinstance(value, str) else value


def _ini(project: Project, path: Path, text: str) -> Values:
    """Only the needed keys are interpolated: a URL with a single % is no obstacle to reading the graph."""
    parser = configparser.ConfigParser(defaults={"here": str(path.parent)}, strict=False)
    section = project.section or "alembic"
    try:
        parser.read_string(text, source=path.name)
    except configparser.Error as error:
        raise ConfigurationError(f"{path.name} is not a valid ini file: {str(error).splitlines()[0]}") from None
    if not parser.has_section(section):
        known = ", ".join(f"[{name}]" for name in parser.sections()[:10]) or "no section at all"
        if project.script_location:
            return {}
        raise ConfigurationError(f"{path.name} has no section [{section}]; it has {known}.")
    keys = (
        "script_location",
        "version_locations",
        "recursive_version_locations",
        "sourceless",
        "prepend_sys_path",
        "path_separator",
        "version_path_separator",
    )
    try:
        return {key: parser.get(section, key) for key in keys if parser.has_option(section, key)}
    except configparser.InterpolationError as error:
        raise ConfigurationError(f"{path.name}: {str(error).splitlines()[0]} Write a single % as %%.") from None


def _search_path(values: Values, here: Path, root: Path, project: Project) -> list[Path]:
    """Where a `package:folder` is looked for: prepend_sys_path, then the usual places of a project."""
    given = values.get("prepend_sys_path") or []
    parts = given if isinstance(given, list) else re.split(r"[ ,:;\n]+", str(given))
    working = root / project.working_directory
    return [*[working / part for part in parts if part], working, root, root / "src", here]


def _version_locations(project: Project, values: Values, script: Path, here: Path, root: Path, paths: list[Path]) -> list[Path]:
    given = project.version_locations or values.get("version_locations")
    if not given:
        return [script / "versions"]
    parts = given if isinstance(given, list) else _split(str(given), values)
    working = root / project.working_directory
    places = [_inside(_place(str(part), here, working, paths), root, "version_locations") for part in parts]
    for part, place in zip(parts, places, strict=True):
        if not place.is_dir():
            raise ConfigurationError(
                f"version_locations names {part!r}, which leads to {_shown(place, root)}: no folder. Is path_separator right?"
            )
    return places


def _split(text: str, values: Values) -> list[str]:
    separator = str(values.get("path_separator") or values.get("version_path_separator") or "").split("#")[0].strip()
    if not separator:
        parts = OLD_SEPARATOR.split(text)
    elif separator in SEPARATORS:
        parts = text.split(SEPARATORS[separator])
    else:
        raise ConfigurationError(f"path_separator is {separator[:20]!r}; Alembic knows {', '.join(SEPARATORS)}.")
    return [part.strip() for part in parts if part.strip()]


def _place(location: str, here: Path, working: Path, paths: list[Path]) -> Path:
    """A path, or package:folder:folder, found without importing the package."""
    if "\0" in location:
        raise ConfigurationError("A location holds a NUL character.")
    location = location.replace("%(here)s", str(here))
    if ":" not in location or os.path.isabs(location):
        return Path(os.path.normpath(working / location))
    package, *folders = location.split(":")
    for path in paths:
        found = path / Path(*package.split(".")) / Path(*folders)
        if found.is_dir():
            return Path(os.path.normpath(found))
    raise ConfigurationError(f"{location[:200]!r} names a folder of package {package[:100]}, which is not found in the source.")


def _inside(path: Path, root: Path, what: str) -> Path:
    """The path if it stays within the root also when links are followed."""
    if not os.path.realpath(path).startswith(os.path.join(os.path.realpath(root), "")) and os.path.realpath(path) != os.path.realpath(root):
        raise ConfigurationError(f"{what} leads out of the source: everything that is read must lie within it.")
    return path


def _shown(path: Path, root: Path) -> str:
    return os.path.relpath(path, root)


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() in {"true", "yes", "on", "1"}
