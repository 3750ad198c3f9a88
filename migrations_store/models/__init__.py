"""Projects, snapshots of their code, proposals, what is said of them, accepted findings, ignored differences, and the SQL of revisions."""

from migrations_store.models.ignore import IgnoredDifference
from migrations_store.models.project import NEWEST_FIRST, KnownRevision, Project, Snapshot, SourceKind, SourceText
from migrations_store.models.proposal import Proposal, ProposalVersion
from migrations_store.models.pushing import ProposalPush, PushCredential
from migrations_store.models.review import Comment, Review, ReviewDecision, Thread, ThreadKind, Viewed
from migrations_store.models.revision_sql import RevisionSql
from migrations_store.models.risk import FileRisk
from migrations_store.models.suppression import Suppression

__all__ = [
    "NEWEST_FIRST",
    "Comment",
    "FileRisk",
    "IgnoredDifference",
    "KnownRevision",
    "Project",
    "Proposal",
    "ProposalPush",
    "ProposalVersion",
    "PushCredential",
    "Review",
    "ReviewDecision",
    "RevisionSql",
    "Snapshot",
    "SourceKind",
    "SourceText",
    "Suppression",
    "Thread",
    "ThreadKind",
    "Viewed",
]
