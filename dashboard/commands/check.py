"""`check`: whether this set-up may go live, and what to do where it may not."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

import click
from pydantic import ValidationError

from core import settings
from core.checks import run
from core.checks.result import Finding
from core.checks.subject import opened
from core.errors import Misconfigured
from dashboard.process.logs import mask
from dashboard.web import streamlit_settings

_MARKS = {"pass": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def command(as_json: bool) -> None:
    """Look at keys, addresses, database, machine and habits. Nothing is changed.

    Each line is ok, a warning or a failure. Exit code 1 where anything failed.
    """
    findings = _findings()
    shown = [{key: mask(text) for key, text in one.as_json().items()} for one in findings]
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=1))
    else:
        for line in _lines(shown):
            click.echo(line)
    sys.exit(0 if run.may_go_live(findings) else 1)


def _findings() -> list[Finding]:
    try:
        configuration = settings.load()
    except ValidationError as error:
        return [run.unreadable(str(one["loc"][0]), one["msg"]) for one in error.errors()]
    except Misconfigured as error:
        return [run.unreadable("settings", error.message)]
    with opened(configuration, streamlit_settings.differences()) as subject:
        return run.run(subject)


def _lines(shown: Iterable[dict[str, str]]) -> Iterable[str]:
    for one in shown:
        mark, colour = _MARKS[one["status"]]
        yield f"{click.style(mark, fg=colour)}  {one['id']:<18}  {one['message']}"
        if one["fix"] and one["status"] != "pass":
            yield f"{'':<26}{one['fix']}"
