"""File links: a public address for a file, until it expires."""

from __future__ import annotations

from typing import Any

from core.emulator.http.params import merged
from core.emulator.resources import lists
from core.emulator.state.errors import refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden, shown

_LINKABLE = (
    "business_icon",
    "business_logo",
    "customer_signature",
    "dispute_evidence",
    "pci_document",
    "tax_document_user_upload",
)


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/file_links."""
    file = ctx.need("file", params["file"], "file")
    if file["purpose"] not in _LINKABLE:
        raise refused(f"Files with purpose {file['purpose']} cannot be linked.", "file")
    link: Obj = {
        "id": ctx.ids.new("link"),
        "object": "file_link",
        "created": ctx.now,
        "expired": False,
        "expires_at": _expiry(ctx, params.get("expires_at")),
        "file": file["id"],
        "livemode": False,
        "metadata": merged({}, params.get("metadata") or {}),
        "url": f"{ctx.base_url}/_hosted/links/{ctx.ids.token(32, 'link')}",
    }
    hidden(link)["source"] = link["url"].rpartition("/")[2]
    ctx.tx.add(link)
    file["links"]["data"].insert(0, shown(link))
    ctx.tx.touch(file)
    return link


def _expiry(ctx: Context, at: Any) -> int | None:
    if at == "now":
        return ctx.now
    if at is None:
        return None
    if int(at) <= ctx.now:
        raise refused("expires_at must be in the future.", "expires_at")
    return int(at)


def retrieve(ctx: Context, link_id: str, params: dict[str, Any]) -> Obj:
    link = ctx.need("file_link", link_id, in_path=True)
    return {**link, "expired": _expired(ctx, link)}


def update(ctx: Context, link_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/file_links/{id}: `expires_at` may be `now`."""
    link = ctx.need("file_link", link_id, in_path=True)
    if "metadata" in params:
        link["metadata"] = merged(link["metadata"], params["metadata"])
    if "expires_at" in params:
        link["expires_at"] = _expiry(ctx, params["expires_at"])
    link["expired"] = _expired(ctx, link)
    file = ctx.need("file", link["file"])
    others = [other for other in file["links"]["data"] if other["id"] != link_id]
    file["links"]["data"] = [shown(link), *others]
    ctx.tx.touch(file)
    return ctx.tx.touch(link)


def list_links(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/file_links with `file`, `expired` and `created`."""
    where: list[tuple[str, Any]] = []
    if "file" in params:
        where.append(("json_extract(body, '$.file') = ?", params["file"]))
    if "expired" in params:
        sign = "<=" if params["expired"] else ">"
        expiry = "coalesce(json_extract(body, '$.expires_at'), 1 << 60)"
        where.append((f"{expiry} {sign} ?", ctx.now))
    page = lists.page(ctx, "file_link", "/v1/file_links", params, where=where)
    page["data"] = [{**link, "expired": _expired(ctx, link)} for link in page["data"]]
    return page


def _expired(ctx: Context, link: Obj) -> bool:
    return link["expires_at"] is not None and link["expires_at"] <= ctx.now


def file_of(ctx: Context, token: str) -> str:
    """The file behind a link's address."""
    found = lists.objects_with(ctx, "file_link", "source", token)
    if not found or _expired(ctx, found[0]):
        raise refused("This link is not known, or has expired.")
    return str(found[0]["file"])
