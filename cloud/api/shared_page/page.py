"""The page as HTML, with headers by which it loads what is ours and nothing else."""

import secrets
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cloud.api.shared_page import assets
from cloud.jobs.sharing.shown import Shown

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_UNNAMED = "A 3D scene"


def page_of(shown: Shown, token: str, base: str) -> HTMLResponse:
    """The page of a link that lives. `base` is this server's address as strangers know it: previews need it whole."""
    root = f"/v1/shares/{token}"
    picture = f"{root}/pictures/1" if shown.pictures else ""
    downloads = [shown.blend, *([shown.model] if shown.model else [])] if shown.allow_download else []
    viewer = assets.find(assets.VIEWER)
    return _render(
        "page.html",
        200,
        title=shown.title or _UNNAMED,
        facts=_facts(shown),
        page_url=f"{base}/s/{token}",
        picture=picture,
        picture_url=f"{base}{picture}" if picture else "",
        root=root,
        model_state=shown.model_state,
        viewer=viewer.path if viewer else "",
        downloads=[(file.name, f"{root}/download/{file.name}", _size_text(file.bytes)) for file in downloads],
    )


def gone() -> HTMLResponse:
    """The page of every link that shows nothing, whatever the reason."""
    return _render("gone.html", 404)


def _render(template: str, status: int, **values: object) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    ours = {name: asset.path for name in ("page.css", "page.js") if (asset := assets.find(name))}
    content = _TEMPLATES.get_template(template).render(
        nonce=nonce, style_url=ours["page.css"], script_url=ours["page.js"], **values
    )
    headers = {
        "Content-Security-Policy": _policy(nonce),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
    }
    return HTMLResponse(content, status, headers=headers)


def _policy(nonce: str) -> str:
    """Scripts and styles that the page itself names.

    The viewer reads textures that it has unpacked (`blob:`), and unpacks meshes in workers that it makes itself, by
    WebAssembly, which is no `eval`.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'nonce-{nonce}' 'wasm-unsafe-eval'",
            f"style-src 'nonce-{nonce}'",
            "img-src 'self' blob: data:",
            "connect-src 'self' blob:",
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _facts(shown: Shown) -> list[str]:
    made = f"{shown.made_at.day} {shown.made_at:%B %Y}"
    counted = [
        f"{count:,} {word if count != 1 else word[:-1]}"
        for count, word in ((shown.objects, "objects"), (shown.triangles, "triangles"))
        if count is not None
    ]
    return [made, *counted]


def _size_text(size_bytes: int) -> str:
    if size_bytes < 2**20:
        return f"{max(round(size_bytes / 2**10), 1)} KB"
    return f"{size_bytes / 2**20:.1f} MB"
