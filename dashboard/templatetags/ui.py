"""Tags and filters that every template has: icons, badges, revisions, people, times."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from config.retelling import told as retold
from dashboard import job_view
from jobs.models import Job

register = template.Library()
RECENT = timedelta(days=7)
DIGEST = re.compile(r"[0-9a-f]{64}")
UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, extra: str = "") -> SafeString:
    """A drawing of the sprite; the word beside it carries the meaning."""
    return format_html('<svg class="ic{}" aria-hidden="true"><use href="#i-{}"/></svg>', f" {extra}" if extra else "", name)


@register.simple_tag
def badge(tone: str, name: str, word: str) -> SafeString:
    """A state: icon and word on the tone's wash."""
    spin = "spin" if name == "ring" else ""
    return format_html('<span class="badge {}">{}{}</span>', tone, icon(name, spin), word)


@register.simple_tag
@lru_cache(maxsize=1024)
def track(applied: tuple[bool, ...]) -> SafeString:
    """The project's last revisions as dots, oldest first: filled where this database has them."""
    dots = [("a" if has else "p", 4 + 66 * place // 9, "2.6" if has else "2.2") for place, has in enumerate(applied)]
    circles = format_html_join("", '<circle class="{}" cx="{}" cy="5" r="{}"/>', dots)
    return format_html('<svg class="track" viewBox="0 0 74 10" aria-hidden="true"><path class="w" d="M4 5H70"/>{}</svg>', circles)


@register.simple_tag
def job_badge(job: Job) -> SafeString:
    return badge(*job_view.look(job))


@register.simple_tag
def revs(ids: Iterable[str], project: str) -> SafeString:
    """Revisions as links; base where there is none."""
    links = [(reverse("revision", args=[project, id]), id, id[:12]) for id in ids]
    return (
        format_html_join(" ", '<a class="rev" href="{}" title="{}">{}</a>', links)
        if links
        else format_html('<span class="rev">{}</span>', "base")
    )


@register.simple_tag
def person(user: User | None) -> SafeString:
    if user is None:
        return format_html('<span class="meta">{}</span>', "the dashboard")
    return format_html('<span class="who"><span class="av" aria-hidden="true">{}</span>{}</span>', initials(user), user.display_name)


@register.filter
def told(sentence: object) -> str:
    """A sentence of the rooms below, which speak English, in the reader's language."""
    return retold(str(sentence or ""))


@register.filter
def initials(user: User) -> str:
    """Two letters at most."""
    words = user.display_name.replace(".", " ").replace("-", " ").split()
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.simple_tag
def ago(moment: datetime | None) -> SafeString:
    """A time as its age, with the moment itself as title; older than a week as a date."""
    if moment is None:
        return format_html('<span class="meta">{}</span>', "never")
    local = timezone.localtime(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), f"{local:%Y-%m-%d %H:%M:%S %Z}", age(moment))


def age(moment: datetime) -> str:
    """Such as `2 h ago`."""
    passed = timezone.now() - moment
    if passed > RECENT:
        return f"{timezone.localtime(moment):%d %b %Y}"
    seconds = passed.total_seconds()
    for size, unit in UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now" if seconds < 10 else f"{int(seconds)} s ago"


@register.filter
def duration(seconds: float | None) -> str:
    """Such as `12 ms`, `0.4 s`, `38 s`, `1 m 04 s`."""
    if seconds is None:
        return "–"
    if seconds < 0.095:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} m {rest:02} s" if minutes else f"{rest} s"


@register.filter
def fact(value: object) -> str:
    """A detail of an audit entry in words: lists without brackets, long digests by their beginning."""
    if isinstance(value, list):
        return ", ".join(map(fact, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return f"{text[:12]}…" if DIGEST.fullmatch(text) else text if len(text) <= 200 else f"{text[:200]}…"


@register.filter
def utc_clock(moment: datetime) -> str:
    """The record tells its times in UTC, wherever it is read: `14:02 UTC`, with the day unless it is today."""
    at = moment.astimezone(UTC)
    return f"{at:%H:%M} UTC" if at.date() == timezone.now().date() else f"{at:%Y-%m-%d %H:%M} UTC"


@register.filter
def took(job: Job) -> str:
    return duration(job_view.elapsed(job))
