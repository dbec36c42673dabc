"""`user`: the people who may sign in, from the command line."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from gettext import ngettext
from typing import Any

import click

from core import bootstrap, clock, settings
from core.access import demo, password_reset, passwords, rights, second_factor, users
from core.bootstrap import Console
from core.db.engine import reading, retrying
from core.db.turns import in_turn

_ROLES = ", ".join(rights.ROLES)


@click.group(help="Create people, give them roles, shut them out.")
def command() -> None:
    """The group of the commands below."""


def _with_console(run: Callable[..., None]) -> Callable[..., None]:
    """Open the console's database when a command runs: help must not need one."""

    @wraps(run)
    def opened(*args: Any, **kwargs: Any) -> None:
        run(bootstrap.build(settings.load()), *args, **kwargs)

    return opened


def _roles(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
    return [role for role in value.replace(" ", "").split(",") if role]


_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_roles_option = click.option(
    "--roles", required=True, callback=_roles, help=f"Separated by commas: {_ROLES}."
)
_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, not a prompt."
)


@command.command(help="Create a user; asks for the password.")
@click.argument("email")
@_roles_option
@click.option("--name", default="", help="How the person is called; else from the address.")
@_stdin
@_as_json
@_with_console
def create(
    console: Console, email: str, roles: list[str], name: str, password_stdin: bool, as_json: bool
) -> None:
    """Create an account with its roles."""
    address = users.normal_email(email)
    users.refuse_demo(address, production=console.production)
    rights.known_roles(roles)
    hashed = passwords.hash_password(_password(password_stdin))
    user_id = _change(
        console,
        lambda connection: users.create(
            connection,
            email=address,
            roles=roles,
            name=name,
            password_hash=hashed,
            actor=_actor(),
            production=console.production,
        ),
    )
    _print_result(as_json, {"id": user_id, "email": address, "roles": roles}, f"created {address}")


@command.command("list", help="Everyone, with roles and state.")
@_as_json
@_with_console
def list_(console: Console, as_json: bool) -> None:
    """One line a user."""
    with reading(console.engine) as connection:
        found = users.everyone(connection)
    if as_json:
        click.echo(json.dumps([_shown(user) for user in found], ensure_ascii=False, indent=1))
        return
    for user in found:
        state = "disabled" if user.disabled else "active"
        click.echo(f"{user.email:<32} {state:<9} {', '.join(user.roles) or '-'}")


@command.command(help="Replace a user's roles; in force with their next call.")
@click.argument("email")
@_roles_option
@_with_console
def roles(console: Console, email: str, roles: list[str]) -> None:
    """Replace the roles."""
    _change(console, lambda c: users.set_roles(c, email, roles, actor=_actor()))
    click.echo(f"{email}: {', '.join(rights.known_roles(roles)) or 'no roles'}")


@command.command(help="Shut a user out and end their sessions.")
@click.argument("email")
@_with_console
def disable(console: Console, email: str) -> None:
    """Shut out at once."""
    _set_disabled(console, email, True)
    click.echo(f"disabled {email}")


@command.command(help="Let a user in again.")
@click.argument("email")
@_with_console
def enable(console: Console, email: str) -> None:
    """Open the account again."""
    _set_disabled(console, email, False)
    click.echo(f"enabled {email}")


@command.command(help="Set a user's password and end their sessions.")
@click.argument("email")
@_stdin
@_with_console
def password(console: Console, email: str, password_stdin: bool) -> None:
    """Set a new password."""
    hashed = passwords.hash_password(_password(password_stdin))
    _change(console, lambda c: users.set_password(c, email, hashed, actor=_actor()))
    click.echo(f"password of {email} set; their sessions have ended")


@command.command("reset-link", help="A link with which a user chooses a new password, once.")
@click.argument("email")
@_with_console
def reset_link(console: Console, email: str) -> None:
    """Good for four hours, even while the account is locked against guesses."""
    token = _change(
        console,
        lambda c: password_reset.issue(
            c, users.existing(c, email), actor=_actor(), now=clock.now()
        ),
    )
    click.echo(f"{console.settings.screens_base}{password_reset.PATH}?token={token}")


@command.command("reset-second-factor", help="For a user who lost the app and the codes.")
@click.argument("email")
@_with_console
def reset_second_factor(console: Console, email: str) -> None:
    """Their password alone opens the account until they set up another."""
    _change(
        console,
        lambda c: second_factor.remove(
            c, users.existing(c, email), actor=_actor(), now=clock.now()
        ),
    )
    click.echo(f"{email} is asked for no second factor")


@command.command("demo", help="Create the demo users that are missing; never in production.")
@_as_json
@_with_console
def demo_(console: Console, as_json: bool) -> None:
    """One user for each role."""
    made = demo.create_all(console.engine, production=console.production)
    people = len(demo.PEOPLE)
    said = ngettext("created {made} of {n} demo user", "created {made} of {n} demo users", people)
    _print_result(as_json, {"created": made}, said.format(made=len(made), n=people))


def _set_disabled(console: Console, email: str, disabled: bool) -> None:
    _change(
        console,
        lambda c: users.set_disabled(
            c, email, disabled, actor=_actor(), production=console.production
        ),
    )


def _change(console: Console, work: Callable[[Any], Any]) -> Any:
    """Run one write transaction, again where another was in its way."""

    def whole() -> Any:
        with in_turn(console.engine, users.LINE) as connection:
            return work(connection)

    return retrying(whole)


def _password(from_stdin: bool) -> str:
    """Never an argument: those stand in the process list and in the shell's history."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _shown(user: users.User) -> dict[str, Any]:
    roles: Sequence[str] = user.roles
    seen = user.last_sign_in_at
    return {
        "id": user.user_id,
        "email": user.email,
        "name": user.name,
        "roles": list(roles),
        "disabled": user.disabled,
        "demo": user.demo,
        "created_at": user.created_at.isoformat(),
        "last_sign_in_at": seen.isoformat() if seen else None,
    }


def _print_result(as_json: bool, data: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(data, ensure_ascii=False) if as_json else text)
