"""Which rules hold for a database: its project's exception, else its environment's policy."""

from dataclasses import asdict, dataclass
from typing import Any

from accounts.models import User
from audit.services import record
from environments.models import Database, Environment, Policy
from migrations_store.models import Project

# What a policy consists of, apart from where it holds and its version.
FIELDS = (
    "approvals", "approver_role", "require_previous", "require_single_head", "forbid_downgrade", "forbid_stamp", "forbid_non_atomic",
    "forbid_data_loss", "lock_timeout", "statement_timeout", "windows", "time_zone", "backup_command", "backup_timeout", "approval_hours",
    "break_glass", "severities",
)  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """The values that hold. `missing` denies everything: the environment is protected and has no policy.

    `source` says where they come from: exception, environment, open (not protected, no policy) or missing. Timeouts are
    seconds, 0 is no limit.
    """

    source: str
    version: int
    missing: bool
    approvals: int
    approver_role: str
    require_previous: bool
    require_single_head: bool
    forbid_downgrade: bool
    forbid_stamp: bool
    forbid_non_atomic: bool
    forbid_data_loss: bool
    lock_timeout: int
    statement_timeout: int
    windows: tuple[dict[str, Any], ...]
    time_zone: str
    backup_command: str
    backup_timeout: int
    approval_hours: int
    break_glass: bool
    severities: dict[str, str]

    def facts(self) -> dict[str, Any]:
        """As JSON, for a plan to remember under which rules it was made."""
        return asdict(self) | {"windows": list(self.windows)}


def rules_for(database: Database) -> Rules:
    return rules_in(database.environment, database.project)


def rules_in(environment: Environment, project: Project | None) -> Rules:
    """The rules of a project's databases there; without a project those of any that has no exception."""
    found = {policy.project_id: policy for policy in Policy.objects.filter(environment=environment)}
    policy = found.get(project.pk if project else None) or found.get(None)
    return rules_of(policy, environment)


def rules_of(policy: Policy | None, environment: Environment) -> Rules:
    """The policy's values with the environment's own where it leaves them open."""
    if policy is not None:
        return _rules(policy, environment, source="exception" if policy.project_id else "environment")
    if environment.protected:
        return _rules(Policy(version=0, break_glass=False), environment, source="missing")
    return _rules(Policy(version=0, approvals=0), environment, source="open")


def denial(environment: Environment) -> str:
    """Why nothing may run where the policy is missing."""
    return (
        f"{environment.name} is protected and has no policy, so nothing may run there. Nothing was changed. "
        f"Somebody who may change policies has to give {environment.name} one; a second person approves it."
    )


def ensure(environment: Environment, *, user: User) -> None:
    """The usual policy, if the environment has none: one approval by a reviewer. Call it inside the transaction of the change."""
    policy, created = Policy.objects.get_or_create(environment=environment, project=None)
    if created:
        record(user.username, "policy.create", f"policy {policy}", version=policy.version, **values_of(policy))


def values_of(policy: Policy | None) -> dict[str, Any]:
    """As JSON, without where it holds and its version; empty for none."""
    return {name: getattr(policy, name) for name in FIELDS} if policy else {}


def _rules(policy: Policy, environment: Environment, *, source: str) -> Rules:
    values = values_of(policy)
    for name in ("lock_timeout", "statement_timeout"):
        if values[name] is None:
            values[name] = getattr(environment, name)
    values["windows"] = tuple(policy.windows)
    return Rules(source=source, version=policy.version, missing=source == "missing", **values)
