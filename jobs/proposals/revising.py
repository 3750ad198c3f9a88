"""Versions without a comparison: revisions of other kinds, edited files, accepted renames. The runner may connect to nothing."""

import hashlib
from typing import Any

from environments import urls
from environments.models import Database, Environment
from jobs import isolation, spec, supervisor
from jobs.models import Plan
from jobs.proposals import outlook, plain
from jobs.proposals.making import Making, NotMade, problem
from jobs.proposals.outcome import checksum
from migrations_store import differences
from migrations_store import graph as graphs
from migrations_store.models import Proposal, ProposalVersion

Origin = ProposalVersion.Origin
# What the runner tells in sentences of its own, which need no explanation.
OURS = {
    "edited_file": "The edited file was not taken",
    "not_rewritten": "The file cannot be rewritten",
    "not_moved": "The revision cannot be moved",
    "invalid": "This was not taken",
}


class Revising(Making):
    """A proposal of another kind than autogenerate."""

    nothing = "The project's code ended without giving a file."

    def __init__(self, proposal: Proposal) -> None:
        super().__init__(proposal)
        self.profile = _profile(proposal)

    def version(self) -> ProposalVersion:
        graph = graphs.load(self.snapshot)
        dialect = urls.dialect(self.profile.driver) if self.profile.pk else ""
        self.run({"kind": self.proposal.kind, "message": self.proposal.message, "dialect": dialect} | self._asked())
        files = [self.below_root(file) for file in self.told["files"]]
        if self.proposal.kind == Proposal.Kind.REPARENT:
            self._require_whole(files)
        found = ProposalVersion(proposal=self.proposal, snapshot=self.snapshot, files=files, checksum=checksum(files))
        found.heads = self.told["facts"].get("heads", [])
        found.facts = self.told["facts"] | {"dialect": dialect, "outlook": outlook.drawn(graph, files)}
        found.red_flags = outlook.red_flags(self.proposal.project, graph, files, self.proposal.kind)
        return found

    def _asked(self) -> dict[str, Any]:
        """A moved head's revision is in the code already."""
        options = self.options()
        return options if self.proposal.kind == Proposal.Kind.REPARENT else options | {"revision_id": self.proposal.revision_id}

    def run(self, asked: dict[str, Any]) -> None:
        database = self.proposal.database or self.profile
        plan = Plan(database=database, snapshot=self.snapshot, command="revise", steps=[], from_heads=[], to_heads=[])
        self.launch(spec.build(plan, self.snapshot, password=None) | {"proposal": asked}, secrets=[])
        self.require_told()

    def _require_whole(self, files: list[dict[str, Any]]) -> None:
        """The file as the runner told it is, byte for byte, the one of the snapshot: a patch has to fit."""
        for file in files:
            digest = hashlib.sha256(file["replaces"].encode()).hexdigest()
            if self.snapshot.manifest.get(file["path"]) != digest:
                why = f"{file['path']} holds characters that cannot be carried over, or has changed meanwhile. Change it by hand."
                raise NotMade(problem("not_moved", OURS["not_moved"], why))

    def explained(self, error: dict[str, Any] | None, end: supervisor.Exit) -> dict[str, Any]:
        code = str((error or {}).get("code"))
        if code in OURS:
            return problem(code, OURS[code], str((error or {}).get("message")))
        return super().explained(error, end)


class Redoing(Revising):
    """A draft on top of a version: its comparison stays what was compared."""

    def version(self) -> ProposalVersion:
        draft = self.proposal.draft or {}
        base = self.proposal.versions.get(number=draft["base"])
        files = [{**file} for file in base.files]
        asked: dict[str, Any] = {"files": files, "dialect": _dialect(base), "tokens": base.facts.get("tokens") or []}
        if draft["origin"] == Origin.EDITED:
            before = files[draft["index"]]["python"]
            files[draft["index"]]["python"] = draft["python"]
            asked |= {"kind": "edited", "unrun": self._unrun(draft["python"], before)}
        else:
            asked |= {"kind": "renamed", "unrun": self._unrun("\n".join(file["python"] for file in files), files[0]["python"])}
            asked["rename"] = _rename(base, draft)
        self.run(asked | {"message": self.proposal.message})
        return self._version(base, draft)

    def _unrun(self, python: str, before: str) -> str:
        if isolation.current().uid is not None:
            return ""
        made = self.proposal.versions.filter(origin=Origin.MADE).order_by("-number").first()
        known = "\n".join(file["python"] for file in made.files) if made else before
        return plain.why_not_run(python, known)

    def _version(self, base: ProposalVersion, draft: dict[str, Any]) -> ProposalVersion:
        files = self.told["files"]
        dialect = str(base.facts.get("dialect", ""))
        entries = differences.structured([operation for file in files for operation in file["operations"]], dialect)
        found = ProposalVersion(proposal=self.proposal, snapshot=base.snapshot, heads=base.heads, facts=base.facts, files=files)
        found.origin, found.author_id, found.note = draft["origin"], draft["author"], draft["note"]
        found.changes = [entry.shown() for entry in entries]
        found.red_flags, found.blind_spots, found.checksum = base.red_flags, base.blind_spots, checksum(files)
        return found


def _rename(base: ProposalVersion, draft: dict[str, Any]) -> dict[str, Any]:
    entries = {(entry["key"], entry["what"]): entry for entry in base.changes}
    old, new = entries[draft["old"], "removed"], entries[draft["new"], "added"]
    name = "table" if old["kind"] == "table" else "name"
    return {"kind": old["kind"], "schema": old["schema"], "table": old["table"], "old": old[name], "new": new[name]}


def _dialect(version: ProposalVersion) -> str:
    found = str(version.facts.get("dialect", ""))
    return "mysql" if found == "mariadb" else found


def _profile(proposal: Proposal) -> Database:
    """What env.py is told of where nothing is compared: one of the project's databases, or none that exists. Never saved."""
    found = proposal.project.databases.select_related("project", "environment").first()
    nowhere = Environment(slug="", name="")
    return found or Database(pk=None, project=proposal.project, environment=nowhere, driver="sqlite", database=":memory:")
