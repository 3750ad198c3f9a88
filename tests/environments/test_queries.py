"""Finding environments and databases."""

import pytest

from config.errors import Invalid, NotFound
from environments import queries
from environments.models import Database


@pytest.mark.parametrize("id", ["", "7", "nothing", "../etc", "x" * 5000, "\0", "00000000-0000-0000-0000-000000000000"])
def test_get_database_of_no_such_id_is_not_found(admin, id: str) -> None:
    with pytest.raises(NotFound, match="There is no database") as caught:
        queries.get_database(admin, id)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("slug", ["", "nothing", "x" * 5000, "a'b", "\0", "\ud800"])
def test_get_environment_of_no_such_slug_is_not_found(admin, slug: str) -> None:
    with pytest.raises(NotFound):
        queries.get_environment(admin, slug)


def test_get_database_brings_project_and_environment(admin, make_database, django_assert_num_queries) -> None:
    made = make_database("sqlite:////srv/a.db")
    with django_assert_num_queries(1):
        assert str(queries.get_database(admin, str(made.pk))) == "shop/dev/d0"


def test_databases_are_filtered(admin, make_database, project, dev) -> None:
    one, two = make_database("sqlite:////srv/a.db"), make_database("sqlite:////srv/b.db")
    Database.objects.filter(pk=two.pk).update(state="pending")
    assert list(queries.databases(admin, project="shop", environment=dev)) == [one, two]
    assert list(queries.databases(admin, project=project, state="pending")) == [two]
    assert list(queries.databases(admin, environment="prod")) == []


def test_databases_refuse_a_state_that_is_none(admin) -> None:
    with pytest.raises(Invalid, match="up_to_date"):
        queries.databases(admin, state="fine")
