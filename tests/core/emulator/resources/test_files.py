"""Files come in through the official SDK, are held to their purpose, and are kept whole."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import KEY, client_of, raw
from tests.support.sdk_shapes import faults

DAY = 86_400
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 4
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
MOST = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def named(content: bytes, name: str = "/home/ada/proof.pdf") -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def upload(
    client: stripe.StripeClient, content: bytes, purpose: Any = "dispute_evidence", **more: Any
) -> stripe.File:
    return client.v1.files.create({"file": named(content), "purpose": purpose, **more})


def contents(emulator: RunningEmulator, file: stripe.File) -> bytes:
    path = str(file.url).removeprefix(emulator.base_url)
    answer = raw(emulator, "GET", path)
    assert answer.status == 200
    return answer.body


def test_file_is_kept_whole(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    file = upload(client, PDF)
    assert (file.filename, file.type, file.size) == ("proof.pdf", "pdf", len(PDF))
    assert (file.purpose, file.expires_at) == ("dispute_evidence", file.created + 270 * DAY)
    assert faults(file.to_dict()) == []
    again = client.v1.files.retrieve(file.id)
    assert again.to_dict() == file.to_dict()
    assert hashlib.sha256(contents(emulator, file)).digest() == hashlib.sha256(PDF).digest()


@pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")
def test_async_client_uploads_too(emulator: RunningEmulator) -> None:
    async def send() -> stripe.File:
        transport = stripe.HTTPXClient()
        places = {"api": emulator.base_url, "files": emulator.base_url}
        client = stripe.StripeClient(KEY, base_addresses=places, http_client=transport)
        try:
            return await client.v1.files.create_async(
                {"file": named(PNG, "a.png"), "purpose": "dispute_evidence"}
            )
        finally:
            await transport.close_async()

    assert contents(emulator, asyncio.run(send())) == PNG


def test_files_are_listed_by_purpose(client: stripe.StripeClient) -> None:
    icon, proof = upload(client, PNG, "business_icon"), upload(client, PDF)
    newest = client.v1.files.list({"limit": 2}).data
    assert [file.id for file in newest] == [proof.id, icon.id]
    [found] = client.v1.files.list({"purpose": "business_icon"}).data
    assert (found.id, found.expires_at) == (icon.id, None)


@pytest.mark.parametrize(
    ("content", "purpose", "words", "param"),
    [
        (b"GIF89a" + b"x" * 20, "dispute_evidence", "not supported", "file"),
        (b"", "dispute_evidence", "not supported", "file"),
        (b"<html>", "dispute_evidence", "not supported", "file"),
        (PDF.ljust(MOST + 1), "dispute_evidence", "too large", "file"),
        (PDF, "business_icon", "not supported", "file"),
        (PNG.ljust(512 * 1024 + 1), "business_icon", "too large", "file"),
        (PDF, "whatever", "must be one of", "purpose"),
        (PDF, "terminal_android_apk", "cannot be uploaded", "purpose"),
    ],
)
def test_what_the_purpose_does_not_take_is_refused(
    client: stripe.StripeClient, content: bytes, purpose: str, words: str, param: str
) -> None:
    count = len(client.v1.files.list({"limit": 100}).data)
    with pytest.raises(stripe.InvalidRequestError, match=words) as caught:
        upload(client, content, purpose)
    assert caught.value.param == param
    assert len(client.v1.files.list({"limit": 100}).data) == count


def test_largest_evidence_is_taken(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    largest = PDF.ljust(MOST, b"\xfe")
    assert contents(emulator, upload(client, largest)) == largest


def test_key_tells_two_files_apart(client: stripe.StripeClient) -> None:
    def send(content: bytes) -> stripe.File:
        return client.v1.files.create(
            {"file": named(content), "purpose": "dispute_evidence"}, {"idempotency_key": "up-1"}
        )

    first = send(PDF)
    assert send(PDF).id == first.id
    with pytest.raises(stripe.IdempotencyError):
        send(PDF + b"x")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=b"),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n',
            "multipart/form-data; boundary=b",
        ),
        (b"--b\r\nnonsense\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (b"--b" * 5000, "multipart/form-data; boundary=b"),
        (b"purpose=dispute_evidence&file=x", "application/x-www-form-urlencoded"),
    ],
)
def test_upload_that_cannot_be_read_is_refused(
    emulator: RunningEmulator, body: bytes, kind: str
) -> None:
    answer = raw(emulator, "POST", "/v1/files", body, Content_Type=kind)
    assert answer.status in (400, 413)
    assert json.loads(answer.body)["error"]["type"] == "invalid_request_error"


def test_upload_beyond_every_purpose_is_refused_when_it_has_come(
    client: stripe.StripeClient,
) -> None:
    with pytest.raises(stripe.APIError, match="too large") as caught:
        upload(client, PDF.ljust(17 * 1024 * 1024))
    assert caught.value.http_status == 413


def test_contents_need_a_key(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    path = str(upload(client, PDF).url).removeprefix(emulator.base_url)
    assert raw(emulator, "GET", path, Authorization="").status == 401
    assert raw(emulator, "GET", "/v1/files/file_none/contents").status == 404


def test_link_shows_a_file_to_anybody_until_it_expires(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    file = upload(client, PDF, file_link_data={"create": True, "metadata": {"case": "7"}})
    file = client.v1.files.retrieve(file.id)
    assert file.links is not None
    [link] = file.links.data
    assert faults(link.to_dict()) == []
    path = str(link.url).removeprefix(emulator.base_url)
    shown = raw(emulator, "GET", path, Authorization="")
    assert (shown.status, shown.body) == (200, PDF)
    assert shown.headers["content-disposition"].startswith("attachment")
    assert client.v1.file_links.update(link.id, {"expires_at": "now"}).expired
    assert raw(emulator, "GET", path, Authorization="").status == 400
    assert client.v1.file_links.list({"file": file.id, "expired": False}).data == []
    [listed] = client.v1.file_links.list({"file": file.id, "expired": True}).data
    assert (listed.id, listed.expired) == (link.id, True)


def test_only_some_purposes_can_be_linked(client: stripe.StripeClient) -> None:
    private = upload(client, PDF, "identity_document")
    with pytest.raises(stripe.InvalidRequestError, match="cannot be linked"):
        client.v1.file_links.create({"file": private.id})
    linked = client.v1.file_links.create({"file": upload(client, PDF).id, "expand": ["file"]})
    assert isinstance(linked.file, stripe.File)
    with pytest.raises(stripe.InvalidRequestError, match="No such file upload"):
        client.v1.file_links.create({"file": "file_none"})


def test_file_outlives_a_restart_and_then_expires(tmp_path: Path) -> None:
    with start_emulator(state_path=tmp_path / "emulator.db") as emulator:
        emulator.control("POST", "clock", {"frozen": True})
        file = upload(client_of(emulator), PDF)
    with start_emulator(state_path=tmp_path / "emulator.db") as emulator:
        path = f"/v1/files/{file.id}/contents"
        assert raw(emulator, "GET", path).body == PDF
        emulator.advance(271 * DAY)
        assert raw(emulator, "GET", path).status == 400
        [event] = client_of(emulator).v1.events.list({"type": "file.created"}).data or [None]
        assert event is None
