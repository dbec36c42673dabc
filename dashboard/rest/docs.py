"""The two pages of the REST side: its documentation, and where customers come back to."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from dashboard import i18n
from dashboard.i18n import _
from dashboard.rest.endpoint import PREFIX
from dashboard.rest.errors import language_of

DOCS = "/api/docs"
OPENAPI = "/api/openapi.json"
_ASSETS = f"{DOCS}/assets"
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)

_CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_RETURN_CSP = f"{_CLOSED}; style-src 'unsafe-inline'"
_RETURN = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1.125rem/1.6 system-ui, sans-serif; margin: 20vh auto; max-width: 30rem;
  padding: 0 1.5rem; text-align: center; color-scheme: light dark }}
h1 {{ font-size: 1.5rem }}
</style>
<h1>{title}</h1>
<p>{text}</p>
</html>
"""


def install(api: FastAPI) -> None:
    """Add both pages. Swagger UI's files are served from here: no page asks another host."""
    page = get_swagger_ui_html(
        openapi_url=OPENAPI,
        title=f"{api.title} API",
        swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{_ASSETS}/favicon.png",
        swagger_ui_parameters={"validatorUrl": None, "persistAuthorization": False},
    )
    html = bytes(page.body).decode()
    headers = {"content-security-policy": _docs_csp(html)}
    folder = str(files("fastapi_offline") / "static")
    api.mount(_ASSETS, StaticFiles(directory=folder), name="docs-assets")

    @api.get(DOCS, include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(html, headers=headers)

    @api.get(f"{PREFIX}/return", tags=["payments"], response_class=HTMLResponse)
    async def come_back(request: Request) -> Response:
        """Where a customer comes back to when a payment named no `return_url`."""
        return _return_page(language_of(request))


def _docs_csp(html: str) -> str:
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _SCRIPT.findall(html)
    )
    return (
        f"{_CLOSED}; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; connect-src 'self'"
    )


def _return_page(language: str) -> Response:
    """Nothing of the address is said again: whoever made the link chose what stands there."""
    with i18n.speaking(language):
        page = _RETURN.format(
            language=language,
            title=_("You can close this window"),
            text=_("The shop learns by itself what became of the payment."),
        )
    headers = {"content-security-policy": _RETURN_CSP, "vary": "accept-language"}
    return HTMLResponse(page, headers=headers)
