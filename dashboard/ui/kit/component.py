"""The one component behind all parts: how it is mounted, what it reports, where its files are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

Kind = Literal["table", "cards", "bridge", "timeline", "facts"]
#: Takes the name of what was clicked.
OnClick = Callable[[str], None]

ADDRESS = "/ui/kit/"
_FOLDER = Path(__file__).parent
_TYPES = {
    "kit.js": "text/javascript",
    "palette.js": "text/javascript",
    "theme.js": "text/javascript",
    "typing_pause.js": "text/javascript",
    "kit.css": "text/css",
}
_FILES = {name: (_FOLDER / name).read_bytes() for name in _TYPES}
#: Stands in the files' addresses, so that browsers may keep them for good.
DIGEST = hashlib.sha256(b"".join(_FILES.values())).hexdigest()[:16]
#: A longer name was not written by us.
LONGEST = 400


def loader(name: str) -> str:
    """A component's script that loads the file `name` and leaves all to it.

    Streamlit sends a component's own script with every mount. It runs as a blob, which has no
    address to begin from.
    """
    return f"""\
const file = import(location.origin + "{ADDRESS}{name}?v={DIGEST}");
export default function (component) {{ file.then((loaded) => loaded.default(component)); }}
"""


_element = st.components.v2.component("tillwatch_kit", js=loader("kit.js"))


def mount(
    kind: Kind,
    key: str,
    data: Mapping[str, Any],
    *,
    on_open: OnClick | None = None,
    on_sort: OnClick | None = None,
    leaves: bool = False,
) -> None:
    """Draw a part. `key` is its own on the page; `data` is what `kit.js` draws.

    `on_open` and `on_sort` are called before the next run, as callbacks of Streamlit's widgets are:
    a callback writes down what was clicked, and the run acts on it. What they are given comes from
    the browser. `leaves`: a click leads to another page, and Back is to come here again at once.
    """

    def passed(event: str, to: OnClick | None) -> Callable[[], None]:
        def callback() -> None:
            clicked = st.session_state[key].get(event)
            if to is not None and isinstance(clicked, str) and 0 < len(clicked) <= LONGEST:
                to(clicked)

        return callback

    _element(
        key=key,
        data={"kind": kind, "leaves": leaves, **data},
        on_open_change=passed("open", on_open),
        on_sort_change=passed("sort", on_sort),
    )


def compact(data: Mapping[str, Any]) -> dict[str, Any]:
    """Data without what says nothing; zero says something."""
    return {name: value for name, value in data.items() if value or type(value) is int}


async def _file_response(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _FILES:
        return PlainTextResponse("no such file", 404)
    # A page from before an update asks for files that are gone: it is not to keep these as those.
    kept = request.query_params.get("v") == DIGEST
    caching = "private, max-age=31536000, immutable" if kept else "no-store"
    return Response(_FILES[name], media_type=_TYPES[name], headers={"Cache-Control": caching})


routes = [Route(ADDRESS + "{name}", _file_response, methods=["GET"])]
