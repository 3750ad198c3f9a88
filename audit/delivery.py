"""Taking signed heads out of the store: into the file, and to the webhook."""

import json
import logging

from django.conf import settings
from django.utils import timezone

from audit import heads
from audit.models import AuditCheck, SignedHead
from audit.verification import Verification, keep, verify_since_signed
from config import outgoing
from config.errors import Refused

logger = logging.getLogger(__name__)
TIMEOUT = 5.0
AT_ONCE = 100


def sign_and_deliver() -> Verification:
    """Signs the chain's end if what came since the last head holds, and takes out what is not out yet. Nothing broken is signed."""
    found = verify_since_signed()
    last = AuditCheck.objects.filter(pk=1).first()
    if found.broken_at is not None:
        logger.error("the record does not hold, and its head is not signed: %s", found.problem)
        keep(found)
        return found
    if last is None or last.broken_at is None:
        keep(found)
    heads.sign_now()
    heads.file_heads()
    send_heads()
    return found


def send_heads() -> int:
    """Posts to AUDIT_WEBHOOK the heads that it has not taken, oldest first; what fails is tried again the next time."""
    if not settings.AUDIT_WEBHOOK:
        return 0
    sent = 0
    for head in SignedHead.objects.filter(sent_at=None).order_by("seq")[:AT_ONCE]:
        body = json.dumps({**heads.facts(head.seq, head.hash, head.at), "signature": head.signature}).encode()
        try:
            status = outgoing.post(settings.AUDIT_WEBHOOK, body, {"Content-Type": "application/json"}, timeout=TIMEOUT)
        except Refused as refused:
            logger.warning("the webhook of the record took nothing: %s", refused)
            break
        if not 200 <= status < 300:
            logger.warning("the webhook of the record answered %s", status)
            break
        SignedHead.objects.filter(pk=head.pk).update(sent_at=timezone.now())
        sent += 1
    return sent
