"""The rooms of the house and who may use whom, read from the source: `make house` prints the map.

`python -m tests.support.house --draw` writes the pictures of docs/architecture.md anew.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOPS = ("core", "dashboard", "pages", "benchmarks", "tests")
PAGE = ROOT / "docs" / "architecture.md"

#: A folder or module of core may import what stands in a tier before its own, or in its own folder.
CORE_TIERS = (
    (
        "errors",
        "money",
        "clock",
        "known_hosts",
        "log_fields",
        "encryption",
        "masking",
        "private_files",
        "program_faults",
        "search_words",
        "states",
        "redis_cache",
        "version",
    ),
    ("settings", "db", "gateway", "cache", "emulator"),
    ("domain", "loop"),
    ("configuration",),
    ("ledger", "risk", "access", "reads", "events", "stripe_calls", "bank", "books"),
    ("mirror",),
    ("inbox", "proof", "alerts", "checks"),
    ("actions",),
    ("bootstrap", "notebook"),
)
#: The same for dashboard: screens know nothing of who serves them.
DASHBOARD_TIERS = (
    ("i18n", "asgi"),
    ("ui",),
    ("screens", "rest"),
    ("receiver", "web"),
    ("process",),
    ("commands",),
    ("__main__", "streamlit_app"),
)
TIERS = {"core": CORE_TIERS, "dashboard": DASHBOARD_TIERS}


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name and its text."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All of the tree: most rules look at each, and walking takes longer than they do."""
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> frozenset[str]:
        """The dotted names that it imports, wherever in it; of `from a import b` both readings."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        return frozenset(found)

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.name.split("."))


def modules(*tops: str) -> list[Module]:
    """Every source file under these folders."""
    found = []
    for top in tops or TOPS:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Module(name, path.read_text(encoding="utf-8")))
    return found


def room(name: str) -> str | None:
    """The folder or module under its top folder that a dotted name stands in."""
    parts = name.split(".")
    return parts[1] if parts[0] in TIERS and len(parts) > 1 else None


def arrows(top: str, sources: Iterable[Module]) -> Mapping[tuple[str, str], int]:
    """Who imports whom among the rooms of a top folder, and in how many modules."""
    known = {name for tier in TIERS[top] for name in tier}
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for module in sources:
        here = room(module.name)
        if module.parts[0] != top or here is None:
            continue
        for name in module.imports:
            there = room(name) if name.startswith(f"{top}.") else None
            if there in known and there != here:
                found[here, there].add(module.name)
    return {pair: len(names) for pair, names in sorted(found.items())}


def upward(top: str, found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The arrows that lead to a room of the same tier or of a later one."""
    tier = {name: level for level, names in enumerate(TIERS[top]) for name in names}
    return [
        (here, there)
        for here, there in found
        # The first tier of core is the language that all speak, among themselves too.
        if tier[there] >= max(tier[here], 1 if top == "core" else 0)
    ]


def picture(top: str, sources: Iterable[Module]) -> str:
    """The arrows as a Mermaid drawing, a box for each tier."""
    found = arrows(top, sources)
    lines = ["```mermaid", "flowchart TD"]
    for level, names in enumerate(reversed(TIERS[top])):
        lines += [f"  subgraph t{level}[ ]", *(f"    {name}" for name in names), "  end"]
    if top == "core":
        # All use the first tier: arrows to it would hide the others.
        found = {pair: n for pair, n in found.items() if pair[1] not in TIERS[top][0]}
    lines += [f"  {here} --> {there}" for here, there in found]
    return "\n".join([*lines, "```"])


def drawn(page: str, sources: list[Module]) -> str:
    """The page with its pictures as the source is now."""
    for top in TIERS:
        begin, end = f"<!-- {top}: drawn by make house -->\n", f"\n<!-- end of {top} -->"
        before, _, rest = page.partition(begin)
        page = before + begin + picture(top, sources) + end + rest.partition(end)[2]
    return page


def main() -> None:
    sources = modules("core", "dashboard")
    for top in TIERS:
        found = arrows(top, sources)
        lines = [f"{top}: {len(found)} arrows, {len(upward(top, found))} of them upward"]
        lines += [f"  {here} -> {there} ({number})" for (here, there), number in found.items()]
        sys.stdout.write("\n".join(lines) + "\n")
    if "--draw" in sys.argv:
        PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8"), sources), encoding="utf-8")


if __name__ == "__main__":
    main()
