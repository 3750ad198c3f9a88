"""The call of the API that tells what a page tells: shown at its foot, and copied as a line for a shell.

Every page that can be opened is in TWINS, or in WITHOUT with the reason; tests/dashboard/test_twins.py compares both with the addresses.
"""

from dataclasses import dataclass
from urllib.parse import quote

from django.http import HttpRequest

PREFIX = "/api/v1"
TWINS = {
    "home": "/databases",
    "audit": "/audit",
    "compare": "/projects/{slug}/compare?from={a}&to={b}",
    "compare-pick": "/projects/{slug}/compare",
    "compare-sql": "/projects/{slug}/compare?from={a}&to={b}",
    "database": "/databases/{id}",
    "database-edit": "/databases/{id}",
    "database-new": "/databases",
    "drift-everywhere": "/databases?differing=true",
    "drift": "/projects/{slug}/checks",
    "environment": "/environments/{slug}/policy",
    "environment-edit": "/environments/{slug}",
    "environment-new": "/environments",
    "environments": "/environments",
    "ignored": "/projects/{slug}/ignored-differences",
    "ignored-new": "/projects/{slug}/ignored-differences",
    "job": "/jobs/{id}",
    "jobs": "/jobs",
    "people": "/users",
    "person-new": "/users",
    "plan-new": "/databases/{id}",
    "policy-edit": "/environments/{slug}/policy",
    "project": "/projects/{slug}/revisions",
    "project-delivery": "/projects/{slug}/push-credential",
    "project-edit": "/projects/{slug}",
    "project-new": "/projects",
    "project-proposals": "/proposals?project={slug}",
    "promotion": "/promotions/{id}",
    "promotion-new": "/projects/{slug}/revisions",
    "promotions": "/promotions",
    "promotions-new": "/promotions",
    "proposal": "/proposals/{id}",
    "proposal-new": "/proposals?project={slug}",
    "proposal-out": "/proposals/{id}/pushes",
    "proposals": "/proposals",
    "reviews": "/jobs?status=awaiting_approval",
    "revision": "/projects/{slug}/revisions/{revision}",
    "revision-sql": "/projects/{slug}/revisions/{revision}/sql",
    "setup": "/projects",
    "suppression-new": "/projects/{slug}/suppressions",
    "suppressions": "/projects/{slug}/suppressions",
    "team-new": "/teams",
}
WITHOUT = {
    "account": "one's own preferences and tokens, which concern the pages and the person alone",
    "batch": "its promotions are told one by one, each with its batch",
    "channel-edit": "channels hold secrets and are kept by people",
    "channel-new": "channels hold secrets and are kept by people",
    "channels": "channels hold secrets and are kept by people",
    "help": "a text",
    "help-error": "a text; each error of the API says the same in its answer",
    "help-keyboard": "a text",
    "notices": "for the person; programs are told by webhooks",
    "person": "named by its user name there, in the list of users",
    "plan": "made by a POST to /plans, whose answer is the plan",
    "search": "finds pages",
    "sign-in": "programs have tokens",
    "sign-in-again": "programs have tokens",
    "team": "in the list of teams",
}


@dataclass(frozen=True)
class Twin:
    path: str
    curl: str


def of(request: HttpRequest) -> Twin | None:
    """None for a page that has none. Never a secret: the token is the shell's variable."""
    match = request.resolver_match
    template = TWINS.get(match.url_name or "") if match and not match.namespaces else None
    if match is None or template is None:
        return None
    path = PREFIX + template.format(**{name: quote(str(value), safe="/") for name, value in match.kwargs.items()})
    address = request.build_absolute_uri("/").rstrip("/") + path
    return Twin(path, f"curl -H \"Authorization: Bearer $TOKEN\" '{address}'")
