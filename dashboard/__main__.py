"""The command line: `python -m dashboard`, which starts everything, and one command a process."""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import Any

import click
from pydantic import ValidationError

from core.errors import InvalidInput, TillwatchError
from core.version import VERSION
from dashboard.process import parent_watch

#: In the order of the help; those whose module is there are offered.
COMMANDS = (
    "up",
    "receiver",
    "worker",
    "ui",
    "emulator",
    "seed",
    "sync",
    "reconcile",
    "period",
    "rollups",
    "journal",
    "check",
    "settings",
    "secrets",
    "scenarios",
    "user",
    "token",
    "audit",
    "inbox",
    "backtest",
    "bank",
    "stripe-report",
    "alerts",
    "backup",
    "restore",
)


class _Refusal(click.ClickException):
    """One of our own errors: one line, and exit code 2 for bad input."""

    def __init__(self, error: TillwatchError) -> None:
        super().__init__(error.message)
        self._code = 2 if isinstance(error, InvalidInput) else 1

    @property
    def exit_code(self) -> int:  # type: ignore[override] # click takes it from the error
        return self._code


class Commands(click.Group):
    """A group that imports a command when it is run: the receiver loads no Streamlit."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands that are there."""
        return [name for name in COMMANDS if importlib.util.find_spec(_module(name))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(_module(cmd_name)).command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Nothing, or options without a command, mean `up`."""
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "--version")):
            args = ["up", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; our own errors end it with one line, exit code 2 for bad input.

        So does a database that goes away meanwhile.
        """
        from core.db.engine import answering

        try:
            with answering():
                return super().invoke(ctx)
        except TillwatchError as error:
            raise _Refusal(error) from error
        except ValidationError as error:
            if error.title != "Settings":
                raise
            lines = (f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
            raise click.ClickException("; ".join(lines)) from None


def _module(name: str) -> str:
    return f"dashboard.commands.{name.replace('-', '_')}"


@click.group(
    cls=Commands,
    help="Tillwatch: an operations console for Stripe. Without a command it starts everything.",
)
@click.version_option(VERSION, prog_name="tillwatch")
def cli() -> None:
    """The root of all commands."""


if __name__ == "__main__":
    if os.environ.get(parent_watch.VARIABLE):
        parent_watch.watch()
    cli(prog_name="python -m dashboard")
