"""The gallery of components: every state that a page can show, and no address to it unless the server is being worked on."""

import pytest
from django.test import Client
from django.urls import path

from config.urls import urlpatterns as ours
from dashboard import drift_view, job_view, states
from dashboard.views.gallery import gallery

urlpatterns = [*ours, path("dev/components/", gallery)]


@pytest.mark.urls(__name__)
def test_gallery_shows_every_state(client: Client) -> None:
    page = client.get("/dev/components/").content.decode()
    words = [word for table in (states.LOOKS, drift_view.LOOKS) for _tone, _icon, word in table.values()]
    words += [str(status.label) for status in (*job_view.STATUS_LOOKS, *job_view.STEP_LOOKS)]
    assert [word for word in words if f"</svg>{word}</span>" not in page] == []


def test_gallery_has_no_address_of_its_own(client: Client) -> None:
    assert client.get("/dev/components/").status_code == 404
