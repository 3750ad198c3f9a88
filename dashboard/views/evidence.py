"""The evidence of one job, as one file."""

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest
from django.views.decorators.http import require_GET

from accounts.permissions import Action
from dashboard.requests import user_of
from jobs import evidence, queries


@login_required
@require_GET
def bundle(request: HttpRequest, id: str) -> FileResponse:
    found = queries.get_job(user_of(request), id, Action.AUDIT)
    return FileResponse(evidence.bundle(found), as_attachment=True, filename=f"job-{found.pk}-evidence.zip")
