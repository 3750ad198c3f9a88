"""The API as a whole."""

from ninja import NinjaAPI

from api import audit, databases, environments, jobs, plans, problems, projects, promotions, proposals
from api.auth import BearerToken
from api.docs import PlainDocs
from api.parsing import StrictParser

api = NinjaAPI(
    title="Alembic Dashboard",
    version="1",
    description="Errors are problem documents (RFC 9457). Lists take limit and offset and answer items and count. Times are UTC.",
    auth=BearerToken(),
    parser=StrictParser(),
    docs=PlainDocs(),
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
    "/audit": audit,
}.items():
    api.add_router(path, module.router)
