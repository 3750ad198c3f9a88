"""Where one can go from anywhere: pages, and forms that begin something. None of them runs, approves or cancels anything."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.models import User
from accounts.permissions import Action, may, reach

# Name of the address, icon, words, and what one has to be allowed: everywhere (CONFIGURE, AUDIT), or anywhere.
COMMANDS: tuple[tuple[str, str, Promise, Action | None], ...] = (
    ("home", "rows", _("Pipeline"), None),
    ("reviews", "eye", _("Reviews: what waits for me"), Action.VIEW),
    ("proposals", "pencil", _("Proposals"), Action.VIEW),
    ("jobs", "play", _("Jobs"), Action.VIEW),
    ("drift-everywhere", "drift", _("Drift: models against databases"), Action.VIEW),
    ("promotions", "arrow", _("Promotions"), Action.VIEW),
    ("notices", "bell", _("Notices"), None),
    ("audit", "shield", _("Audit"), Action.AUDIT),
    ("environments", "gear", _("Environments and policies"), Action.VIEW),
    ("project-new", "plus", _("Add project"), Action.CONFIGURE),
    ("database-new", "plus", _("Add database"), Action.CONFIGURE),
    ("environment-new", "plus", _("Add environment"), Action.CONFIGURE),
    ("people", "users", _("People and teams"), Action.CONFIGURE),
    ("person-new", "plus", _("Add person"), Action.CONFIGURE),
    ("channels", "bell", _("Channels of notices"), Action.CONFIGURE),
    ("setup", "check", _("Set-up"), Action.CONFIGURE),
    ("account", "user", _("Account, theme, time zone, API tokens"), None),
    ("help", "q", _("Help: what errors and findings mean"), None),
    ("help-keyboard", "kbd", _("Keyboard shortcuts"), None),
)


@dataclass(frozen=True)
class Place:
    """`searched` holds the words in the reader's language and in English, so that both find it."""

    icon: str
    label: str
    url: str
    searched: str


def for_user(user: User) -> list[Place]:
    return [_place(name, icon, words) for name, icon, words, action in COMMANDS if _is_for(user, action)]


def _is_for(user: User, action: Action | None) -> bool:
    if action is Action.VIEW:
        return not reach(user, action).nowhere
    return action is None or may(user, action)


def _place(name: str, icon: str, words: Promise) -> Place:
    with override("en"):
        english = str(words)
    return Place(icon, str(words), reverse(name), f"{words} {english}".lower())
