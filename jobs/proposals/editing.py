"""What people make of a proposal's newest version: an edited file, an accepted rename. A worker makes the further version of it."""

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import Action
from audit.services import record
from config.errors import Conflict, Invalid
from jobs.events import plain
from jobs.proposals import access, asking
from migrations_store.models import Proposal, ProposalVersion

LONGEST = 200_000
LONGEST_NOTE = 300


def edit(proposal: Proposal, *, user: User, python: str, expected_version: int, path: str = "", note: str = "") -> Proposal:
    """A further version with this text in place of the file at `path`, or of the only one. `revision` and `down_revision` have to stay.

    It is parsed and its SQL is written by a worker; if that fails, the newest version stays, and the draft is kept with the reason.
    """
    access.require(user, Action.CHECK, proposal)
    text, note = _text(python), _note(note)
    with transaction.atomic():
        asking.queue(proposal, draft=None)
        version = asking.require_newest(proposal, expected_version)
        index = _index(version, path)
        if proposal.kind == Proposal.Kind.REPARENT:
            raise Conflict("This proposal changes one assignment of a file that is in the code; it is made, not edited.")
        if text == version.files[index]["python"]:
            raise Invalid("The text is what it was: there is nothing to keep.", {"python": "The text is what it was."})
        draft = {"python": text, "index": index}
        _ask(proposal, user, version, ProposalVersion.Origin.EDITED, note, draft)
    proposal.refresh_from_db()
    return proposal


def treat_as_rename(proposal: Proposal, *, user: User, key: str, expected_version: int) -> Proposal:
    """A further version in whose file the entry `key` and the one that it may be the same as have become a rename, both ways."""
    access.require(user, Action.CHECK, proposal)
    with transaction.atomic():
        asking.queue(proposal, draft=None)
        version = asking.require_newest(proposal, expected_version)
        old, new = _pair(version, key)
        names = _name(old), _name(new)
        note = f"{old['object']} is renamed to {names[1]}"[:LONGEST_NOTE]
        _ask(proposal, user, version, ProposalVersion.Origin.RENAMED, note, {"old": old["key"], "new": new["key"]})
    proposal.refresh_from_db()
    return proposal


def drop_draft(proposal: Proposal, *, user: User) -> Proposal:
    """Forgets an edit or a rename that was not taken, with the reason."""
    access.require(user, Action.CHECK, proposal)
    with transaction.atomic():
        resting = Proposal.objects.filter(pk=proposal.pk, status__in=asking.RESTING, draft__isnull=False)
        if not resting.update(draft=None, error=None):
            raise Conflict(f"There is no draft of {proposal} to drop.")
        record(user.username, "proposal.draft_drop", str(proposal), project=proposal.project.slug)
    proposal.refresh_from_db()
    return proposal


def _ask(proposal: Proposal, user: User, version: ProposalVersion, origin: str, note: str, draft: dict[str, Any]) -> None:
    draft |= {"origin": origin, "author": user.pk, "note": note, "base": version.number}
    Proposal.objects.filter(pk=proposal.pk).update(draft=draft)
    action = "proposal.edit" if origin == ProposalVersion.Origin.EDITED else "proposal.rename"
    asking.asked(proposal, user, action, version=version.number, note=note)


def _text(python: str) -> str:
    text = python.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise Invalid("The file is empty.", {"python": "Write the revision's file."})
    if len(text) > LONGEST:
        raise Invalid(f"The file has more than {LONGEST:,} characters.", {"python": f"At most {LONGEST:,} characters."})
    if plain(text) != text:
        raise Invalid("The file holds control characters.", {"python": "It holds control characters, or halves of characters."})
    return text if text.endswith("\n") else text + "\n"


def _note(note: str) -> str:
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise Invalid(f"A note has at most {LONGEST_NOTE} characters.", {"note": f"At most {LONGEST_NOTE} printable characters."})
    return note


def _index(version: ProposalVersion, path: str) -> int:
    paths = [file["path"] for file in version.files]
    if path in paths:
        return paths.index(path)
    if path or len(paths) != 1:
        raise Invalid(f"Say which file: {', '.join(paths)}.", {"path": "There is no such file in this version."})
    return 0


def _pair(version: ProposalVersion, key: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What goes and what comes; either one's key will do."""
    entries = [entry for entry in version.changes if entry["rename_guess"]]
    found = next((entry for entry in entries if entry["key"] == key), None)
    other = next((entry for entry in entries if found and _is_other(found, entry)), None)
    if found is None or other is None:
        raise Invalid("This entry is no guessed rename of the newest version.", {"key": "Not a guessed rename."})
    return (found, other) if found["what"] == "removed" else (other, found)


def _is_other(found: dict[str, Any], entry: dict[str, Any]) -> bool:
    same_place = (entry["kind"], entry["schema"]) == (found["kind"], found["schema"])
    if found["kind"] == "column":
        same_place = same_place and entry["table"] == found["table"]
    return same_place and entry["what"] != found["what"] and _name(entry) == found["rename_guess"] and entry["rename_guess"] == _name(found)


def _name(entry: dict[str, Any]) -> str:
    return str(entry["table"] if entry["kind"] == "table" else entry["name"])
