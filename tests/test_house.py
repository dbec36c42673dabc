"""The rules of the house, held by reading the source; each with a breach that turns it red."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions, requires

import pytest

from tests.support import house
from tests.support.house import ROOT, Module

Rule = Callable[[Module], Iterator[str]]
RULES: dict[str, Rule] = {}
#: The source of a module, by its dotted name, that breaks the rule.
BREACHES: dict[str, tuple[str, str]] = {}

#: These see less of core than their tier would allow.
ONLY = {
    "reads": {"db", "domain", "money", "errors", "clock", "masking", "reads"}
    | {"search_words", "states"},
    "emulator": {"money", "errors", "clock", "emulator"} | {"known_hosts", "private_files"},
    "domain": {"db", "domain", "errors", "money", "clock", "states"},
    "books": {"books", "db", "money", "errors", "clock", "states", "domain"},
}
#: What a screen may know of core. The last line are tables of what Stripe or a rule may say.
SCREENS_SEE = {
    *("core.actions", "core.reads", "core.money", "core.errors", "core.domain", "core.clock"),
    *("core.access.principals", "core.access.rights"),
    *("core.gateway.dispute_reasons", "core.gateway.evidence_fields", "core.gateway.event_types"),
    *("core.risk.ast", "core.risk.values", "core.risk.rules", "core.risk.report"),
    *("core.risk.drafts", "core.risk.parser"),
}
#: The form of a question that an action takes, of what one answers, and the emulator's test key.
SCREENS_SEE |= {"core.risk.backtest", "core.inbox.rehearsal", "core.settings", "core.states"}
SCREENS_SEE |= {"core.alerts.kinds", "core.alerts.parameters", "core.books.rules"}
SCREENS_SEE.add("core.checks.result")
#: Which screen may use which other one.
BETWEEN_SCREENS = {
    ("customers", "fraud"),
    ("customers", "payments"),
    ("fraud", "payments"),
    ("home", "fraud"),
    ("home", "refunds"),
    ("overview", "payments"),
    ("payments", "fraud"),
    ("refunds", "payments"),
}
#: Names that said nothing of what they hold, and those of the field that stand for them now.
OLD_NAMES = {
    *("Desk", "Workshop", "Office", "Doorman", "Hint", "Mark", "Order", "Sending", "FacetBook"),
    *("Books", "Arm", "Standing", "hull", "admit", "carry_out"),
}
#: Functions of these names carry no noun.
NOUNLESS = {
    *("told", "said", "tell", "say", "do", "of", "keep", "note", "follow", "behind", "standing"),
}
#: Modules whose names were metaphors, or stand in another room now.
OLD_MODULES = {
    *("desk", "door", "doorman", "sights", "needs", "given_passwords", "administrators", "held"),
    *("parked", "refund_sums", "buckets", "earlier", "passes", "paid", "copies", "arrivals"),
    *("watch", "verdicts", "conditions", "language", "compiled", "hints", "work", "group"),
    *("shown", "stale", "sending", "forgetting", "traces", "finders", "refund_endings"),
    *("simulated", "tally", "scope", "guess", "edges", "lifeline", "wire", "chips", "figures"),
    *("office", "rest_door", "rest_office", "seeding", "addresses", "bodies", "guard", "desk"),
}
#: A refund is shown with its figures; a page's name is its address.
OLD_MODULES_STAY = {
    *("core.reads.refunds.figures", "dashboard.screens.refunds.figures", "pages.parked"),
}
_PAPER = re.compile(
    r"\b(SPEC|PERF|FACTS|VERSIONS|DESIGN|BOOKS|UI2|HOUSE|STYLE)\b"
    r"|\b(SECURITY|UI|CLI) (section|finding|row)"
)


def rule(breach: tuple[str, str]) -> Callable[[Rule], Rule]:
    """A rule for every module, with a module that breaks it."""

    def kept(check: Rule) -> Rule:
        RULES[check.__name__] = check
        BREACHES[check.__name__] = breach
        return check

    return kept


def is_program(module: Module) -> bool:
    return module.parts[0] in ("core", "dashboard", "pages")


def is_under(name: str, roots: set[str]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def core_rooms(module: Module) -> set[str]:
    return {part for name in module.imports if (part := house.room(name)) and name[:4] == "core"}


@rule(("core.inbox.poll", "from core.actions.context import ActionContext"))
def imports_go_one_way(module: Module) -> Iterator[str]:
    top = module.parts[0]
    if top in house.TIERS:
        found = house.arrows(top, [module])
        yield from (f"{here} -> {there}" for here, there in house.upward(top, found))
    roots = {name.split(".")[0] for name in module.imports}
    below = {"core": {"dashboard", "pages"}, "dashboard": {"pages"}}.get(top, set())
    if is_program(module):
        below = below | {"tests", "benchmarks"}
    yield from sorted(roots & below)


@rule(("core.reads.live", "from core.mirror.apply import apply"))
def some_rooms_see_less(module: Module) -> Iterator[str]:
    here = house.room(module.name)
    if module.parts[0] == "core" and here in ONLY:
        yield from sorted(core_rooms(module) - ONLY[here])
    if module.parts[0] == "pages":
        yield from sorted(core_rooms(module) - {"reads", "actions", "money", "errors"})


@rule(("dashboard.ui.labels", "from dashboard.screens.refunds import form"))
def the_ui_knows_no_screen(module: Module) -> Iterator[str]:
    if module.parts[:2] == ("dashboard", "ui"):
        yield from (name for name in module.imports if name.startswith("dashboard.screens"))


@rule(("dashboard.screens.audit.list", "from dashboard.screens.refunds import form"))
def screens_know_what_the_list_says(module: Module) -> Iterator[str]:
    if module.parts[:2] != ("dashboard", "screens") or len(module.parts) < 3:
        return
    for name in module.imports:
        parts = name.split(".")
        if name.startswith("dashboard.screens.") and parts[2] != module.parts[2]:
            if (module.parts[2], parts[2]) not in BETWEEN_SCREENS:
                yield name
        elif parts[0] == "dashboard" and len(parts) > 1:
            if parts[1] not in ("ui", "i18n", "screens"):
                yield name
        elif parts[0] == "core" and len(parts) > 2 and not is_under(name, SCREENS_SEE):
            yield name


@rule(("dashboard.rest.endpoint", "import streamlit"))
def each_library_has_its_room(module: Module) -> Iterator[str]:
    if not is_program(module):
        return
    roots = {name.split(".")[0] for name in module.imports}
    if module.parts[:2] != ("core", "gateway") and "stripe" in roots:
        yield "stripe"
    if module.parts[0] != "core" and "sqlalchemy" in roots:
        yield "sqlalchemy"
    without = module.parts[0] == "core" or module.parts[1:2] in (("rest",), ("receiver",))
    if without and "streamlit" in roots:
        yield "streamlit"
    if module.name != "dashboard.ui.charts" and "plotly" in roots:
        yield "plotly"


@rule(("core.clock", "def long():\n" + "    pass\n" * 60))
def functions_stay_short(module: Module) -> Iterator[str]:
    # A migration is a record of what was: its functions are as long as the tables that they made.
    if "migrations" in module.parts:
        return
    for node in module.nodes:
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and (node.end_lineno or 0) - node.lineno >= 60:
            yield node.name


@rule(("core.clock", "import time"))
def each_module_says_what_it_is_for(module: Module) -> Iterator[str]:
    if is_program(module) and module.text.strip() and not ast.get_docstring(module.tree):
        yield "no docstring"


@rule(("core.clock", "try:\n    pass\nexcept Exception:\n    pass"))
def no_error_is_caught_without_its_name(module: Module) -> Iterator[str]:
    for node in module.nodes:
        if is_program(module) and isinstance(node, ast.ExceptHandler):
            broad = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
            )
            raises = any(isinstance(inner, ast.Raise) and not inner.exc for inner in ast.walk(node))
            if broad and not raises:
                yield f"line {node.lineno}"


@rule(("core.money", '"""Money, by the rules of FACTS section 7."""'))
def no_text_cites_a_paper_from_outside(module: Module) -> Iterator[str]:
    if module.name == "tests.test_house":
        return
    for number, line in enumerate(module.text.splitlines(), 1):
        # A constant may have such a name: it is no citation.
        words = line.partition("#")[2] if "=" in line.partition("#")[0] else line
        if ('"""' in line or "#" in line or not re.search(r"[=(]", line)) and _PAPER.search(words):
            yield f"line {number}"


