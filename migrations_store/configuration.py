"""Where a project keeps its revisions, read from its alembic.ini and pyproject.toml without executing anything."""

import configparser
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrations_store.errors import ConfigurationError
from migrations_store.models import Project

LARGEST_CONFIG = 1024 * 1024
SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
OLD_LOCATIONS = re.compile(r", *|(?: +)")
OLD_PATHS = re.compile(r", *|(?: +)|:")
KEYS = (
    "script_location",
    "version_locations",
    "recursive_version_locations",
    "sourceless",
    "prepend_sys_path",
    "path_separator",
    "version_path_separator",
)


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
    version_locations: tuple[Path, ...]
    recursive: bool
    config_files: tuple[Path, ...]
    warnings: tuple[Warned, ...] = ()


Values = dict[str, Any]


def read_configuration(project: Project, root: Path) -> Configuration:
    """Alembic's own rules, followed statically. ConfigurationError with a sentence where they lead nowhere or out of the root."""
    try:
        ini, toml = _config_files(project, root)
        ini_values = _ini(project, ini) if ini else {}
        toml_values = _toml(toml) if toml else {}
        files = tuple(path for path in (ini, toml) if path)
        return _Reader(project, root, files, toml_values | ini_values).read()
    except OSError as error:  # a name that is too long for the file system, a folder that may not be looked into
        place = os.path.relpath(error.filename, root)[:200] if error.filename else "A place that the configuration names"
        raise ConfigurationError(f"{place} cannot be looked at: {error.strerror}. Nothing was read or kept.") from None


class _Reader:
    """One reading. What the project's own fields say is relative to the root, what its files say to the working directory."""

    def __init__(self, project: Project, root: Path, files: tuple[Path, ...], values: Values) -> None:
        self.project, self.root, self.files, self.values = project, root, files, values
        self.working = root / project.working_directory
        self.here = files[0].parent if files else root
        self.warnings: list[Warned] = []

    def read(self) -> Configuration:
        script = self._script_location()
        versions = self._version_locations(script)
        for place in versions:
            if not place.is_dir():
                self._warn("no_versions_folder", f"There is no folder {self._shown(place)}, so Alembic finds no revisions there.")
        if _is_true(self.values, "sourceless"):
            self._warn("sourceless", "sourceless is on: revisions that are there only in compiled form are not read here.")
        recursive = _is_true(self.values, "recursive_version_locations")
        return Configuration(script, tuple(versions), recursive, self.files, tuple(self.warnings))

    def _warn(self, code: str, message: str) -> None:
        self.warnings.append(Warned(code, message))

    def _script_location(self) -> Path:
        given = self.project.script_location
        location = given or self.values.get("script_location")
        if not location:
            raise ConfigurationError(self._no_location())
        script = self._place(location, self.root if given else self.working, "script_location")
        if not script.is_dir() and not given and not os.path.isabs(location):
            raise ConfigurationError(
                f"script_location {location[:200]!r} leads to {self._shown(script)}, which is no folder. Alembic takes it from the folder "
                "in which it is started: register that folder as the source, with config_path, or name it as the working directory."
            )
        if not script.is_dir():
            raise ConfigurationError(f"script_location {str(location)[:200]!r} leads to {self._shown(script)}, which is no folder.")
        return script

    def _no_location(self) -> str:
        if not self.files:
            return f"There is no alembic.ini in {self.root}, and no script_location was given."
        names = " and ".join(path.name for path in self.files)
        section = self.project.section or "alembic"
        sections = {".toml": "[tool.alembic]"}
        places = " or ".join(dict.fromkeys(sections.get(path.suffix, f"[{section}]") for path in self.files))
        return f"There is no script_location in {places} of {names}. Name the section that has one, or give a script_location."

    def _version_locations(self, script: Path) -> list[Path]:
        given = self.project.version_locations
        found = given or self.values.get("version_locations")
        if not found:
            return [script / "versions"]
        parts = found if isinstance(found, list) else self._split(str(found), OLD_LOCATIONS, "path_separator", "version_path_separator")
        return [self._place(part, self.root if given else self.working, "version_locations") for part in parts]

    def _search_path(self) -> list[Path]:
        """Where a `package:folder` is looked for: prepend_sys_path, then the usual places of a project."""
        given = self.values.get("prepend_sys_path") or []
        parts = given if isinstance(given, list) else self._split(str(given), OLD_PATHS, "path_separator")
        places = [self.working / str(part) for part in parts]
        return [*places, self.working, self.root, self.root / "src", self.here, self.root.parent]

    def _split(self, text: str, old: re.Pattern[str], *names: str) -> list[str]:
        """By the first separator that is named, and by the rule of older versions without one."""
        separator = next((str(self.values[name]) for name in names if name in self.values), None)
        if separator is None:
            parts = old.split(text)
        else:
            known = separator.split("#")[0].strip()
            if known not in SEPARATORS:
                raise ConfigurationError(f"path_separator is {separator[:20]!r}; Alembic knows {', '.join(SEPARATORS)}.")
            if known != separator:
                self._warn("path_separator", f"path_separator is {separator[:60]!r}; Alembic takes the comment for a part of it.")
            parts = text.split(SEPARATORS[known])
        return [part.strip() for part in parts if part.strip()]

    def _place(self, location: Any, start: Path, what: str) -> Path:
        """A path, or package:folder:folder, found without importing the package; always within the root."""
        if not isinstance(location, str) or not location or "\0" in location:
            raise ConfigurationError(f"{what} is {str(location)[:60]!r}, which is no place.")
        location = location.replace("%(here)s", str(self.here))
        found = self._packaged(location) if ":" in location and not os.path.isabs(location) else start / location
        return _inside(Path(os.path.normpath(found)), self.root, what)

    def _packaged(self, location: str) -> Path:
        package, *folders = location.split(":")
        for path in self._search_path():
            found = path / Path(*package.split(".")) / Path(*folders)
            if found.is_dir() and _is_inside(found, self.root):
                return found
        raise ConfigurationError(f"{location[:200]!r} names a folder of package {package[:100]}, which is not found in the source.")

    def _shown(self, path: Path) -> str:
        return os.path.relpath(path, self.root)


