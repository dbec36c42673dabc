"""Stripe's own mock beside the emulator: what it takes, the emulator takes or refuses by name.

Requests are drawn from the specification that the mock carries: each with what is required, and
each with one more parameter. The mock answers 200 to what is valid. The emulator may know better
(there is no such customer), but it may not call a published request unknown or ill-formed, nor
break; its own answers hold against the specification's schemas.
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import requests
from stripe._encode import _api_encode

from core.emulator.http import routes
from tests.clients import shop
from tests.clients.harness import SKIPPED, Row, Skipped, emulator, folder, need, report, run
from tests.support.receivers import free_port, wait_until

MODULE = "github.com/stripe/stripe-mock@v0.203.0"
KEY = "sk_test_123456789012"
#: Refusals that a request which Stripe publishes must not meet.
_UNKNOWN = re.compile(
    r"Received unknown param|Unrecognized request URL|Missing required param|must be one of"
    r"|Invalid (array|boolean|hash|integer|object|string)"
)
_SAMPLES = {
    "country": "US",
    "currency": "usd",
    "exp_month": "12",
    "exp_year": "2034",
    "interval": "month",
    "limit": 3,
    "number": "4242424242424242",
}
#: What Stripe needs in some cases, and the specification therefore does not require.
_NEEDED = {
    "POST /v1/charges": ("amount", "currency"),
    "POST /v1/checkout/sessions": ("line_items", "success_url"),
    "POST /v1/coupons": ("currency",),
    "POST /v1/customer_sessions": ("customer",),
    "POST /v1/customers/{customer}/cards": ("source",),
    "POST /v1/customers/{customer}/sources": ("source",),
    "POST /v1/payment_methods": ("type",),
    "POST /v1/plans": ("amount",),
    "POST /v1/prices": ("unit_amount",),
}


#: A warning or review of a charge without an intent says null where the specification has nothing.
_SAYS_NULL = re.compile(r"\.payment_intent: None is not valid")
_SAYERS = ("/v1/radar/early_fraud_warnings", "/v1/reviews")


class Spec:
    """The specification: its operations, valid values for its schemas, and whether answers hold."""

    def __init__(self, path: Path) -> None:
        self.whole = json.loads(path.read_text(encoding="utf-8"))
        self.version = self.whole["info"]["version"]
        self.chance = random.Random(7)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(method, path, its schema) of what the emulator serves."""
        for path, methods in sorted(self.whole["paths"].items()):
            for method, operation in sorted(methods.items()):
                named = re.sub(r"\{\w+\}", "x_1", path)
                if method in ("get", "post", "delete") and routes.match(method.upper(), named):
                    yield method.upper(), path, operation

    def parameters(self, operation: dict[str, Any]) -> dict[str, tuple[dict[str, Any], bool]]:
        """Name → (schema, required) of its query or form."""
        found = {
            one["name"]: (one["schema"], bool(one.get("required")))
            for one in operation.get("parameters", [])
            if one["in"] == "query"
        }
        for content in operation.get("requestBody", {}).get("content", {}).values():
            required = content["schema"].get("required", [])
            for name, schema in content["schema"]["properties"].items():
                found[name] = (schema, name in required)
        return found

    def value(self, schema: dict[str, Any], name: str, depth: int = 0) -> Any:
        """A valid value: what is required of an object, and one thing more."""
        if "anyOf" in schema:
            return self.value(schema["anyOf"][0], name, depth)
        kind = schema.get("type")
        if name in _SAMPLES and kind in ("string", "integer"):
            return _SAMPLES[name]
        if "enum" in schema:
            return next(word for word in schema["enum"] if word != "")
        if kind == "array":
            return [self.value(schema["items"], name, depth + 1)]
        if kind == "object":
            if "properties" not in schema:
                return {"order": "42"}
            names = list(schema.get("required", []))
            others = sorted(set(schema["properties"]) - set(names))
            if others and depth < 3:
                names.append(self.chance.choice(others))
            return {one: self.value(schema["properties"][one], one, depth + 1) for one in names}
        plain: dict[Any, Any] = {"integer": 1000, "number": 10, "boolean": True}
        if schema.get("format") == "decimal":
            return "10"
        return plain.get(kind, "https://shop.example.com/a" if "url" in name else "x_none")

    def requests(self, operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The request with what is required, then with each other parameter."""
        parameters = self.parameters(operation)
        least = {
            name: self.value(schema, name)
            for name, (schema, required) in parameters.items()
            if required
        }
        yield least
        for name, (schema, required) in parameters.items():
            if not required and name != "expand":
                yield {**least, name: self.value(schema, name)}

    def faults(self, operation: dict[str, Any], answer: Any) -> str:
        """Why an answer is none of the operation's; "" where it holds."""
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": self.whole["components"]}
        error = jsonschema.exceptions.best_match(_Validator(whole).iter_errors(answer))
        return f"{error.json_path}: {error.message[:160]}" if error else ""


def _nullable(validator: Any, types: Any, instance: Any, schema: dict[str, Any]) -> Iterator[Any]:
    if instance is None and schema.get("nullable"):
        return
    yield from jsonschema.Draft4Validator.VALIDATORS["type"](validator, types, instance, schema)


def _enum(validator: Any, words: Any, instance: Any, schema: dict[str, Any]) -> Iterator[Any]:
    if instance is None and schema.get("nullable"):
        return
    yield from jsonschema.Draft4Validator.VALIDATORS["enum"](validator, words, instance, schema)


def _any_of(validator: Any, options: Any, instance: Any, schema: dict[str, Any]) -> Iterator[Any]:
    if instance is None and schema.get("nullable"):
        return
    yield from jsonschema.Draft4Validator.VALIDATORS["anyOf"](validator, options, instance, schema)


#: OpenAPI 3.0's schemas: JSON Schema with `nullable`.
_Validator = jsonschema.validators.extend(
    jsonschema.Draft4Validator, {"type": _nullable, "enum": _enum, "anyOf": _any_of}
)


@contextmanager
def mock(home: Path) -> Iterator[tuple[str, Path]]:
    """The mock's address, and its specification."""
    need("go")
    cache = Path(os.environ.get("HOME") or "/tmp") / "go"
    kept = {"GOPATH": str(cache), "GOBIN": str(home), "GOFLAGS": "-modcacherw"}
    done = run(["go", "install", MODULE], home, seconds=600, **kept)
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:])
    port = free_port()
    with (home / "mock.log").open("wb") as log:
        process = subprocess.Popen(
            [str(home / "stripe-mock"), "-http-port", str(port)], stdout=log, stderr=log
        )
        try:
            wait_until(lambda: _open(port), seconds=60)
            path = cache / "pkg" / "mod" / MODULE / "embedded" / "openapi" / "spec3.json"
            yield f"http://127.0.0.1:{port}", path
        finally:
            process.terminate()
            process.wait(30)


