"""The operators' log is read by people: whatever can be written there has words of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from dashboard.screens.audit.labels import ACTIONS

CORE = Path(__file__).parents[3] / "core"
#: What actions are about; other dotted words in these packages are names of events and fields.
_ACTION = re.compile(
    r"(alert|audit|bank|break|bulk_refund|case|checkout_session|dispute|event|export|list|payment"
    r"|period|proof|refund|review|rules|scenarios|session|token|user)\.[a-z_]+"
)
#: A setting's name and one of Stripe's events, which look alike.
_OTHERS = {"audit.head", "refund.created", "rules.proposed"}


def _texts(*folders: Path) -> Iterator[str]:
    for folder in folders:
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_every_action_has_words() -> None:
    acting = _texts(CORE / "access", CORE / "actions", CORE / "reads", CORE / "proof")
    found = {text for text in acting if _ACTION.fullmatch(text)} - _OTHERS
    assert len(found) > 40
    assert found - set(ACTIONS) == set()


def test_no_words_are_left_of_actions_that_are_gone() -> None:
    assert set(ACTIONS) - set(_texts(CORE)) == set()
