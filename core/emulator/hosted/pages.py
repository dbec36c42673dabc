"""What the customer's pages have in common: templates that escape everything, and their headers.

No script, nothing from another address.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from core import money
from core.emulator.state import urls

if TYPE_CHECKING:
    import jinja2

_FOLDER = Path(__file__).parent
_MOST_BYTES, _MOST_FIELDS = 8_192, 20
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,30}")
#: Schemes that a browser runs or reads instead of going there.
_NEVER = frozenset("javascript data vbscript file blob about view-source".split())


def amount(minor: int, currency: str) -> str:
    """`$10.99 USD`: ¥ alone would be two currencies."""
    return f"{money.show(money.Money(minor, currency))} {currency.upper()}"


@cache
def _templates() -> jinja2.Environment:
    import jinja2  # most instances show no page, and answer sooner without it

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["amount"] = amount
    return made


def headers(onward: str | None = None) -> dict[str, str]:
    """The headers of every page; `onward` is where its form may end up.

    Browsers hold `form-action` against every redirect after a form, and a shop's own address may
    redirect again: so any web address is allowed there, and an app's scheme where it is asked for.
    """
    app = f" {urlsplit(onward).scheme}:" if onward and _in_app(onward) else ""
    return {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
            f" frame-ancestors 'none'; form-action 'self' http: https:{app}"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def page(template: str, status: int = 200, onward: str | None = None, **values: Any) -> Response:
    """A template as an answer."""
    text = _templates().get_template(template).render(**values)
    return HTMLResponse(text, status, headers(onward))


def result(
    title: str,
    text: str,
    *,
    good: bool = False,
    status: int = 200,
    link: str | None = None,
    label: str = "Back to the shop",
) -> Response:
    """The plain page that ends a visit."""
    return page(
        "result.html",
        status,
        title=title,
        text=text,
        good=good,
        link=link if link and can_open(link) else None,
        label=label,
    )


def onward(url: str) -> Response:
    """Send the customer on after a form."""
    return RedirectResponse(url, 303, headers(url))


def can_open(url: str) -> bool:
    """Whether a browser would go there: a web address or an app's own scheme."""
    return urls.split(url) is not None or _in_app(url)


def _in_app(url: str) -> bool:
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        return False
    return scheme not in _NEVER | {"http", "https"} and bool(_SCHEME.fullmatch(scheme))


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a small form; what is too large or unreadable counts as empty."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _MOST_BYTES:
            return {}
        chunks.append(chunk)
    try:
        return dict(
            parse_qsl(b"".join(chunks).decode(), errors="strict", max_num_fields=_MOST_FIELDS)
        )
    except ValueError:
        return {}


def files() -> list[Route]:
    """The look: a style sheet and an icon."""

    async def endpoint(request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        return FileResponse(_FOLDER / name, headers={"Cache-Control": "no-cache"})

    return [Route(f"/{name}", endpoint) for name in ("hosted.css", "icon.svg")]
