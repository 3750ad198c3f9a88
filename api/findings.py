"""Findings as the API gives them: of plans and of revisions."""

from typing import Any

from api.schemas import Shown


class FindingShown(Shown):
    """`severity` is error, warning or info, and in a plan what the policy there makes of it (block too); docs/findings.md lists the
    rules. `line` counts in the revision's file where `source` is code, and in the SQL of the step where it is sql or squawk. `direction`
    is empty for what concerns the revision as a whole. `suppressed` is null, or says who accepted it, why and until when."""

    rule: str
    severity: str
    revision: str
    direction: str
    object: str
    line: int
    what: str
    why: str
    fix: str
    dialects: list[str]
    source: str
    suppressed: dict[str, Any] | None
