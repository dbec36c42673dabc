"""Asked on behalf of a connected account: it holds nothing, and nothing is written to it."""

from __future__ import annotations

from core.emulator.http import routes
from core.emulator.resources import not_emulated
from core.emulator.state.errors import ApiError, missing
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context


def answer(ctx: Context, account: str, method: str, path: str) -> Obj:
    """The account itself, empty lists, 404 for any id; refused for the rest."""
    if method == "GET":
        if path in ("/v1/account", f"/v1/accounts/{account}"):
            return ctx.need("account", account, "account", in_path=True)
        found = routes.match(method, path)
        if found is None and (empty := not_emulated.answer(ctx, method, path)) is not None:
            return empty
        if found is not None and found[1]:
            noun = path.removeprefix("/v1/").split("/")[0].removesuffix("s")
            raise missing(noun, found[1][0], "id", in_path=True)
        if found is not None and found[0].lists:
            searched = path.endswith("/search")
            kind = "search_result" if searched else "list"
            page: Obj = {"object": kind, "data": [], "has_more": False, "url": path}
            return {**page, "next_page": None} if searched else page
    raise ApiError(f"not emulated: {method} {path} on behalf of {account}", executed=False)
