"""What every run for a proposal shares: the runner is started, and what it tells is kept."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from jobs import explanations, spec, supervisor
from migrations_store import services as store
from migrations_store.models import Proposal, ProposalVersion

SHOWN_TAIL = 200
RAISED = ("the project's own code raised an error", "Mend env.py, its hooks or script.py.mako, then make the proposal again.")


class NotMade(Exception):
    """Why there is no version, as the document that people are shown."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("why"))
        self.error = error


def problem(code: str, title: str, why: str, next: Iterable[str] = ()) -> dict[str, Any]:
    return {"code": code, "title": title, "why": why, "next": list(next), "detail": {}}


class Making:
    """One run from the project's code as it is now; `version` gives the outcome, not saved. It raises NotMade."""

    nothing = "The project's env.py ended without comparing anything."

    def __init__(self, proposal: Proposal) -> None:
        self.proposal = proposal
        self.snapshot = store.refresh_if_directory(proposal.project)
        self.told: dict[str, Any] = {}
        self.tail: list[str] = []

    def version(self) -> ProposalVersion:
        raise NotImplementedError

    def launch(self, document: spec.Spec, *, secrets: list[str], before: str = "") -> None:
        """Raises NotMade with the first error that the runner told, in the words of the catalogue."""
        end = supervisor.run(
            document, spec.interpreter(self.proposal.project), on_event=self._on_event, on_line=self._on_line,
            timeout=settings.PROPOSAL_TIMEOUT, secrets=secrets,
        )  # fmt: skip
        if end.closed and end.returncode == 0:
            return
        error = self.explained(end.error, end)
        raise NotMade(error | {"why": f"{before}: {error['why']}"} if before else error)

    def require_told(self) -> None:
        if "files" not in self.told:
            raise NotMade(problem("no_proposal", "Nothing was proposed", self.nothing))

    def explained(self, error: dict[str, Any] | None, end: supervisor.Exit) -> dict[str, Any]:
        told = explanations.explain(error, end, "\n".join(self.tail), place=self.proposal.against, database_state="unchanged")
        if told["code"] == explanations.OTHER.code:  # its words are those of a migration
            told |= {"title": f"{self.proposal.against}: {RAISED[0]}", "next": [RAISED[1]]}
        return told

    def options(self) -> dict[str, Any]:
        """As they were asked for, with the folder where it lies on disk."""
        options = dict(self.proposal.options)
        if path := options.get("version_path"):
            options["version_path"] = f"{self.snapshot.root}/{path}"
        return options

    def below_root(self, file: dict[str, Any]) -> dict[str, Any]:
        """Where the file would lie, seen from the source's root."""
        return file | {"path": file["path"].removeprefix(self.snapshot.root.rstrip("/") + "/")}

    def _on_event(self, event: dict[str, Any]) -> None:
        if event.get("event") == "proposal":
            self.told = event

    def _on_line(self, _stream: str, text: str, _at: Any) -> None:
        self.tail = [*self.tail[-SHOWN_TAIL:], text]
