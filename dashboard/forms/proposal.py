"""Asking for a proposal of any kind."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import Action
from config.retelling import told
from dashboard.forms.base import PageForm
from environments import queries, scratch
from environments.models import Database
from environments.permissions import may_on
from migrations_store import graph as graphs
from migrations_store.models import Project, Proposal

SCRATCH = "scratch:"
Kind = Proposal.Kind
KINDS = [
    (Kind.AUTOGENERATE, _("From the models, compared with a database")),
    (Kind.EMPTY, _("An empty revision, to be written by hand")),
    (Kind.MERGE, _("A merge of heads")),
    (Kind.REPARENT, _("A head put on top of another")),
]
SEVERAL_HEADS = (Kind.MERGE, Kind.REPARENT)


class ProposalForm(PageForm):
    """The kind, what it needs, and what `alembic revision` knows besides. A merge and a move need two heads, and are offered only then."""

    kind = forms.ChoiceField(label=_("What"), initial=Kind.AUTOGENERATE, required=False)
    database = forms.ChoiceField(label=_("Compare the models with"), required=False)
    message = forms.CharField(label=_("Message"), max_length=200, required=False, help_text=_("One line; it becomes the revision’s."))
    scratch = forms.BooleanField(
        label=_("Compare with a scratch database"),
        required=False,
        help_text=_("All revisions are applied to a new database first, which is deleted afterwards. Nothing has to be at head."),
    )
    heads = forms.MultipleChoiceField(label=_("Heads to join"), required=False, widget=forms.CheckboxSelectMultiple)
    move = forms.ChoiceField(
        label=_("The line that ends in"),
        required=False,
        help_text=_("Its first revision of its own gets another down_revision; nothing else changes."),
    )
    onto = forms.ChoiceField(label=_("goes on top of"), required=False)
    revision_id = forms.CharField(label=_("Revision id"), max_length=32, required=False, help_text=_("Empty: Alembic makes one up."))
    head = forms.CharField(label=_("Head"), max_length=255, required=False, help_text=_("The revision that it follows; empty: head."))
    splice = forms.BooleanField(label=_("Splice"), required=False, help_text=_("It may follow a revision that is no head."))
    branch_label = forms.CharField(label=_("Branch label"), max_length=100, required=False)
    version_path = forms.CharField(
        label=_("Version path"), max_length=500, required=False, help_text=_("The folder of the file, below the source’s root.")
    )
    depends_on = forms.CharField(
        label=_("Depends on"), max_length=1000, required=False, help_text=_("Revisions, apart from each other by spaces.")
    )

    def __init__(self, user: User, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [one for one in queries.databases(user, project=project) if may_on(user, Action.CHECK, one)]
        self.known = {str(one.pk): one for one in found}
        choices = [(id, _words(one)) for id, one in self.known.items()]
        choices += [
            (f"{SCRATCH}{kind}", _("nothing of ours: scratch on %(kind)s") % {"kind": scratch.LABELS[kind]}) for kind in scratch.kinds()
        ]
        self.offer("database", choices)
        heads = _heads(project)
        self.has_heads = len(heads) > 1
        self.offer("kind", [(kind, words) for kind, words in KINDS if self.has_heads or kind not in SEVERAL_HEADS])
        for name in ("heads", "move", "onto"):
            self.offer(name, heads)
        if self.has_heads:
            self.initial.setdefault("heads", [id for id, _ in heads])
            self.initial.setdefault("onto", heads[0][0])
            self.initial.setdefault("move", heads[1][0])

    def offer(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        data["kind"] = data.get("kind") or Kind.AUTOGENERATE
        if data.get("kind") == Kind.AUTOGENERATE and not data.get("database"):
            self.add_error("database", _("Choose what the models are compared with."))
        if data.get("kind") in (Kind.AUTOGENERATE, Kind.EMPTY) and not data.get("message"):
            self.add_error("message", _("Say in a few words what the revision does; this becomes its message."))
        return data

    def fields_for_service(self) -> dict[str, Any]:
        """Those of jobs.proposals.services and .kinds, by the kind."""
        data = self.cleaned_data
        if data["kind"] == Kind.MERGE:
            return {name: data[name] for name in ("heads", "message", "branch_label", "revision_id")}
        if data["kind"] == Kind.REPARENT:
            return {"head": data["move"], "onto": data["onto"]}
        options = {name: data[name] for name in ("head", "splice", "branch_label", "version_path")}
        asked = {name: data[name] for name in ("message", "revision_id")} | {
            "options": options | {"depends_on": data["depends_on"].split()}
        }
        if data["kind"] == Kind.EMPTY:
            return asked
        kind = data["database"].removeprefix(SCRATCH) if data["database"].startswith(SCRATCH) else ""
        return asked | {"scratch": data["scratch"], "kind": kind, "database": self.known.get(data["database"])}


def _heads(project: Project) -> list[tuple[str, str]]:
    """Of the newest snapshot, with their messages."""
    snapshot = project.latest_snapshot
    graph = graphs.load(snapshot) if snapshot else None
    silent = str(_("no message"))
    return [(id, f"{id} – {graph.revisions[id].message or silent}"[:100]) for id in graph.heads] if graph else []


def _words(database: Database) -> str:
    return f"{database.environment.slug}{f' {database.name}' if database.name else ''} – {told(database.get_state_display()).lower()}"
