"""Tags and filters that every template has: icons, badges, revisions, people, times."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import User
from config.retelling import told as retold
from dashboard import job_view
from dashboard.addresses import address
from jobs.models import Job

register = template.Library()
register.simple_tag(address)
RECENT = timedelta(days=7)
DIGEST = re.compile(r"[0-9a-f]{64}")


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, extra: str = "") -> SafeString:
    """A drawing of the sprite; the word beside it carries the meaning."""
    return format_html('<svg class="ic{}" aria-hidden="true"><use href="#i-{}"/></svg>', f" {extra}" if extra else "", name)


@register.simple_tag
@lru_cache(maxsize=1024)
def badge(tone: str, name: str, word: str) -> SafeString:
    """A state: icon and word on the tone's wash."""
    spin = "spin" if name == "ring" else ""
    return format_html('<span class="badge {}">{}{}</span>', tone, icon(name, spin), word)


@register.simple_tag
@lru_cache(maxsize=1024)
def track(applied: tuple[bool, ...]) -> SafeString:
    """The project's last revisions as dots: a page has hundreds of tracks and few kinds, each of which `track_symbols` draws once."""
    return format_html('<svg class="track" aria-hidden="true"><use href="#{}"/></svg>', _track_id(applied))


@register.simple_tag
def track_symbols(kinds: Iterable[tuple[bool, ...]]) -> SafeString:
    """What the tracks of a page refer to."""
    return format_html_join("", "{}", ((_track_symbol(applied),) for applied in sorted(kinds)))


@lru_cache(maxsize=1024)
def _track_symbol(applied: tuple[bool, ...]) -> SafeString:
    """Oldest first: a dot is filled where the database has the revision. A dot is a line of no length with round ends, so that all of them
    are one element."""
    places = [4 + 66 * place // 9 for place in range(len(applied))]
    dots = [f"M{place} 5h0" for place in places]
    holes = [dot for dot, has in zip(dots, applied, strict=True) if not has]
    hollow = format_html('<path class="p" d="{}"/>', "".join(holes)) if holes else ""
    frame = '<symbol id="{}" viewBox="0 0 74 10"><g class="track" stroke-linecap="round"><path class="w" d="{}"/>{}</g></symbol>'
    line = f"M4 5H{places[-1]}" if places else ""
    return format_html(frame, _track_id(applied), line, format_html('<path d="{}"/>{}', "".join(dots), hollow))


def _track_id(applied: tuple[bool, ...]) -> str:
    return f"track-{''.join('x' if has else 'o' for has in applied)}"


@register.simple_tag
def job_badge(job: Job) -> SafeString:
    return badge(*job_view.look(job))


@register.simple_tag
def revs(ids: Iterable[str], project: str) -> SafeString:
    """Revisions as links; base where there is none."""
    links = [(address("revision", project, id), id, id[:12]) for id in ids]
    return (
        format_html_join(" ", '<a class="rev" href="{}" title="{}">{}</a>', links)
        if links
        else format_html('<span class="rev">{}</span>', "base")
    )


@register.simple_tag
def person(user: User | None) -> SafeString:
    if user is None:
        return format_html('<span class="meta">{}</span>', _("the dashboard"))
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
        return format_html('<span class="meta">{}</span>', _("never"))
    exact, local = moment.isoformat(timespec="seconds"), timezone.localtime(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', exact, f"{local:%Y-%m-%d %H:%M:%S %Z}", age(moment))


def age(moment: datetime) -> str:
    """Such as `2 h ago`."""
    passed = timezone.now() - moment
    if passed > RECENT:
        return formats.date_format(timezone.localtime(moment), _("d M Y"))
    seconds = int(passed.total_seconds())
    if seconds < 10:
        return _("just now")
    if seconds < 60:
        return _("%(count)d s ago") % {"count": seconds}
    if seconds < 3600:
        return _("%(count)d min ago") % {"count": seconds // 60}
    if seconds < 86400:
        return _("%(count)d h ago") % {"count": seconds // 3600}
    return _("%(count)d d ago") % {"count": seconds // 86400}


@register.filter
def duration(seconds: float | None) -> str:
    """Such as `12 ms`, `0.4 s`, `38 s`, `1 m 04 s`."""
    if seconds is None:
        return "–"
    if seconds < 0.095:
        return _("%(count)d ms") % {"count": round(seconds * 1000)}
    if seconds < 10:
        return _("%(seconds)s s") % {"seconds": formats.number_format(round(seconds, 1), 1)}
    minutes, rest = divmod(round(seconds), 60)
    return _("%(minutes)d m %(seconds)02d s") % {"minutes": minutes, "seconds": rest} if minutes else _("%(seconds)s s") % {"seconds": rest}


@register.filter
def fact(value: object) -> str:
    """A detail of an audit entry in words: lists without brackets, long digests by their beginning."""
    if isinstance(value, list):
        return ", ".join(map(fact, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
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
