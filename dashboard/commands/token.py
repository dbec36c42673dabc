"""`token`: what programs sign in with, from the command line."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click

from core import bootstrap, settings
from core.access import tokens
from core.access.rights import TOKEN_ROLES
from core.bootstrap import Console
from core.db.engine import reading, retrying, writing

_ROLES = ", ".join(TOKEN_ROLES)
_TIME = re.compile(r"([1-9]\d{0,3})([dhm])", re.ASCII)
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(help="Give programs access to the REST API, and take it away.")
def command() -> None:
    """The group of the commands below."""


def _lasts(_context: click.Context, _option: click.Parameter, value: str | None) -> Any:
    if value is None:
        return None
    found = _TIME.fullmatch(value)
    if found is None:
        raise click.BadParameter("give a number and a unit, such as 90d, 12h or 30m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@command.command(help="Make a token that acts for a user. It is printed once, and kept nowhere.")
@click.option("--user", "email", required=True, help="E-mail address of the user it acts for.")
@click.option("--roles", required=True, help=f"Separated by commas: {_ROLES}.")
@click.option("--expires", "lasts", callback=_lasts, help="Such as 90d; else it does not end.")
@click.option("--name", default="", help="What it is for.")
@_as_json
def create(email: str, roles: str, lasts: timedelta | None, name: str, as_json: bool) -> None:
    """Standard output has the token alone, so that a script can keep it."""
    console = bootstrap.build(settings.load())
    wanted = [role for role in roles.replace(" ", "").split(",") if role]
    token_id, secret = _change(
        console,
        lambda connection: tokens.create(
            connection, email=email, roles=wanted, actor=_actor(), name=name, lasts=lasts
        ),
    )
    if as_json:
        made = {"id": token_id, "token": secret, "user": email, "roles": wanted, "name": name}
        click.echo(json.dumps(made, ensure_ascii=False))
        return
    click.echo(f"token {token_id}; it is not shown again:", err=True)
    click.echo(secret)


@command.command("list", help="All tokens, newest first, without their secrets.")
@_as_json
def list_(as_json: bool) -> None:
    """One line a token."""
    with reading(bootstrap.build(settings.load()).engine) as connection:
        found = tokens.every(connection)
    if as_json:
        click.echo(json.dumps([_shown(one) for one in found], ensure_ascii=False, indent=1))
        return
    for one in found:
        shown = _shown(one)
        state = "revoked" if one.revoked_at else f"ends {shown['expires_at'] or 'never'}"
        used = shown["last_used_at"] or "never"
        roles = ",".join(one.roles)
        click.echo(f"{one.token_id}  {one.email}  {roles}  {state}  used {used}  {one.name}")


@command.command(help="End a token at once.")
@click.argument("token_id")
def revoke(token_id: str) -> None:
    """End it; the next request that carries it is refused."""
    console = bootstrap.build(settings.load())
    _change(console, lambda connection: tokens.revoke(connection, token_id, actor=_actor()))
    click.echo(f"revoked {token_id}", err=True)


def _change(console: Console, work: Callable[[Any], Any]) -> Any:
    def whole() -> Any:
        with writing(console.engine) as connection:
            return work(connection)

    return retrying(whole)


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _shown(one: tokens.Token) -> dict[str, Any]:
    return {
        "id": one.token_id,
        "user": one.email,
        "name": one.name,
        "roles": list(one.roles),
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat() if one.expires_at else None,
        "last_used_at": one.last_used_at.isoformat() if one.last_used_at else None,
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
    }