def _open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def walk(spec: Spec, theirs: str, ours: str, ids: dict[str, str]) -> list[Row]:
    """A row for each operation, with the first request that the emulator should have taken."""
    rows = []
    with requests.Session() as session:
        session.trust_env = False
        session.auth = (KEY, "")
        session.headers["Stripe-Version"] = spec.version
        for method, path, operation in spec.operations():
            why = ""
            for given in spec.requests(operation):
                why = why or _one(
                    spec, session, (theirs, ours), method, path, operation, given, ids
                )
            rows.append(Row(f"{method} {path}", why))
    return rows


def _one(
    spec: Spec,
    session: requests.Session,
    addresses: tuple[str, str],
    method: str,
    path: str,
    operation: dict[str, Any],
    given: dict[str, Any],
    ids: dict[str, str],
) -> str:
    def ask(address: str) -> requests.Response:
        noun = path.removeprefix("/v1/").split("/{")[0]
        named = re.sub(r"\{\w+\}", ids.get(noun, "x_none"), path, count=1)
        url = address + re.sub(r"\{\w+\}", "x_none", named)
        pairs = list(_api_encode(given))
        sent = {"data": pairs} if method == "POST" else {"params": pairs}
        return session.request(method, url, timeout=60, **sent)  # type: ignore[arg-type]

    if "multipart/form-data" in operation.get("requestBody", {}).get("content", {}):
        return ""
    if ask(addresses[0]).status_code != 200:
        return ""  # no valid request after all
    answer = ask(addresses[1])
    if answer.status_code == 200:
        why = spec.faults(operation, answer.json())
        return "" if path.startswith(_SAYERS) and _SAYS_NULL.search(why) else why
    if answer.status_code >= 500:
        return f"{answer.status_code} ({json.dumps(given)[:160]})"
    told = answer.json()["error"]["message"]
    needed = [f"Missing required param: {name}." for name in _NEEDED.get(f"{method} {path}", ())]
    if told in needed or not _UNKNOWN.search(told):
        return ""
    return f"{told[:160]} ({json.dumps(given)[:160]})"


def main() -> int:
    title = "beside stripe-mock 0.203.0"
    try:
        with folder() as home, mock(home) as (theirs, path), emulator() as running:
            spec = Spec(path)
            shop.fill(running)
            with running.engine.store.lock:
                found = running.engine.store.db.execute(
                    "SELECT object, max(id) FROM objects GROUP BY object"
                ).fetchall()
            ids = {f"{kind.replace('.', '/')}s": name for kind, name in found}
            rows = walk(spec, theirs, running.base_url, ids)
    except Skipped as missing_tool:
        print(f"== {title}: skipped, {missing_tool}")
        return SKIPPED
    return report(title, rows)


if __name__ == "__main__":
    sys.exit(main())
