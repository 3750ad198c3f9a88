"""The API's documentation as a plain page, drawn from the OpenAPI document: no script, nothing from elsewhere."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase


class PlainDocs(DocsBase):
    """Called by the framework for /api/v1/docs."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        document = api.get_openapi_schema(path_params=kwargs)
        return render(request, "api/docs.html", {"info": document["info"], "operations": _operations(document)})


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    schemas = document.get("components", {}).get("schemas", {})
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation.get("summary", ""),
            "parameters": [_parameter(parameter) for parameter in operation.get("parameters", [])],
            "fields": _fields(operation, schemas),
        }
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "place": parameter["in"],
        "kind": _kind(parameter.get("schema", {})),
        "required": parameter.get("required"),
    }


def _fields(operation: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    names = [part.get("$ref", "").rpartition("/")[2] for part in (content, *content.get("anyOf", []))]
    schema: dict[str, Any] = next((schemas[name] for name in names if name in schemas), {})
    needed = schema.get("required", [])
    return [{"name": name, "kind": _kind(facts), "required": name in needed} for name, facts in schema.get("properties", {}).items()]


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    parts = schema.get("anyOf") or schema.get("oneOf")
    return " or ".join(_kind(part) for part in parts) if parts else str(schema.get("type", "any"))
