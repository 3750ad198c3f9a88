"""How much a revision risks, in one word: by the rules on its upgrade, kept by the content of its file."""

import hashlib
from collections.abc import Iterable, Iterator

from migrations_store.findings import reading
from migrations_store.findings.change import DIALECTS
from migrations_store.findings.finding import Finding, Severity
from migrations_store.findings.registry import RULES
from migrations_store.graph import load
from migrations_store.models import FileRisk, Snapshot, SourceText

LEVELS = ("loss", "high", "medium", "low", "none")  # from the worst
LOST = ("AD101", "AD102", "AD103", "AD104", "AD105", "AD106")
BY_SEVERITY = {Severity.BLOCK: "high", Severity.ERROR: "high", Severity.WARNING: "medium", Severity.INFO: "low"}
# Another set of rules judges every file anew; the number is raised when rules judge otherwise under the same names.
RULES_KEY = "1-" + hashlib.sha256(",".join(f"{rule.id}{rule.severity}" for rule in RULES.values()).encode()).hexdigest()[:12]
TASK = "migrations_store.tasks.judge_files"
AT_ONCE = 20  # files that a page reads itself; each takes some milliseconds
TOGETHER = 500

Levels = dict[str, str]


def known(files: Iterable[str], dialects: Iterable[str]) -> Levels:
    """The level of each file (by hash) that has been judged: the worst on these kinds of databases."""
    found: Levels = {}
    for part in _parts(files):
        rows = FileRisk.objects.filter(sha256__in=part, rules=RULES_KEY).values_list("sha256", "levels")
        found |= {sha256: _worst(levels.get(dialect, "none") for dialect in dialects) for sha256, levels in rows}
    return found


def judge(files: Iterable[str]) -> None:
    """Reads the files that have not been judged, and keeps what is found."""
    for part in _parts(files):
        texts = SourceText.objects.filter(sha256__in=part).values_list("sha256", "text")
        rows = [FileRisk(sha256=sha256, rules=RULES_KEY, levels=levels_of(text)) for sha256, text in texts]
        FileRisk.objects.bulk_create(rows, update_conflicts=True, unique_fields=["sha256"], update_fields=["rules", "levels"])


def judge_all(snapshot: Snapshot) -> None:
    """For a worker: all files of the snapshot that have not been judged."""
    files = [node.sha256 for node in load(snapshot).revisions.values()]
    done = known(files, ())
    judge(sha256 for sha256 in files if sha256 not in done)


def levels_of(text: str) -> Levels:
    """Of the upgrade, for each kind of database."""
    read = reading.read(text, "upgrade")
    quiet = "low" if read.does_something else "none"
    return {
        dialect: _worst([quiet, *(_level(finding) for finding in read.findings if dialect in finding.dialects)])
        for dialect in sorted(DIALECTS)
    }


def _parts(files: Iterable[str]) -> Iterator[list[str]]:
    """Each file once, no more at a time than a store takes."""
    once = list(dict.fromkeys(files))
    return (once[start : start + TOGETHER] for start in range(0, len(once), TOGETHER))


def _level(finding: Finding) -> str:
    return "loss" if finding.rule in LOST else BY_SEVERITY[Severity(finding.severity)]


def _worst(levels: Iterable[str]) -> str:
    return min(levels, key=LEVELS.index, default="none")
