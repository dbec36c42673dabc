"""Files: what a purpose takes (docs.stripe.com/file-upload), kept whole beside their objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.emulator.resources import file_links, lists
from core.emulator.resources.balance import DAY
from core.emulator.state.errors import refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden

_KB, _MB = 1024, 1024 * 1024
#: The first bytes of each kind of file, by the name that `type` shows.
_STARTS = {
    "pdf": b"%PDF-",
    "jpg": b"\xff\xd8\xff",
    "png": b"\x89PNG\r\n\x1a\n",
    "gif": b"GIF8",
}


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a purpose takes: kinds of file, the most bytes, and how long it is kept."""

    types: tuple[str, ...]
    most: int
    days: int | None = None
    linkable: bool = True


_PAPERS, _PICTURES = ("pdf", "jpg", "png"), ("jpg", "png", "gif")
PURPOSES = {
    "dispute_evidence": Purpose(_PAPERS, 5 * _MB, days=270),
    "business_icon": Purpose(_PICTURES, 512 * _KB),
    "business_logo": Purpose(_PICTURES, 512 * _KB),
    "customer_signature": Purpose(("jpg", "png"), 4 * _MB, days=7),
    "pci_document": Purpose(("pdf",), 16 * _MB),
    "tax_document_user_upload": Purpose(_PAPERS, 16 * _MB),
    "account_requirement": Purpose(_PAPERS, 16 * _MB, linkable=False),
    "additional_verification": Purpose(_PAPERS, 16 * _MB, linkable=False),
    "identity_document": Purpose(_PAPERS, 16 * _MB, linkable=False),
}


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/files: the file comes with the context, its fields as parameters."""
    upload = ctx.upload
    if upload is None:
        raise refused("Invalid file: it must be sent as multipart/form-data.", "file")
    params.get("file")  # its hash, which idempotency keys compare
    purpose = PURPOSES.get(params["purpose"])
    if purpose is None:
        raise refused(f"Files with purpose {params['purpose']} cannot be uploaded.", "purpose")
    kind = _kind(upload.content)
    if kind not in purpose.types:
        raise refused(
            f"The file type uploaded is not supported. Files with purpose {params['purpose']} must"
            f" be one of: {', '.join(purpose.types)}.",
            "file",
        )
    if len(upload.content) > purpose.most:
        raise refused(
            f"The file uploaded is too large: {len(upload.content)} bytes. Files with purpose"
            f" {params['purpose']} may have at most {purpose.most} bytes.",
            "file",
        )
    file_id = ctx.ids.new("file")
    file: Obj = {
        "id": file_id,
        "object": "file",
        "created": ctx.now,
        "expires_at": ctx.now + purpose.days * DAY if purpose.days else None,
        "filename": upload.filename,
        "links": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/file_links?file={file_id}",
        },
        "purpose": params["purpose"],
        "size": len(upload.content),
        "title": None,
        "type": kind,
        "url": f"{ctx.base_url}/v1/files/{file_id}/contents",
    }
    hidden(file)["sha256"] = upload.sha256
    ctx.tx.add(file)
    ctx.tx.db.execute("INSERT INTO contents VALUES (?, ?)", (file_id, upload.content))
    link = params.get("file_link_data")
    if link and link["create"]:
        file_links.create(ctx, {**link, "file": file_id})
    ctx.emit("file.created", file)
    return file


def _kind(content: bytes) -> str | None:
    return next((name for name, start in _STARTS.items() if content.startswith(start)), None)


def retrieve(ctx: Context, file_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("file", file_id, in_path=True)


def list_files(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/files with `purpose` and `created`."""
    where: list[tuple[str, Any]] = []
    if "purpose" in params:
        where.append(("json_extract(body, '$.purpose') = ?", params["purpose"]))
    return lists.page(ctx, "file", "/v1/files", params, where=where)


def contents(ctx: Context, file_id: str) -> tuple[Obj, bytes]:
    """The object and its bytes, as they came; gone once it has expired."""
    file = ctx.need("file", file_id, in_path=True)
    if file["expires_at"] is not None and file["expires_at"] <= ctx.now:
        raise refused(f"The file {file_id} has expired.", "id")
    [content] = ctx.tx.db.execute(
        "SELECT content FROM contents WHERE id = ?", (file_id,)
    ).fetchone()
    return file, content


def evidence(ctx: Context, file_id: str, param: str) -> Obj:
    """A file that may stand as evidence in a dispute."""
    file = ctx.need("file", file_id, param)
    if file["purpose"] != "dispute_evidence":
        raise refused(
            f"The file {file_id} has purpose {file['purpose']}; evidence must have purpose"
            " dispute_evidence.",
            param,
        )
    return file
