"""`/docs`: the OpenAPI document as one plain page. No script and nothing from elsewhere: it works without internet."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
h2 { margin-top: 2.5rem } h3 { margin: 1.5rem 0 .3rem; font: 600 1rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere }
p { margin: .3rem 0 } .lines { white-space: pre-line } table { border-collapse: collapse; margin: .4rem 0 }
td { border-top: 1px solid #8885; padding: .2rem .8rem .2rem 0; vertical-align: top } code { overflow-wrap: anywhere }
"""  # noqa: E501
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"


def install_docs(app: FastAPI) -> None:
    """From now on the app answers at `/docs`."""

    async def show_docs(request: Request) -> HTMLResponse:
        page = "".join(_page(request.app.openapi()))
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"})

    app.add_route("/docs", show_docs, include_in_schema=False)


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    yield f"<h1>{title}</h1>{_prose(document['info'].get('description', ''))}"
    yield '<p>For programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI).</p>'
    yield "<h2>Calls</h2>"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield from _call(method, path, operation)
    yield "<h2>Shapes</h2>"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3>{_prose(schema.get("description", ""))}{_fields(schema)}'


def _call(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3>{method.upper()} {escape(path)}</h3><p><b>{escape(operation.get('summary', ''))}</b></p>"
    yield _prose(operation.get("description", ""))
    rows = [
        (f"{one['name']} ({one['in']})", _kind(one.get("schema", {})), one.get("description", ""))
        for one in operation.get("parameters", [])
    ]
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        rows.append((f"body: {media_type}", _kind(content.get("schema", {})), ""))
    for status, response in operation["responses"].items():
        kinds = {_kind(one.get("schema", {})) for one in response.get("content", {}).values()}
        rows.append((f"answer {status}", ", ".join(sorted(kinds)), response.get("description", "")))
    yield _table(rows)


def _fields(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", [])
    return _table(
        [
            (name if name in required else f"{name}?", _kind(one), one.get("description", ""))
            for name, one in schema.get("properties", {}).items()
        ]
    )


def _kind(schema: Any) -> str:
    """What a value is, in HTML."""
    if not isinstance(schema, Mapping):
        return ""
    if isinstance(reference := schema.get("$ref"), str):
        name = escape(reference.rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(map(_kind, choices))
    if "enum" in schema or "const" in schema:
        return escape(" | ".join(map(str, schema.get("enum", [schema.get("const")]))))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {})) or 'anything'}"
    return escape(str(schema.get("format") or schema.get("type") or ""))


def _table(rows: list[tuple[str, str, str]]) -> str:
    """Of name, kind (HTML already) and description."""
    cells = [f"<tr><td><code>{escape(name)}</code><td>{kind}<td>{escape(about)}" for name, kind, about in rows]
    return f"<table>{''.join(cells)}</table>" if cells else ""


def _prose(text: str) -> str:
    return f'<p class="lines">{escape(text.strip())}</p>' if text.strip() else ""
