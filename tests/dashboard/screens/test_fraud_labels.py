"""Fraud in Chinese: what rules may ask, of what kind it is, and what is wrong with a rule."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.risk.ast import Kind
from core.risk.rules import read
from core.risk.values import SIGNALS
from dashboard import i18n
from dashboard.screens.fraud import labels as fraud_labels
from tests.support.translations import untranslated

ROOT = Path(__file__).parents[3]
ACTIONS = ("backtests", "cases", "list_entries", "list_import", "rule_sets")
FILES = [
    *sorted((ROOT / "core" / "risk").glob("*.py")),
    *(ROOT / "core" / "actions" / "fraud" / f"{name}.py" for name in ACTIONS),
]
#: Where the words of an error stand among what it is made of.
PLACE = {"InvalidInput": 1, "InvalidAmount": 1, "_wrong": 0}


def errors_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else None
            name = node.func.attr if isinstance(node.func, ast.Attribute) else name
            if name in PLACE and len(node.args) > PLACE[name]:
                yield node.lineno, node.args[PLACE[name]]


def test_whatever_is_wrong_is_said_in_chinese():
    told = [(path.name, *one) for path in FILES for one in errors_of(path)]
    assert len(told) > 40
    words = [one for *_, one in told if isinstance(one, ast.Constant)]
    assert untranslated(one.value for one in words) == set()
    glued = [(name, line) for name, line, one in told if isinstance(one, ast.JoinedStr | ast.BinOp)]
    assert glued == []


def test_what_rules_may_ask_is_said_in_chinese():
    asked = [signal.meaning for signal in SIGNALS] + [kind.value for kind in Kind]
    assert untranslated(asked) == set()


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("amount > 5", "金额不能与数值比较（第 11 个字符）"),
        ("nobody > 5", "没有名为 nobody 的值（第 1 个字符）"),
        ("(first_payment", "括号没有闭合（第 15 个字符）"),
    ],
)
def test_an_error_of_a_rule_in_chinese_has_no_english_left(when, said):
    with pytest.raises(InvalidInput) as caught:
        read({"rules": [{"name": "r", "when": when, "points": 1}]})
    with i18n.speaking("zh-CN"):
        told = fraud_labels.rule_broken(caught.value)
    assert told == said
    assert not re.search(r"[a-z]{3}", told.replace("nobody", ""))
