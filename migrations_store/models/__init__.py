"""Projects, snapshots of their code, proposals, and accepted findings."""

from migrations_store.models.project import NEWEST_FIRST, KnownRevision, Project, Snapshot, SourceKind, SourceText
from migrations_store.models.proposal import Proposal, ProposalVersion
from migrations_store.models.suppression import Suppression

__all__ = ["NEWEST_FIRST", "KnownRevision", "Project", "Proposal", "ProposalVersion", "Snapshot", "SourceKind", "SourceText", "Suppression"]
