"""Everything that decides what a job does, part by part: what a plan remembers, what its digest covers, what an approval is bound to.

Content only: no time, no place, no commit and no order, so that two clones of the same code have the same facts.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from environments import identity, policies
from environments.models import Database
from jobs import dependencies
from jobs.models import Plan
from migrations_store.models import Project, Snapshot

Facts = dict[str, Any]
Steps = list[dict[str, Any]]

PLAIN = ("python", "working_directory", "flask_app", "config_path", "section", "script_location", "version_locations")
TARGET = ("driver", "host", "port", "username", "database", "query", "version_table", "version_table_schema", "name")


@dataclass(frozen=True)
class Live:
    """What the database itself has just said."""

    heads: list[str]
    identity: dict[str, Any]


def gather(database: Database, snapshot: Snapshot, command: str, steps: Steps, ends: tuple[list[str], list[str]], live: Live) -> Facts:
    """`steps` are a plan's, `ends` its start and its target."""
    rules = policies.rules_for(database)
    return {
        "code": sha(snapshot.manifest),
        "revisions": {step["revision"]: step.get("checksum", "") for step in steps},
        "dependencies": dependencies.installed(database.project.python),
        "how_it_runs": how_it_runs(database.project),
        "command": command,
        "steps": [[step["revision"], step["direction"], bool(step.get("purge"))] for step in steps],
        "start": sorted(live.heads),
        "planned": [sorted(end) for end in ends],
        "target": target(database, live),
        "policy": rules.facts(),
        "limits": {"lock_timeout": rules.lock_timeout, "statement_timeout": rules.statement_timeout},
    }


def planned(plan: Plan) -> Live:
    """What the database said when the plan was made."""
    return Live(plan.from_heads, plan.facts.get("target", {}).get("server", {}))


def policy_holds(plan: Plan) -> bool:
    return bool(plan.facts.get("policy") == policies.rules_for(plan.database).facts())


def elsewhere(plan: Plan, live: Live, *, absent: bool) -> list[str]:
    """What differs in the server that answers; where the database stands is looked at apart. A file that is not there is no server."""
    if absent:
        return []
    now = plan.facts | {"target": target(plan.database, live)}
    return differences(plan.facts, now, place=plan.database.environment.name)


def how_it_runs(project: Project) -> Facts:
    """Values that fill the environment and the arguments are kept as hashes: they are templates, but nobody has to keep to that."""
    plain: Facts = {name: getattr(project, name) for name in PLAIN}
    arguments = [argument.partition("=") for argument in project.x_arguments]
    return plain | {
        "env_vars": {name: sha(value) for name, value in sorted(project.env_vars.items())},
        "x_arguments": [[name, sha(value)] for name, _, value in arguments],
    }


def target(database: Database, live: Live) -> Facts:
    """Profile and server. Not the password: a new one leads to the same place."""
    profile = {name: getattr(database, name) for name in TARGET}
    environment = database.environment
    place = {"environment": environment.slug, "stage": environment.pk, "protected": environment.protected}
    return {"profile": str(database.pk), **profile, **place, "server": identity.lasting(live.identity)}


def digest(facts: Facts) -> str:
    return sha(facts)


def sha(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# --- what differs, in sentences


def differences(before: Facts, now: Facts, *, place: str) -> list[str]:
    """One sentence for each part that is another now; `place` names the environment."""
    if set(before) != set(now):
        return ["plan: it was made by another version of the dashboard, which looked at other facts"]
    tellers = {"dependencies": _dependencies, "how_it_runs": _how_it_runs, "target": _target, "policy": _policy, "limits": _limits}
    found: list[str] = []
    for part in now:
        if before[part] == now[part]:
            continue
        if teller := tellers.get(part):
            found += teller(before[part], now[part], place)
        elif part == "start":
            found.append(f"database moved: {heads(before[part])} → {heads(now[part])}")
        else:
            found.append(f"{part}: it is not what was planned")
    return found


def files(paths: list[str]) -> str:
    """Such as: code: 2 files differ (env.py, models.py)."""
    names = ", ".join(paths[:5]) + (", …" if len(paths) > 5 else "")
    return f"code: {len(paths)} files differ ({names})" if len(paths) > 1 else f"code: 1 file differs ({names})"


def heads(revisions: list[str]) -> str:
    return ", ".join(revisions) or "base"


def _dependencies(before: Facts, now: Facts, _place: str) -> Iterator[str]:
    changed = [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
    for name in changed[:10]:
        yield f"dependencies: {name} {before.get(name, 'absent')} → {now.get(name, 'absent')}"
    if len(changed) > 10:
        yield f"dependencies: {len(changed) - 10} more differ"


def _how_it_runs(before: Facts, now: Facts, _place: str) -> Iterator[str]:
    for name in PLAIN:
        if before[name] != now[name]:
            yield f"project: {name} changed, {_value(before[name])} → {_value(now[name])}"
    variables = sorted(before["env_vars"].keys() | now["env_vars"].keys())
    if names := [name for name in variables if before["env_vars"].get(name) != now["env_vars"].get(name)]:
        yield f"project: environment variables changed ({', '.join(names[:10])})"
    if before["x_arguments"] != now["x_arguments"]:
        old, new = before["x_arguments"], now["x_arguments"]
        names = sorted({name for name, value in [*old, *new] if [name, value] not in old or [name, value] not in new})
        yield f"project: -x arguments changed ({', '.join(names[:10]) or 'their order'})"


def _target(before: Facts, now: Facts, _place: str) -> Iterator[str]:
    if before["stage"] != now["stage"]:
        yield f"profile: it was moved from {before['environment']} to {now['environment']}"
    elif before["environment"] != now["environment"]:
        yield f"environment: {before['environment']} is called {now['environment']} now"
    if before["protected"] != now["protected"]:
        yield f"environment: {now['environment']} is {'protected now' if now['protected'] else 'no longer protected'}"
    for name in TARGET:
        if before[name] != now[name]:
            values = "" if name == "query" else f", {_value(before[name])} → {_value(now[name])}"
            yield f"profile: {'options' if name == 'query' else name.replace('_', ' ')} changed{values}"
    if before["server"] != now["server"]:
        parts = [key for key in {**before["server"], **now["server"]} if before["server"].get(key) != now["server"].get(key)]
        yield f"server: another one answers ({', '.join(part.replace('_', ' ') for part in parts)})"
    if before["profile"] != now["profile"]:
        yield "profile: it is another one"


def _policy(before: Facts, now: Facts, place: str) -> Iterator[str]:
    if not now["missing"] and not before["missing"] and before["version"] and now["version"]:
        yield f"policy of {place}: version {before['version']} → {now['version']}{_which(before, now)}"
    else:
        yield f"policy of {place}: {_source(before)} → {_source(now)}{_which(before, now)}"


def _source(policy: Facts) -> str:
    return {"missing": "none", "open": "none needed"}.get(policy["source"], f"version {policy['version']}")


def _which(before: Facts, now: Facts) -> str:
    names = [name.replace("_", " ") for name in now if name not in ("version", "source", "missing") and before.get(name) != now[name]]
    return f" ({', '.join(names)})" if names else ""


def _limits(before: Facts, now: Facts, place: str) -> Iterator[str]:
    for name in now:
        if before[name] != now[name]:
            yield f"limits of {place}: {name.replace('_', ' ')} {before[name]} s → {now[name]} s"


def _value(value: Any) -> str:
    return str(value) if value not in ("", None, [], {}) else "none"