@rule(("core.actions.context", "class Desk:\n    pass"))
def no_old_name_is_left(module: Module) -> Iterator[str]:
    if not is_program(module):
        return
    if module.parts[-1] in OLD_MODULES and module.name not in OLD_MODULES_STAY:
        yield module.parts[-1]
    for node in module.tree.body:
        is_named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if is_named and node.name in OLD_NAMES | NOUNLESS:
            yield node.name


@rule(("dashboard.screens.refunds.refunds_form", '"""A form."""'))
def no_name_repeats_its_folder(module: Module) -> Iterator[str]:
    if is_program(module) and len(module.parts) > 2:
        folder, name = module.parts[-2:]
        if name.startswith(f"{folder}_"):
            yield name


#: The planner of searches reckons with shares of rows; it never touches an amount that is shown.
PLANNER = {"time_slices", "selectivity", "plan", "execute", "stats"}
COUNTS_MONEY = ("core.ledger.", "core.reads.", "core.books.")
MONEY_MODULES = {
    *("core.money", "core.emulator.resources.fees", "core.emulator.resources.balance"),
    "core.emulator.resources.amounts",
}


@rule(("core.ledger.ingest", "RATE = 0.029"))
def no_float_where_money_is_counted(module: Module) -> Iterator[str]:
    counts = module.name in MONEY_MODULES or module.name.startswith(COUNTS_MONEY)
    if not counts or module.parts[-1] in PLANNER:
        return
    for node in module.nodes:
        if isinstance(node, ast.Name) and node.id == "float":
            yield f"line {node.lineno}"
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"line {node.lineno}"


