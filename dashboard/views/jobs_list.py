"""All jobs, newest first."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.requests import user_of
from jobs import health, queries
from jobs.models import JobStatus

PAGE = 50


@require_GET
def jobs(request: HttpRequest) -> HttpResponse:
    """`?status=` filters, `?page=` pages."""
    status = request.GET.get("status", "")
    status = status if status in JobStatus.values else ""
    page = Paginator(queries.jobs(user_of(request), status=status), PAGE).get_page(request.GET.get("page"))
    shown = {"page": page, "jobs": list(page), "status": status, "statuses": JobStatus.choices, "health": health.read()}
    return render(request, "dashboard/jobs.html", shown)
