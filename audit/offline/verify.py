#!/usr/bin/env python3
"""Checks an export of the audit record, or the evidence of a job, without the dashboard. Python 3.9 or newer, nothing else.

    python3 verify.py [--key FILE] [DIRECTORY or entries.jsonl]

An entry's hash is SHA-256 over the hash before it, a line feed, and [seq, at, actor, action, object, detail, via] as JSON with sorted
keys and no blanks, in UTF-8; `via` is left out where it is null. A head, an anchor or a manifest is signed by HMAC-SHA256 over its kind, a
line feed, and its facts as the same JSON. FILE holds the key (AUDIT_KEY; several are separated by commas).

Ends with 0 if all holds, 1 if something does not, 2 if there is nothing that could be checked.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any, Iterator

GENESIS = "0" * 64
HEAD = ("installation", "seq", "hash", "at")


class Broken(Exception):
    pass


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def hash_of(entry: dict[str, Any]) -> str:
    told = [entry[name] for name in ("seq", "at", "actor", "action", "object", "detail")]
    told += [entry["via"]] if entry.get("via") is not None else []
    return hashlib.sha256((entry["previous_hash"] + "\n" + canonical(told)).encode("utf-8", "surrogatepass")).hexdigest()


def signed(keys: list[str], kind: str, facts: dict[str, Any], signature: str) -> bool:
    body = (kind + "\n" + canonical(facts)).encode()
    return any(hmac.compare_digest(hmac.new(key.encode(), body, hashlib.sha256).hexdigest(), signature) for key in keys)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, start=1):
            try:
                yield json.loads(text)
            except ValueError:
                raise Broken(f"line {number} of {path.name} is not JSON") from None


def check_entries(path: Path, begins: dict[str, Any] | None) -> tuple[dict[int, str], int]:
    """Each entry against its own hash, and against the one before where no number is left out. Answers hashes by number, and the gaps."""
    hashes: dict[int, str] = {}
    gaps = 0
    last_seq, last_hash = (begins["seq"], begins["hash"]) if begins else (0, GENESIS)
    for entry in lines(path):
        seq = entry["seq"]
        if seq <= last_seq:
            raise Broken(f"entry {seq} comes after entry {last_seq}")
        if entry["hash"] != hash_of(entry):
            raise Broken(f"entry {seq} was changed: its content does not have its hash")
        if seq != last_seq + 1:
            gaps += 1
        elif entry["previous_hash"] != last_hash:
            raise Broken(f"entry {seq} does not follow entry {last_seq}: it names another hash")
        hashes[seq] = last_hash = entry["hash"]
        last_seq = seq
    return hashes, gaps


def check_heads(path: Path, hashes: dict[int, str], keys: list[str], whole: bool) -> int:
    """Every head that speaks of an entry here; in a whole export also that none speaks of an entry that is not."""
    found: list[dict[str, Any]] = []
    for head in lines(path):
        if keys and not signed(keys, head.get("kind", "head"), {name: head[name] for name in HEAD}, head["signature"]):
            raise Broken(f"the head of entry {head['seq']} does not bear the signature of this key")
        if head.get("kind") == "restored":
            found = [one for one in found if one["seq"] <= head["seq"]]
        found.append(head)
    last = max(hashes, default=0)
    for head in found:
        if head["seq"] in hashes and hashes[head["seq"]] != head["hash"]:
            raise Broken(f"the signed head #{head['seq']} of {head['at']} has another hash than the entry")
        if whole and head["seq"] > last:
            raise Broken(f"the signed head #{head['seq']} of {head['at']} is beyond the last entry: the end was cut off")
    return sum(1 for head in found if head["seq"] in hashes)


def check_manifest(place: Path, keys: list[str]) -> int:
    """The files of a job's evidence, and the signature over their hashes."""
    text = (place / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    for name, digest in manifest["files"].items():
        if not (place / name).is_file():
            raise Broken(f"{name} is not there")
        if hashlib.sha256((place / name).read_bytes()).hexdigest() != digest:
            raise Broken(f"{name} was changed")
    if keys and not signed(keys, "manifest", manifest, (place / "manifest.hmac").read_text().strip()):
        raise Broken("the manifest does not bear the signature of this key")
    return len(manifest["files"])


def read(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return told


def check(place: Path, keys: list[str]) -> list[str]:
    """Sentences that say what was found to hold."""
    told = []
    if (place / "manifest.json").is_file():
        told.append(f"{check_manifest(place, keys)} files are as the manifest says")
    path = place if place.is_file() else place / "entries.jsonl"
    about = read(path.parent / "about.json")
    if not path.is_file() and not told:
        raise FileNotFoundError(f"there is no entries.jsonl and no manifest.json in {place}")
    if path.is_file():
        begins, whole = about.get("begins_after"), about.get("filters") == {}
        if begins and keys and not signed(keys, "anchor", {name: begins[name] for name in HEAD}, begins["signature"]):
            raise Broken(f"the anchor at entry {begins['seq']} does not bear the signature of this key")
        hashes, gaps = check_entries(path, begins)
        if whole and gaps:
            raise Broken("entries are missing, although this is an export of all of them")
        told.append(f"{len(hashes)} entries have their hashes")
        told.append(
            "the chain between them is whole" if not gaps else f"numbers are left out in {gaps} places, so each entry proves only itself"
        )
        if (path.parent / "heads.jsonl").is_file():
            told.append(f"{check_heads(path.parent / 'heads.jsonl', hashes, keys, whole)} signed heads agree")
    told.append("signatures were checked" if keys else "signatures were not checked: give --key")
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks an export of the audit record or the evidence of a job.")
    parser.add_argument("place", nargs="?", type=Path, default=Path(__file__).resolve().parent, help="directory or entries.jsonl")
    parser.add_argument("--key", type=Path, help="file that holds AUDIT_KEY")
    options = parser.parse_args()
    try:
        keys = options.key.read_text().strip().split(",") if options.key else []
        told = check(options.place, keys)
    except Broken as broken:
        print(f"BROKEN: {broken}.")
        return 1
    except (OSError, KeyError, TypeError, ValueError) as error:
        print(f"Cannot be checked: {error}.")
        return 2
    print(f"Holds: {'; '.join(told)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
