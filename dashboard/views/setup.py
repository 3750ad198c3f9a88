"""The first run, in five steps that can be left and gone on with. Nothing here changes any database."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Action, require
from config.errors import Refused
from dashboard import setup_view
from dashboard.forms.setup import FirstDatabaseForm, FirstProjectForm
from dashboard.requests import number_of, user_of
from dashboard.setup_view import Place
from environments import queries, services
from jobs import sample
from migrations_store import services as store
from migrations_store.errors import ConfigurationError
from migrations_store.models import Project

CONFIGURATIONS = ("alembic.ini", "pyproject.toml")
MOST = 8


@require_GET
def setup(request: HttpRequest) -> HttpResponse:
    """`?step=` looks at one again."""
    user = user_of(request)
    require(user, Action.CONFIGURE)
    wanted = number_of(request, "step") or 0
    return render(request, "dashboard/setup.html", setup_view.context(user, step=wanted if wanted <= len(setup_view.TITLES) else 0))


@require_POST
def prepare(request: HttpRequest) -> HttpResponse:
    """The stages in the order in which they were named; those that are there stay as they are. Unnamed: dev, test and a protected prod."""
    user = user_of(request)
    require(user, Action.CONFIGURE)
    names = [name.strip() for name in request.POST.getlist("stage") if name.strip()][:MOST]
    wanted = [(name, name in request.POST.getlist("protected")) for name in names] or list(setup_view.USUAL)
    known = set(queries.environments(user).values_list("slug", flat=True))
    try:
        for place, (slug, protected) in enumerate(wanted, start=1):
            if slug not in known:
                services.create_environment(user=user, fields={"slug": slug, "name": slug, "position": place * 10, "protected": protected})
    except Refused as refused:
        return _page(request, user, refused, step=2, usual=wanted)
    return redirect("setup")


@require_POST
def project(request: HttpRequest) -> HttpResponse:
    """Takes the configuration that is there: alembic.ini, or pyproject.toml."""
    user = user_of(request)
    require(user, Action.CONFIGURE)
    form = FirstProjectForm(request.POST)
    if form.is_valid():
        try:
            _create_project(user, form)
        except Refused as refused:
            form.refuse(refused, {"source": "place", "path": "place", "url": "place"})
        else:
            return redirect("setup")
    return _page(request, user, None, step=3, project_form=form)


def _create_project(user: User, form: FirstProjectForm) -> Project:
    """What the first configuration's absence says is told only if the second is missing too."""
    try:
        return store.create_project(user=user, fields=form.fields_for_service(CONFIGURATIONS[0]))
    except ConfigurationError as refused:
        try:
            return store.create_project(user=user, fields=form.fields_for_service(CONFIGURATIONS[1]))
        except ConfigurationError:
            raise refused from None


@sensitive_post_parameters()
@require_POST
def databases(request: HttpRequest) -> HttpResponse:
    """Registers those that have an address, or with the button *Test* only tries them. One that is refused keeps the others' words."""
    user = user_of(request)
    require(user, Action.CONFIGURE)
    found = setup_view.project_of(user)
    places = [Place(stage, FirstDatabaseForm(stage, request.POST)) for stage in setup_view.open_stages(user, found)]
    filled = [place for place in places if place.form.is_valid() and place.form.is_filled]
    if found is None or not filled:
        messages.warning(request, _("Nothing was typed: give at least one address."))
        return redirect("setup")
    for place in filled:
        place.form.hide_password()
    fine = [_try_or_add(user, found, place, only_try="test" in request.POST) for place in filled]
    return redirect("setup") if all(fine) and "test" not in request.POST else _page(request, user, None, step=4, places=places)


def _try_or_add(user: User, found: Project, place: Place, *, only_try: bool) -> bool:
    fields = place.form.fields_for_service(found.slug)
    try:
        if only_try:
            place.tried = services.test_connection(user=user, fields=fields)
        else:
            services.create_database(user=user, fields=fields)
    except Refused as refused:
        place.form.refuse(refused)
        return False
    return True


@require_POST
def create_sample(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    require(user, Action.CONFIGURE)
    if not queries.environments(user).exists():
        prepare(request)
    sample.create(user=user)
    messages.success(request, _("The sample project is there. Its first databases are being brought to their revisions."))
    return redirect("home")


def _page(request: HttpRequest, user: User, refused: Refused | None, **more: object) -> HttpResponse:
    shown = setup_view.context(user, refused=refused, **more)
    failed = refused or any(getattr(form, "errors", None) for form in (more.get("project_form"), *_forms(more)))
    return render(request, "dashboard/setup.html", shown, status=422 if failed else 200)


def _forms(more: dict[str, object]) -> list[object]:
    places = more.get("places")
    return [place.form for place in places] if isinstance(places, list) else []
