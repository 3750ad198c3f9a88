"""Where a pull request for a pushed branch is opened, by the address of the repository. Nothing is asked of the server."""

import re
from urllib.parse import quote, urlencode

from migrations_store import remotes
from migrations_store.errors import SourceError
from migrations_store.models import Project

LONGEST = 1500
BITBUCKET, GITLAB = "bitbucket", "gitlab"
COMPARING = ("github", "gitea", "forgejo", "codeberg")


def address(project: Project, branch: str) -> str:
    """For GitHub, GitLab, Bitbucket, and Gitea or Forgejo, known by the name of their host; "" for any other."""
    try:
        remote = remotes.parse(project.source_url)
    except SourceError:
        return ""
    base = _web(remote)
    kind = next((name for name in (GITLAB, BITBUCKET, *COMPARING) if name in remote.host.lower()), "")
    if not base or not kind:
        return ""
    found = _of_kind(kind, base, project.source_ref or "main", branch)
    return found if len(found) <= LONGEST else ""


def _of_kind(kind: str, base: str, target: str, branch: str) -> str:
    if kind == GITLAB:
        words = {"merge_request[source_branch]": branch, "merge_request[target_branch]": target}
        return f"{base}/-/merge_requests/new?{urlencode(words)}"
    if kind == BITBUCKET:
        return f"{base}/pull-requests/new?{urlencode({'source': branch, 'dest': target})}"
    ending = "?expand=1" if kind == "github" else ""
    return f"{base}/compare/{quote(target)}...{quote(branch)}{ending}"


def _web(remote: remotes.Remote) -> str:
    """The repository's page: https, without the port that ssh has."""
    if not remote.host:
        return ""
    path = remote.url.partition(":")[2] if "://" not in remote.url else re.sub(r"^[a-z]+://[^/]*/", "", remote.url)
    port = f":{remote.port}" if remote.port and remote.scheme == "https" else ""
    clean = quote(path.strip("/").removesuffix(".git"))
    return f"https://{remote.host}{port}/{clean}"
