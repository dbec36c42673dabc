"""`settings`: what administrators change at run time, from the command line."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from core import clock
from core import settings as environment_settings
from core.access import group_roles
from core.actions.admin import group_roles as groups
from core.actions.admin import settings as changes
from core.actions.refunds import limits
from core.actions.refunds.limits import Limit
from core.configuration import store
from core.configuration.kept_settings import KEPT, known
from core.db.engine import open_engine, reading, retrying
from core.db.start import prepare
from core.db.turns import in_turn
from core.domain import setting_rows
from core.errors import InvalidInput
from core.money import Money, plain
from core.settings import Settings

#: `refund_limit.ROLE.CURRENCY` is a limit; its value has two amounts.
_LIMIT = "refund_limit"
#: `oidc_group.GROUP` is a group of the company's provider; its value has roles.
_GROUP = "oidc_group"


@click.group(help="Settings that are kept in the database; what the environment sets wins.")
def command() -> None:
    """The group of the commands below."""


@command.command("get")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def get(name: str | None, as_json: bool) -> None:
    """Print all settings, or one: its value, and where it is set.

    A secret is shown by its end. refund_limit.ROLE.CURRENCY is what a role gives back alone,
    oidc_group.GROUP the roles of a group of your provider.
    """
    environment, engine = _opened()
    with reading(engine) as connection:
        kept = store.rows(connection)
        found = [_shown(one, environment, kept) for one in KEPT]
        changed = limits.changed(connection)
        every = sorted(limits.limits(connection).items())
        found += [_shown_limit(one, key in changed) for key, one in every]
        found += _shown_groups(environment, group_roles.table(connection))
    if name is not None:
        group = _group_of(name)
        if group is None:
            found = [one for one in found if str(one["name"]).lower() == name.lower()]
        else:
            found = [one for one in found if one["name"] == f"{_GROUP}.{group}"]
        if not found:
            raise InvalidInput("name", "is no setting: `settings get` lists them")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for one in found:
        click.echo(f"{one['name']:<30} {one['value'] or '-':<36} {one['set_in']}")


@command.command("set")
@click.argument("name")
@click.argument("value", required=False)
@click.option("--stdin", is_flag=True, help="Read the value from standard input.")
def set_(name: str, value: str | None, stdin: bool) -> None:
    """Keep VALUE for NAME; in force within seconds.

    A secret is asked for, or read with --stdin: as an argument it would stand in the list of
    processes. The value of refund_limit.ROLE.CURRENCY is two amounts, for a refund and for a day:
    100.00/500.00. That of oidc_group.GROUP is roles: viewer,finance.
    """
    group = _group_of(name)
    if group is not None:
        _set_group(group, _value(value, stdin, secret=False))
        return
    if name.lower().startswith(f"{_LIMIT}."):
        _set_limit(name, _value(value, stdin, secret=False))
        return
    setting = known(name)
    if setting.secret and value is not None:
        raise InvalidInput(setting.name, "is a secret: leave it out, and it is asked for")
    text = _value(value, stdin, secret=setting.secret)
    environment, engine = _opened()
    changes.change_outside(engine, {setting.name: text}, environment=environment, actor=_actor())
    click.echo(f"{setting.name.upper()} is set")


@command.command("unset")
@click.argument("name")
def unset(name: str) -> None:
    """Keep nothing for NAME any more: its default holds; a group gives no roles."""
    group = _group_of(name)
    if group is not None:
        environment, engine = _opened()
        groups.remove_outside(engine, group, environment=environment, actor=_actor())
        click.echo(f"{_GROUP}.{group} is not set")
        return
    setting = known(name)
    environment, engine = _opened()
    changes.change_outside(engine, {setting.name: None}, environment=environment, actor=_actor())
    click.echo(f"{setting.name.upper()} is not set")


def _opened() -> tuple[Settings, Any]:
    """The environment and the database, without what is kept: it may be what has to be mended."""
    environment = environment_settings.load()
    prepare(environment.database)
    return environment, open_engine(environment.database)


def _value(value: str | None, stdin: bool, *, secret: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if value is None:
        answer: str = click.prompt("Value", hide_input=secret)
        return answer
    return value


def _shown(name: str, environment: Settings, kept: store.Rows) -> dict[str, str | None]:
    setting = KEPT[name]
    if name in store.from_environment(environment):
        value = store.text(environment, name)
        shown, where = (f"…{value[-4:]}" if setting.secret else value), "environment"
    elif name in kept:
        shown, where = setting_rows.shown(kept[name]) or "", "database"
    else:
        shown, where = store.text(environment, name), "default"
    return {"name": name.upper(), "value": shown or None, "set_in": where}


def _shown_limit(one: Limit, changed: bool) -> dict[str, str | None]:
    each, day = Money(one.per_refund_minor, one.currency), Money(one.per_day_minor, one.currency)
    name = f"{_LIMIT}.{one.role}.{one.currency}"
    where = "database" if changed else "default"
    return {"name": name, "value": f"{plain(each)}/{plain(day)}", "set_in": where}


def _set_limit(name: str, value: str) -> None:
    _, _, rest = name.lower().partition(".")
    role, _, currency = rest.partition(".")
    each, found, day = value.partition("/")
    if not found:
        raise InvalidInput("value", "must be two amounts, for a refund and for a day: 100/500")
    limit = limits.checked(role, currency, each.strip(), day.strip())
    _, engine = _opened()

    def work() -> None:
        with in_turn(engine, limits.NAME) as connection:
            limits.write(connection, [limit], actor=_actor(), now=clock.now())

    retrying(work)
    click.echo(f"{name.lower()} is set")


def _group_of(name: str) -> str | None:
    """The group that a name is about, as the provider spells it; None for another name."""
    kind, found, group = name.partition(".")
    return group.strip() if found and kind.lower() == _GROUP else None


def _shown_groups(
    environment: Settings, kept: Mapping[str, frozenset[str]]
) -> list[dict[str, str | None]]:
    given = groups.outside(environment)
    where = "environment" if given else "database"
    return [
        {
            "name": f"{_GROUP}.{group}",
            "value": ",".join(role for role in groups.CHOICES if role in roles),
            "set_in": where,
        }
        for group, roles in sorted((given or kept).items())
    ]


def _set_group(group: str, value: str) -> None:
    roles = [role.strip() for role in value.split(",") if role.strip()]
    environment, engine = _opened()
    groups.give_outside(engine, group, roles, environment=environment, actor=_actor())
    click.echo(f"{_GROUP}.{group} is set")


def _actor() -> str:
    return f"cli:{getpass.getuser()}"
