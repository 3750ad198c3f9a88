"""The findings of a revision where they hold: on the kinds of databases that its project has, as far as nobody has accepted them."""

from django.db.models import F, Q

from environments.models import Database, Policy
from environments.urls import dialect
from migrations_store.findings import reading
from migrations_store.findings.change import DIALECTS
from migrations_store.findings.finding import Finding, Severity
from migrations_store.models import Project, Snapshot
from migrations_store.suppressions import active, marked


def findings_of(snapshot: Snapshot, revision: str) -> list[Finding]:
    """Both ways. A constant number of queries; what a file says is worked out once."""
    dialects = dialects_of(snapshot.project)
    found = [finding for finding in reading.of_revision(snapshot, revision) if dialects & set(finding.dialects)]
    return marked(found, active(snapshot.project))


def blocking_in(project: Project) -> dict[str, list[str]]:
    """Rule to the names of the environments with databases of the project in which it blocks, in order. One query."""
    found: dict[str, list[str]] = {}
    kept = Policy.objects.filter(Q(project=None) | Q(project=project), environment__databases__project=project).distinct()
    rows = {policy.environment_id: policy for policy in kept.select_related("environment").order_by(F("project").asc(nulls_first=True))}
    for policy in sorted(rows.values(), key=lambda policy: (policy.environment.position, policy.environment.slug)):
        for rule, level in policy.severities.items():
            if level == Severity.BLOCK:
                found.setdefault(rule, []).append(policy.environment.name)
    return found


def dialects_of(project: Project) -> frozenset[str]:
    """Of the project's databases; all while it has none."""
    drivers = Database.objects.filter(project=project).order_by().values_list("driver", flat=True).distinct()
    return frozenset(dialect(driver) for driver in drivers) or DIALECTS
