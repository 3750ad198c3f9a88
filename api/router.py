"""The API as a whole."""

import functools
from typing import Any

from django.urls import get_script_prefix
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from api import (
    audit,
    compare,
    databases,
    drift,
    environments,
    jobs,
    people,
    plans,
    policies,
    problems,
    projects,
    promotions,
    proposal_ways,
    proposals,
    reviews,
    revisions,
    suppressions,
)
from api.auth import BearerToken
from api.docs import PlainDocs
from api.parsing import StrictParser
from api.schemas import Problem


@functools.lru_cache(maxsize=4)
def _document(api: "Api", _prefix: str) -> OpenAPISchema:
    return api.made()


class Api(NinjaAPI):
    """Says in its OpenAPI document that any call may be answered with a problem."""

    def get_openapi_schema(self, **_: Any) -> OpenAPISchema:
        """The same for everybody, and made once for where the dashboard is mounted: it takes long, and strangers may ask for it."""
        return _document(self, get_script_prefix())

    def made(self) -> OpenAPISchema:
        document = super().get_openapi_schema()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        content = {problems.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for methods in document["paths"].values():
            for operation in methods.values():
                operation["responses"]["default"] = {"description": "A problem (RFC 9457)", "content": content}
        return document


api = Api(
    title="Alembic Dashboard",
    version="1",
    description="Errors are problem documents (RFC 9457). Lists take limit and offset and answer items and count. Times are UTC.",
    auth=BearerToken(),
    parser=StrictParser(),
    docs=PlainDocs(),
    docs_decorator=require_safe,
    urls_namespace="api",
)
problems.register(api)
for path, module in {
    "/projects": projects,
    "/environments": environments,
    "/databases": databases,
    "/plans": plans,
    "/jobs": jobs,
    "/promotions": promotions,
    "/proposals": proposals,
    "/policy-changes": policies,
    "/audit": audit,
}.items():
    api.add_router(path, module.router)
api.add_router("/environments", policies.of_environments)
api.add_router("/proposals", reviews.router)
api.add_router("/proposals", proposal_ways.router)
api.add_router("/projects", revisions.router)
api.add_router("/projects", compare.router)
api.add_router("/projects", suppressions.router)
api.add_router("/projects", drift.router)
for path, router in {"/users": people.users, "/teams": people.teams, "/grants": people.of_grants}.items():
    api.add_router(path, router)
api.add_router("/rollbacks", promotions.downwards)
