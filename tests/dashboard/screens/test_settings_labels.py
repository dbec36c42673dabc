"""Settings has words, in both languages, for each setting, each check and what a check may say."""

from __future__ import annotations

import ast
from pathlib import Path

from core.checks.run import CHECKS, SETTINGS
from core.configuration.kept_settings import KEPT
from dashboard.screens.settings import labels
from tests.support.translations import untranslated

CORE = Path(__file__).parents[3] / "core"
_SAYS = {"passed", "warned", "failed", "unsafe"}


def said_by_checks() -> set[str]:
    """The templates that checks give their results: texts among the first arguments."""
    found: set[str] = set()
    for path in (CORE / "checks").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _SAYS:
                texts = (one.value for one in node.args if isinstance(one, ast.Constant))
                found |= {text for text in texts if isinstance(text, str)}
    return found


def test_each_setting_and_each_check_has_a_name():
    assert labels.NAMES.keys() == KEPT.keys()
    assert labels.CHECKS.keys() == {*CHECKS, SETTINGS}
    choices = {choice for one in KEPT.values() for choice in one.choices}
    assert labels.CHOICES.keys() == choices


def test_what_checks_say_is_translated():
    found = said_by_checks()
    assert len(found) > 80
    assert untranslated(found) == set()


def test_rules_of_settings_are_translated():
    rules: set[str] = set()
    for path in (CORE / "configuration", CORE / "actions" / "admin"):
        for file in path.glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                is_rule = (
                    isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InvalidInput"
                )
                if is_rule and isinstance(node.args[1], ast.Constant):
                    rules.add(node.args[1].value)
    assert len(rules) > 10
    assert untranslated(rules) == set()
