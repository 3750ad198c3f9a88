"""Two faces: pages at the root, the API under /api/v1."""

from django.urls import include, path

from api.health import healthz
from api.router import api

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("api/v1/", api.urls),
    path("", include("dashboard.urls")),
]