#: What the screens count, in the plural.
COUNTED = (
    "accounts answers calls cases characters columns days differences disputes entries events"
    " fields files hours minutes months objects ones others pages parts payments people points"
    " refunds rows rules scenarios seconds sessions steps texts tokens tries users warnings weeks"
)
_COUNTED = re.compile(r"{\w*} (?:[a-z'-]+ ){0,2}(?:" + "|".join(COUNTED.split()) + r")\b")


def _called(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


@rule(("dashboard.screens.payments.list", '_("{n} others")'))
def a_count_asks_for_its_plural_form(module: Module) -> Iterator[str]:
    if module.parts[0] not in ("dashboard", "pages"):
        return
    for node in module.nodes:
        if isinstance(node, ast.Call) and _called(node, {"_", "N_", "pgettext"}):
            for text in node.args:
                is_text = isinstance(text, ast.Constant) and isinstance(text.value, str)
                if is_text and ("{n}" in text.value or _COUNTED.search(text.value)):
                    yield f"line {node.lineno}"


@rule(("dashboard.commands.sync", 'click.echo(f"wrote {written} new rows")'))
def no_count_is_glued_to_a_plural(module: Module) -> Iterator[str]:
    if module.parts[0] not in ("dashboard", "pages"):
        return
    for node in module.nodes:
        if isinstance(node, ast.JoinedStr):
            parts = (str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values)
            if _COUNTED.search("".join(parts)):
                yield f"line {node.lineno}"


@rule(("core.clock", 'KEY = "sk_' + "live_" + "0123456789abcdef" * 2 + '"'))
def nothing_names_a_real_key(module: Module) -> Iterator[str]:
    for prefix in ("sk_live_", "rk_live_", "whsec_"):
        for piece in module.text.split(prefix)[1:]:
            body = piece[: len(piece) - len(piece.lstrip("ABCDEFabcdef0123456789"))]
            if len(body) >= 24:
                yield prefix


#: Who may hold rows of one server besides: each writes the rows that it holds, so that the nodes of
#: a cluster compare them. Everybody else stands in line (`core/db/turns.py`).
HOLDS = {
    *("core.db.turns", "core.db.leases", "core.ledger.ingest", "core.ledger.fold"),
    *("core.mirror.payments", "core.actions.refunds.validation"),
}


@rule(("core.actions.refunds.ask", "connection.execute(query.with_for_update())"))
def whoever_must_be_alone_stands_in_line(module: Module) -> Iterator[str]:
    if not is_program(module):
        return
    for node in module.nodes:
        is_lock = isinstance(node, ast.Attribute) and node.attr == "with_for_update"
        if is_lock and module.name != "core.db.turns":
            yield f"line {node.lineno}: with_for_update"
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and re.search(r"GET_LOCK|LOCK TABLES|FOR UPDATE$", str(node.value)):
            yield f"line {node.lineno}: a lock by name"
        is_import = isinstance(node, ast.ImportFrom) and node.module == "core.db.turns"
        if is_import and module.name not in HOLDS and any(a.name == "hold" for a in node.names):
            yield f"line {node.lineno}: hold"


@rule(("dashboard.screens.home.cards", "streamlit.query_params['q'] = 'status:failed'"))
def the_address_is_written_in_one_place(module: Module) -> Iterator[str]:
    """And read there: a run may hold one that the browser did not know yet."""
    # The self-test stops before there is a screen.
    if not is_program(module) or module.name in ("dashboard.ui.address", "dashboard.web.selftest"):
        return
    for node in module.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "query_params":
            of = node.value
            if isinstance(of, ast.Name) and of.id in ("st", "streamlit"):
                yield f"line {node.lineno}: {of.id}.query_params (use dashboard.ui.address)"


@pytest.fixture(scope="module")
def sources() -> list[Module]:
    return house.modules()


@pytest.mark.parametrize("name", RULES)
def test_the_rule_is_kept(name, sources):
    broken = {module.name: found for module in sources if (found := list(RULES[name](module)))}
    assert broken == {}


@pytest.mark.parametrize("name", RULES)
def test_a_breach_of_the_rule_would_be_seen(name):
    assert list(RULES[name](Module(*BREACHES[name])))


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ('_("and {n} more")', True),
        ('N_("{total} paid payments")', True),
        ('pgettext("button", "Refund {all} payments")', True),
        ('ngettext("{n} row", "{n} rows", n)', False),
        ('_("Row {number}")', False),
        ('_("Dead: {count}")', False),
    ],
)
def test_a_count_is_known_by_its_place_or_its_noun(source, seen):
    found = a_count_asks_for_its_plural_form(Module("dashboard.ui.labels", source))
    assert bool(list(found)) is seen


