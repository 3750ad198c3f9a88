"""One reading of a project's code: where it lies, which files count, and what its revision files say. Nothing is executed or kept."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from migrations_store import graph, manifests
from migrations_store.configuration import Configuration, Warned, read_configuration
from migrations_store.errors import SourceError
from migrations_store.models import Project
from migrations_store.scripts import ScriptFacts, clean, decode, read_script
from migrations_store.sources import read_source

READS = ("config_path", "section", "script_location", "version_locations", "working_directory")


@dataclass(frozen=True)
class Revisions:
    """The document of the graph, and the texts of its files by hash."""

    document: dict[str, Any]
    texts: dict[str, str]


@dataclass(frozen=True)
class CodeReading:
    """`digest` is over content, not time or place: two clones of the same code have the same digest."""

    root: Path
    commit: str
    configuration: Configuration
    manifest: dict[str, str]
    digest: str

    @cached_property
    def revisions(self) -> Revisions:
        """Read when first asked for; code whose digest is known need not be parsed again."""
        return _revisions(self)

    def warnings(self) -> list[dict[str, Any]]:
        """What a reader has to know: faults, folders that are not read, a history without revisions."""
        document = self.revisions.document
        faults = [{"code": fault["kind"], **{key: fault[key] for key in ("message", "path", "line")}} for fault in document["faults"]]
        return [asdict(warned) for warned in self.configuration.warnings] + faults + [asdict(warned) for warned in self._missed()]

    def _missed(self) -> list[Warned]:
        found = []
        unread = manifests.unread_folders(self.root, self.configuration)
        if unread:
            count, names = sum(unread.values()), ", ".join(sorted(unread)[:5])
            files = "1 revision file" if count == 1 else f"{count} revision files"
            message = f"{files} in sub-folders ({names}) are not read: recursive_version_locations is not on."
            found.append(Warned("unread_folders", message))
        if not self.revisions.document["revisions"]:
            message = "No revision was found. Are script_location, version_locations and path_separator right?"
            found.append(Warned("no_revisions", message))
        return found


def read_code(project: Project) -> CodeReading:
    """Fetches the code where it is in a repository. SourceError or ConfigurationError says why it cannot be had."""
    source = read_source(project)
    configuration = read_configuration(project, source.root)
    manifest = manifests.read_manifest(source.root, configuration)
    return CodeReading(source.root, source.commit, configuration, manifest, _digest(project, source.commit, manifest))


def _digest(project: Project, commit: str, manifest: dict[str, str]) -> str:
    reads = [getattr(project, name) for name in READS]
    content = {"manifest": manifest, "reads": reads, "commit": commit, "version": graph.VERSION}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _revisions(code: CodeReading) -> Revisions:
    scripts, texts = [], {}
    for path in manifests.revision_files(code.configuration):
        script, text = _script(path, code)
        scripts.append(script)
        texts[script.sha256] = text
    return Revisions(graph.build(scripts), texts)


def _script(path: Path, code: CodeReading) -> tuple[graph.Script, str]:
    name = manifests.relative(path, code.root)
    try:
        data = manifests.read_script_file(path, code.root)
    except SourceError as error:
        return graph.Script(ScriptFacts(name, problem=(str(error), 1)), name, ""), ""
    key = hashlib.sha256(data).hexdigest()
    if key != code.manifest.get(name):
        raise SourceError(f"{name} changed while the code was being read. Nothing was kept; read it again.")
    facts, text = _read(name, data)
    return graph.Script(facts, name, key), clean(text)


def _read(name: str, data: bytes) -> tuple[ScriptFacts, str]:
    try:
        text = decode(data)
    except (SyntaxError, ValueError, LookupError) as error:
        problem = (f"Its encoding cannot be read: {error}.", 1)
        return ScriptFacts(name, problem=problem), data.decode("utf-8", "replace")
    return read_script(Path(name), text), text
