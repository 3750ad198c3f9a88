"""Where notices are sent, and whether they arrived."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Action, require
from config.errors import Refused
from dashboard.forms.channel import ChannelForm
from dashboard.requests import user_of
from notices import channels, queries

LOG = 50


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    shown = {"channels": list(queries.channels(user)), "deliveries": list(queries.deliveries(user)[:LOG])}
    return render(request, "dashboard/channels.html", shown)


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """The signing secret stands in the answer itself: it can be shown only now."""
    user = user_of(request)
    require(user, Action.CONFIGURE)
    form = ChannelForm(request.POST) if request.method == "POST" else ChannelForm()
    if request.method == "POST" and form.is_valid():
        try:
            channel, secret = channels.create_channel(user=user, fields=form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
        else:
            return render(request, "dashboard/channel_made.html", {"channel": channel, "secret": secret})
    return render(request, "dashboard/channel_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    user = user_of(request)
    channel = queries.get_channel(user, id)
    form = (
        ChannelForm({"way": channel.way} | request.POST.dict() | _lists(request)) if request.method == "POST" else ChannelForm.of(channel)
    )
    if request.method == "POST" and form.is_valid():
        try:
            channels.update_channel(channel, user=user, fields=form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("%(name)s was changed.") % {"name": channel.name})
            return redirect("channels")
    return render(request, "dashboard/channel_form.html", {"form": form, "channel": channel}, status=422 if form.errors else 200)


@require_POST
def delete(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    user = user_of(request)
    channel = queries.get_channel(user, id)
    channels.delete_channel(channel, user=user)
    messages.success(request, _("%(name)s was deleted.") % {"name": channel.name})
    return redirect("channels")


@require_POST
def test(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    user = user_of(request)
    channel = queries.get_channel(user, id)
    channels.send_test(channel, user=user)
    messages.success(request, _("A test is on its way. Reload the page in a moment to see whether it arrived."))
    return redirect("channels")


def _lists(request: HttpRequest) -> dict[str, list[str]]:
    return {"kinds": request.POST.getlist("kinds")}
