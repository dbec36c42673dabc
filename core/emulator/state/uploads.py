"""Reads a multipart upload: its fields as a form, its one file whole, within a bound."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from core.emulator.state.errors import ApiError, refused

KIND = "multipart/form-data"
_FOLDERS = re.compile(r"[/\\]")
#: The largest file of any purpose is 16 MB; the rest is for fields and boundaries.
_MAX_BODY = 16 * 1024 * 1024 + 65_536
_PATIENCE = 4 * _MAX_BODY


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came."""

    filename: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


async def read(request: Request) -> tuple[str, Upload | None]:
    """(the fields as a form, the file under the name `file`).

    The form names the file by its hash, so that an idempotency key tells two uploads apart.
    """
    try:
        form = await MultiPartParser(
            request.headers, _bounded(request), max_files=1, max_fields=100, max_part_size=10_000
        ).parse()
    except (MultiPartException, ValueError, LookupError) as reason:
        raise refused("Invalid request: the multipart body cannot be read.") from reason
    fields: list[tuple[str, str]] = []
    upload: Upload | None = None
    for name, value in form.multi_items():
        if not isinstance(value, UploadFile):
            fields.append((name, value))
            continue
        # SDKs send the whole path of the file on their machine.
        filename = _FOLDERS.split(value.filename or "blob")[-1][:200]
        upload = Upload(filename, await value.read())
        fields.append((name, f"sha256:{upload.sha256}"))
    await form.close()
    return urlencode(fields), upload


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _PATIENCE:
            break
        # What is too much is read and dropped, so that the client hears why.
        if size <= _MAX_BODY:
            yield chunk
    if size > _MAX_BODY:
        raise ApiError("Request body is too large.", status=413, executed=False)
