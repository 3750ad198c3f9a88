"""Two faces: pages at the root, the API under /api/v1."""

from django.conf import settings
from django.urls import include, path

from api.health import healthz
from api.router import api
from dashboard.views.gallery import gallery

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("api/v1/", api.urls),
    path("", include("dashboard.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("dev/components/", gallery, name="gallery"))
