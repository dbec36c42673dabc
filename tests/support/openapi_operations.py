"""Draws Stripe's published operations from the specification that stripe-mock carries.

`python -m tests.support.openapi_operations spec3.json` writes the list that the tests read: for
each operation its parameters, `!` after a required one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "core" / "emulator" / "fixtures" / "openapi_operations.json"


def parameters(operation: dict[str, Any]) -> list[str]:
    """The names that an operation takes in its query or form."""
    names = {
        one["name"].removesuffix("[]") + ("!" if one.get("required") else "")
        for one in operation.get("parameters", [])
        if one["in"] == "query"
    }
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        required = schema.get("required", [])
        names |= {name + ("!" if name in required else "") for name in schema["properties"]}
    return sorted(names)


def drawn(spec: dict[str, Any]) -> dict[str, Any]:
    operations = {
        f"{method.upper()} {path}": parameters(operation)
        for path, methods in sorted(spec["paths"].items())
        for method, operation in sorted(methods.items())
        if method in ("get", "post", "delete")
    }
    return {"version": spec["info"]["version"], "operations": operations}


if __name__ == "__main__":
    found = drawn(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    lines = (
        f"  {json.dumps(name)}: {json.dumps(names, separators=(',', ':'))}"
        for name, names in found["operations"].items()
    )
    text = ",\n".join(lines)
    TARGET.write_text(
        f'{{"version": "{found["version"]}", "operations": {{\n{text}\n}}}}\n', encoding="utf-8"
    )
