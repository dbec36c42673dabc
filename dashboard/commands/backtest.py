"""`backtest`: what a rule set would have done, on the business's own outcomes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from gettext import ngettext
from pathlib import Path
from typing import Any

import click

from core import bootstrap, clock, settings
from core.db.engine import one_picture
from core.errors import InvalidInput
from core.risk import backtest, scoring
from core.risk.report import report
from core.risk.rules import read_text
from dashboard.commands.sync import Since


@click.command()
@click.option(
    "--rules",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A rule set as JSON; without one, the set in force.",
)
@click.option("--since", type=Since(), default="180d", show_default=True, help="Or a day.")
@click.option("--until", type=Since(), help="A day, or 30d; else as young as --age allows.")
@click.option(
    "--age",
    default=f"{backtest.USUAL_AGE.days}d",
    show_default=True,
    help="How old a payment must be before no dispute means none.",
)
@click.option("--labels", default=",".join(backtest.LABELS), show_default=True)
@click.option(
    "--live/--test", "livemode", default=None, help="Else live where there is a live key."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(
    path: Path | None,
    since: datetime,
    until: datetime | None,
    age: str,
    labels: str,
    livemode: bool | None,
    as_json: bool,
) -> None:
    """Try a rule set on the payments of a window: nothing is changed, nothing is sent."""
    console = bootstrap.build(settings.load())
    rules = read_text(path.read_text(encoding="utf-8")) if path else None
    youngest = clock.now() - _span(age, "age")
    question = backtest.Question(
        livemode=True in console.settings.secret_keys if livemode is None else livemode,
        since=since,
        until=min(until, youngest) if until else youngest,
        labels=tuple(part.strip() for part in labels.split(",") if part.strip()),
    )
    with one_picture(console.engine) as connection:
        now = scoring.in_force(connection).rules
        tried = rules or now
        cells = backtest.run(connection, question, tried, now, None if as_json else _progress)
        unseen = backtest.refused_unseen(connection, question)
    found = report(cells, refuse_at=tried.high_at, refused_at=now.high_at, unseen=unseen)
    click.echo(json.dumps(found) if as_json else _text(found))


def _progress(done: int, total: int) -> None:
    said = ngettext("{done} of {n} part", "{done} of {n} parts", total)
    click.echo("\r" + said.format(done=done, n=total), nl=done == total, err=True)


def _text(found: dict[str, Any]) -> str:
    paid, fraud = found["payments"], found["fraud"]
    said = ngettext("{n} paid payment", "{n} paid payments", paid).format(n=paid)
    lines = [f"{said}, {fraud} of them fraud"]
    for name in ("tried", "in_force"):
        one = found[name]
        lines.append(
            f"{name}: {one['caught']} caught, {one['missed_fraud']} missed,"
            f" {one['refused_good']} refused though good; precision {_percent(one['precision'])},"
            f" recall {_percent(one['recall'])}; saved {one['money_saved']},"
            f" good money refused {one['good_money_refused']}"
        )
    return "\n".join([*lines, *found["limits"]])


def _percent(share: int | None) -> str:
    return "unknown" if share is None else f"{share // 100}.{share % 100:02d} %"


def _span(text: str, field: str) -> timedelta:
    number = text.removesuffix("d")
    if not number.isascii() or not number.isdigit() or len(number) > 4:
        raise InvalidInput(field, "must be a number of days such as 90d")
    return timedelta(days=int(number))
