"""What can be refused when a proposal is looked at or changed."""

from typing import Self

from config.errors import Conflict
from migrations_store.models import Proposal


class ProposalMoved(Conflict):
    """The version that was shown is no longer the newest."""

    code = "proposal_changed"
    title = "The proposal is no longer the one you saw"

    @classmethod
    def of(cls, proposal: Proposal, seen: int, newest: int) -> Self:
        shown = f"you were shown version {seen}, and version {newest} is there now" if seen != newest else "the files are others now"
        return cls(f"{str(proposal).capitalize()} has changed: {shown}. Nothing was kept; look at what is new and decide on that.")