# --- files


def _config_files(project: Project, root: Path) -> tuple[Path | None, Path | None]:
    """The .ini file and the pyproject.toml beside it, each or None: Alembic reads both, and the first one wins."""
    path = _inside(root / (project.config_path or "alembic.ini"), root, "config_path")
    if not path.is_file():
        if project.script_location and project.config_path in ("", "alembic.ini"):
            return None, None
        name = project.config_path or "alembic.ini"
        raise ConfigurationError(f"There is no {name} in {root}. Name the file, relative to the source.{_candidates(root)}")
    ini, toml = path.with_name("alembic.ini"), path.with_name("pyproject.toml")
    if path.suffix != ".toml":
        ini = path
    elif path.name != "pyproject.toml":
        raise ConfigurationError(f"{path.name} is no configuration that Alembic reads: it takes an .ini file or a pyproject.toml.")
    return (ini if _is_usable(ini, root) else None), (toml if _is_usable(toml, root) else None)


def _is_usable(path: Path, root: Path) -> bool:
    return path.is_file() and _is_inside(path, root)


def _candidates(root: Path) -> str:
    patterns = [f"{folder}{name}" for folder in ("", "*/", "*/*/") for name in ("alembic.ini", "pyproject.toml")]
    found = [path for pattern in patterns for path in root.glob(pattern) if path.name == "alembic.ini" or _mentions_alembic(path)]
    names = sorted(str(path.relative_to(root)) for path in found)
    return f" Found instead: {', '.join(names[:5])}." if names else ""


def _mentions_alembic(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= LARGEST_CONFIG and b"[tool.alembic]" in path.read_bytes()
    except OSError:
        return False


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise ConfigurationError(f"{path.name} has {path.stat().st_size:,} bytes; a configuration is not that large.")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name} cannot be read as UTF-8 text ({type(error).__name__}).") from None


def _toml(path: Path) -> Values:
    try:
        document = tomllib.loads(_text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path.name} is not valid TOML: {error}.") from None
    tool = document.get("tool", {})
    found = tool.get("alembic", {}) if isinstance(tool, dict) else {}
    if not isinstance(found, dict):
        raise ConfigurationError(f"[tool.alembic] of {path.name} is no table.")
    return {key: _filled(found[key], path, key) for key in KEYS if key in found and not key.endswith("separator")}


def _filled(value: Any, path: Path, key: str) -> Any:
    """With %(here)s replaced and %% halved, as Alembic does for texts and lists of them."""
    if isinstance(value, list):
        return [_filled(part, path, key) for part in value]
    try:
        return value % {"here": path.parent.as_posix()} if isinstance(value, str) else value
    except (KeyError, TypeError, ValueError):
        raise ConfigurationError(f"{path.name}: {key} holds a % that stands for nothing. Write a single % as %%.") from None


def _ini(project: Project, path: Path) -> Values:
    """Only the needed keys are interpolated: a URL with a single % is no obstacle to reading the graph."""
    parser = configparser.ConfigParser(defaults={"here": path.parent.as_posix()}, strict=False)
    section = project.section or "alembic"
    try:
        parser.read_string(_text(path), source=path.name)
    except configparser.Error as error:
        raise ConfigurationError(f"{path.name} is not a valid ini file: {str(error).splitlines()[0]}") from None
    if not parser.has_section(section):
        return _no_section(project, path, section, parser)
    try:
        return {key: parser.get(section, key) for key in KEYS if parser.get(section, key, fallback="")}
    except configparser.InterpolationError as error:
        raise ConfigurationError(f"{path.name}: {str(error).splitlines()[0]} Write a single % as %%.") from None


def _no_section(project: Project, path: Path, section: str, parser: configparser.ConfigParser) -> Values:
    """Alembic takes it as an empty section, which is enough where the location stands elsewhere."""
    beside = path.with_name("pyproject.toml")
    if project.script_location or _mentions_alembic(beside):
        return {}
    known = ", ".join(f"[{name}]" for name in parser.sections()[:10]) or "no section at all"
    raise ConfigurationError(f"{path.name} has no section [{section}]; it has {known}.")


def _inside(path: Path, root: Path, what: str) -> Path:
    if not _is_inside(path, root):
        raise ConfigurationError(f"{what} leads out of the source: everything that is read must lie within it.")
    return path


def _is_inside(path: Path, root: Path) -> bool:
    """Also when links are followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _is_true(values: Values, key: str) -> bool:
    """As strict as Alembic: the text true in an ini file, a boolean in a pyproject.toml."""
    return values.get(key) in (True, "true")
