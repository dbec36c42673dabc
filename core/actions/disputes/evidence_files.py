"""What a file is, by its content: kind, pages. What its name says is not believed."""

from __future__ import annotations

import io
from dataclasses import dataclass

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from core.errors import InvalidInput

#: Of one file of this purpose, by Stripe; the sum of all is held lower.
MOST_BYTES = 5 * 1024 * 1024
#: The first bytes of each kind that Stripe takes as evidence.
_STARTS = {"pdf": b"%PDF-", "jpg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}
#: What a damaged document makes the reader trip over.
_DAMAGED = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError)


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that may be evidence; a picture is one page."""

    kind: str
    size: int
    pages: int


def examine(field: str, content: bytes) -> Examined:
    """What a file is; `InvalidInput` names the field and the rule it breaks."""
    if not content:
        raise InvalidInput(field, "is empty")
    if len(content) > MOST_BYTES:
        raise InvalidInput(field, "has more than {most} bytes", most=MOST_BYTES)
    kind = next((name for name, start in _STARTS.items() if content.startswith(start)), None)
    if kind is None:
        raise InvalidInput(field, "must be a PDF, JPEG or PNG file")
    return Examined(kind, len(content), _pages(field, content) if kind == "pdf" else 1)


def _pages(field: str, content: bytes) -> int:
    try:
        document = PdfReader(io.BytesIO(content))
        # One that is only guarded against changes opens with the empty password.
        locked = document.is_encrypted and not document.decrypt("")
        pages = 0 if locked else len(document.pages)
    except _DAMAGED as error:
        raise InvalidInput(field, "is a PDF file that cannot be read") from error
    if locked:
        raise InvalidInput(field, "is locked by a password: the bank could not open it")
    if pages < 1:
        raise InvalidInput(field, "is a PDF file without pages")
    return pages