def circle(found: set[tuple[str, str]]) -> set[str]:
    """The rooms of which none can be left for good: what is left when ends are taken away."""
    left = {room for pair in found for room in pair}
    while ends := {room for room in left if not any(a == room and b in left for a, b in found)}:
        left -= ends
    return left


def test_arrows_between_rooms_are_few_and_in_no_circle(sources):
    dashboard = house.arrows("dashboard", sources)
    assert len(dashboard) <= 25
    assert circle(set(dashboard)) == set()
    core = {p for p in house.arrows("core", sources) if p[1] not in house.CORE_TIERS[0]}
    assert circle(core) == set()
    assert circle({("a", "b"), ("b", "c"), ("c", "a"), ("a", "d")}) == {"a", "b", "c"}


def test_every_room_has_its_tier(sources):
    for top, tiers in house.TIERS.items():
        rooms = {house.room(module.name) for module in sources if module.parts[0] == top} - {None}
        assert rooms == {name for tier in tiers for name in tier}


def test_the_pictures_of_the_documentation_are_drawn_from_the_source(sources):
    page = house.PAGE.read_text(encoding="utf-8")
    assert house.drawn(page, sources) == page
    assert house.drawn(page, sources[:100]) != page


def test_no_folder_of_dashboard_has_the_name_of_a_library():
    folders = {path.name for path in (ROOT / "dashboard").iterdir() if path.is_dir()}
    libraries = set(packages_distributions()) | set(sys.stdlib_module_names)
    assert folders & libraries == set()
    assert "plotly" in libraries


#: Pinned though no module imports them, with what needs them.
NOT_IMPORTED = {
    "fastapi-offline": "its files are served by dashboard/rest/docs.py",
    "httptools": "uvicorn's parser, under dashboard/asgi/http_protocol.py",
    "python-multipart": "Starlette reads forms and files with it",
    "tzdata": "time zones where the system has none",
    "uvloop": "uvicorn's loop, by its name",
    "websockets": "uvicorn's protocol, under core/emulator/http/cli_socket.py",
}


def test_each_requirement_is_used(sources):
    roots = {
        name.split(".")[0] for module in sources if is_program(module) for name in module.imports
    }
    installed = packages_distributions()
    imported = {pin for root in roots for pin in installed.get(root, ())}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = {line.partition("==")[0] for line in lines if "==" in line}
    known = {name.lower().replace("_", "-") for name in imported}
    assert pins - known == NOT_IMPORTED.keys()


def test_what_signs_in_to_mysql_is_pinned():
    """MySQL 8's own way to sign in needs `cryptography` wherever the connection has no TLS."""
    wanted = [need for need in requires("pymysql") or () if 'extra == "rsa"' in need]
    assert [re.split("[<>=;]", need)[0] for need in wanted] == ["cryptography"]
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("cryptography==") for line in pins)


def test_pins_are_exact():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r")):
                assert "==" in line, line
