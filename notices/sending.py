"""One message by e-mail or webhook. Everything that fails is said in a sentence that holds no secret."""

import hashlib
import hmac
import json
import smtplib
import time
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from accounts.models import User
from config import outgoing, sealing
from config.retelling import told
from notices.errors import NotDelivered
from notices.models import Channel, Delivery, Kind, Way

TIMEOUT = 5.0


def send(delivery: Delivery) -> None:
    """Raises a Refused with the reason."""
    sender = {Way.EMAIL: send_email, Way.WEBHOOK: send_webhook}[Way(delivery.channel.way)]
    sender(delivery)


def seal(channel: Channel, field: str, text: str) -> str:
    return sealing.seal(f"{channel.pk}|{field}", text)


def unseal(channel: Channel, field: str) -> str:
    """The address or the signing secret of this row."""
    try:
        return sealing.unseal(f"{channel.pk}|{field}", getattr(channel, field))
    except sealing.Broken:
        raise NotDelivered(
            f"What is kept for {channel} cannot be read with the keys of this installation. Type its address again."
        ) from None


def send_webhook(delivery: Delivery) -> None:
    """Signed: HMAC-SHA256 over `timestamp.body` with the channel's secret. Redirects are not followed."""
    channel = delivery.channel
    body, at = json.dumps(document(delivery)).encode(), str(int(time.time()))
    status = outgoing.post(unseal(channel, "address"), body, headers(delivery, body, at), timeout=TIMEOUT)
    if not 200 <= status < 300:
        raise NotDelivered(f"{channel.shown} answered with status {status}.")


def headers(delivery: Delivery, body: bytes, at: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "alembic-dashboard",
        "X-Dashboard-Delivery": str(delivery.pk),
        "X-Dashboard-Timestamp": at,
        "X-Dashboard-Signature": signature(unseal(delivery.channel, "secret"), at, body),
    }


def signature(secret: str, at: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


def document(delivery: Delivery) -> dict[str, Any]:
    """`text` is what Slack and its likes show, with what would be their markup escaped; the rest is for programs."""
    content, url = delivery.content, link(delivery.content["url"])
    said = _escaped(content["text"]) + (f" <{url}>" if url else "")
    return {
        "text": said,
        "id": str(delivery.pk),
        "kind": delivery.kind,
        "message": content["text"],
        "url": url,
        "path": content["url"],
        "project": content["project"],
        "environment": content["environment"],
        "at": delivery.created_at.isoformat(),
    }


def link(path: str) -> str:
    """The whole address, if the installation knows its own."""
    return settings.PUBLIC_URL + path if settings.PUBLIC_URL else ""


def language_of(channel: Channel) -> str:
    """Of whoever reads mail at this address; one that belongs to nobody here, and programs, are written to in English."""
    if channel.way != Way.EMAIL:
        return "en"
    try:
        address = unseal(channel, "address")
    except NotDelivered:
        return "en"
    readers = User.objects.filter(email__iexact=address, is_active=True).exclude(language="")
    return readers.values_list("language", flat=True).first() or "en"


def send_email(delivery: Delivery) -> None:
    """In the active language."""
    if not settings.EMAIL_HOST:
        raise NotDelivered("No mail server is set (EMAIL_HOST), so no e-mail can be sent.")
    content = delivery.content
    kind = Kind(delivery.kind).label if delivery.kind in Kind.values else "A test"
    place = "/".join(part for part in (content["project"], content["environment"]) if part)
    subject = " ".join(f"[Alembic Dashboard] {told(kind)}{f': {place}' if place else ''}".split())[:150]
    body = f"{told(content['text'])}\n\n{link(content['url']) or content['url']}\n"
    address = unseal(delivery.channel, "address")
    try:
        EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [address], connection=_connection()).send()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotDelivered(f"The mail server {settings.EMAIL_HOST} did not take it ({type(error).__name__}).") from error


def _connection() -> Any:
    """Named outright, so that what a test or a development machine sets as its backend has no say in what is logged as sent."""
    return get_connection("django.core.mail.backends.smtp.EmailBackend", timeout=TIMEOUT)


def _escaped(text: str) -> str:
    """Slack's three: without them a job's reason could ring everybody in a room, or pass off an address as another."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
