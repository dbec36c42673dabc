"""The rules of the house, held by reading the source."""

import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path
    for folder in ("core", "dashboard", "pages", "benchmarks", "tests")
    for path in (ROOT / folder).rglob("*.py")
)
PROGRAM = [
    path for path in SOURCES if path.relative_to(ROOT).parts[0] not in ("tests", "benchmarks")
]

#: A folder or module of core may import what stands before it, never what stands after it.
TIERS = (
    ("errors", "money", "clock", "masking", "program_faults", "search_words"),
    ("settings", "db", "gateway", "cache"),
    ("domain",),
    ("ledger", "risk", "access", "reads", "events", "stripe_calls"),
    ("mirror",),
    ("inbox",),
    ("actions",),
    ("bootstrap",),
)
TIER = {name: tier for tier, names in enumerate(TIERS) for name in names}
#: These see less than their tier would allow.
ONLY = {
    "reads": {"db", "domain", "money", "errors", "clock", "reads", "search_words"},
    "emulator": {"money", "errors", "clock", "emulator"},
}


@cache
def tree(path: Path) -> ast.Module:
    """A file, read once for all rules."""
    return ast.parse(path.read_text(encoding="utf-8"))


def each(paths: Iterable[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """A rule for every file as one test, which names all the files that break it."""

    def over(rule: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            broken = {}
            for path in paths:
                try:
                    rule(path)
                except AssertionError as error:
                    broken[name_of(path)] = str(error).split("\n")[0]
            assert broken == {}

        return test

    return over


def imports(path: Path) -> set[str]:
    """The dotted names that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def core_part(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "core" and len(parts) > 1 else None


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@each(PROGRAM)
def test_imports_go_one_way(path):
    top, *rest = path.relative_to(ROOT).parts
    used = {part for part in map(core_part, imports(path)) if part}
    if top == "core":
        own = rest[0].removesuffix(".py")
        assert not roots(path) & {"dashboard", "pages"}
        if own in ONLY:
            assert used <= ONLY[own]
        elif own in TIER:
            known = {part for part in used if part in TIER and part != own}
            assert {part for part in known if TIER[part] >= max(TIER[own], 1)} == set()
    if top == "dashboard":
        assert "pages" not in roots(path)
    if top == "pages":
        assert used <= {"reads", "actions", "money", "errors"}
        assert not roots(path) & {"tests", "benchmarks"}


@each(PROGRAM)
def test_each_library_has_its_room(path):
    where = path.relative_to(ROOT).parts
    used = roots(path)
    if where[:2] != ("core", "gateway"):
        assert "stripe" not in used
    if where[0] != "core":
        assert "sqlalchemy" not in used
    if where[0] not in ("dashboard", "pages"):
        assert "streamlit" not in used
    if where != ("dashboard", "ui", "charts.py"):
        assert "plotly" not in used


#: A migration is a record of what was: its functions are as long as the tables that they made.
WRITTEN = [path for path in SOURCES if path.parent.name != "versions"]


@each(WRITTEN)
def test_functions_stay_short(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 60, node.name


@each(PROGRAM)
def test_each_module_says_what_it_is_for(path):
    if path.name != "__init__.py" or path.read_text(encoding="utf-8").strip():
        assert ast.get_docstring(tree(path))


@each(PROGRAM)
def test_no_error_is_caught_without_its_name(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
            )
            raises = any(isinstance(inner, ast.Raise) and not inner.exc for inner in ast.walk(node))
            assert not broad or raises, f"line {node.lineno}"


def test_no_module_of_dashboard_hides_another():
    import importlib.util
    import sys

    names = {path.stem for path in (ROOT / "dashboard").glob("*.py")} - {"__init__", "__main__"}
    names |= {path.name for path in (ROOT / "dashboard").iterdir() if path.is_dir()}
    for name in names - {"__pycache__", "assets", "locale", "commands"}:
        assert name not in sys.stdlib_module_names
        found = importlib.util.find_spec(name)
        assert found is None or str(ROOT) in str(found.origin or ROOT), name


#: The planner of searches reckons with shares of rows; it never touches an amount that is shown.
GUESSES = {"time_slices", "selectivity", "plan", "execute", "stats"}
MONEY_MODULES = [
    ROOT / "core" / "money.py",
    *(ROOT / "core" / "ledger").glob("*.py"),
    *(ROOT / "core" / "reads").rglob("*.py"),
    ROOT / "core" / "emulator" / "resources" / "fees.py",
    ROOT / "core" / "emulator" / "resources" / "balance.py",
    ROOT / "core" / "emulator" / "resources" / "amounts.py",
]


@each([p for p in MONEY_MODULES if p.stem not in GUESSES])
def test_no_float_where_money_is_counted(path):
    for node in ast.walk(tree(path)):
        assert not (isinstance(node, ast.Name) and node.id == "float"), f"line {node.lineno}"
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), (
            f"line {node.lineno}"
        )


def test_pins_are_exact():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r")):
                assert "==" in line, line


def test_nothing_names_a_real_key():
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        for prefix in ("sk_live_", "rk_live_", "whsec_"):
            for piece in text.split(prefix)[1:]:
                body = piece[: len(piece) - len(piece.lstrip("ABCDEFabcdef0123456789"))]
                assert len(body) < 24, f"{path}: looks like a real {prefix} key"
