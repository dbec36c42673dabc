"""The command line: `python -m dashboard`, which starts everything, and one command a process."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import click

from core.errors import InvalidInput, TillwatchError
from core.version import VERSION
from dashboard.process import parent_watch

#: In the order of the help, with what it says of each: so it imports none of them. Those whose
#: module is there are offered.
COMMANDS = {
    "up": "Start everything and keep it running; what is done without a command.",
    "receiver": "Serve webhooks, the REST API, /healthz, /readyz and /metrics.",
    "worker": "Apply events, read objects again, poll, and keep the ledger.",
    "ui": "Serve the screens (Streamlit behind the auth middleware).",
    "emulator": "Run a local, stateful Stripe in test mode.",
    "seed": "Make business in the emulator's past, with a progress bar.",
    "sync": "Read Stripe's lists since a time into the database.",
    "reconcile": "Compare the database with Stripe's list and balance, to the minor unit.",
    "period": "Closed months: their figures never move again.",
    "rollups": "The daily sums of payments and revenue.",
    "journal": "The accountant's books, made of Stripe's ledger (docs/books.md).",
    "check": "Look at keys, addresses, database, machine and habits.",
    "settings": "Settings that are kept in the database; what the environment sets wins.",
    "secrets": "Secrets in the database: keys of Stripe, addresses of alert channels.",
    "scenarios": "Pay with every test card in test mode; exit code 1 when an outcome differs.",
    "user": "Create people, give them roles, shut them out.",
    "token": "Give programs access to the REST API, and take it away.",
    "audit": "The log of who saw, asked, approved, sent and was refused what.",
    "inbox": "The events that came in.",
    "backtest": "Try a rule set on the payments of a window: nothing is changed, nothing is sent.",
    "bank": "The bank's side of payouts.",
    "stripe-report": "Stripe's reports beside the ledger.",
    "alerts": "What is wrong, and whom it is told to.",
    "backup": "Back up the database into a new file, as it is at one moment; nobody waits for it.",
    "restore": "Restore a backup into a database that holds nothing yet, and count what came.",
}


#: The commands that serve or work until they are stopped, and the one that asks whether all is
#: there: to them a database that says nothing is not there.
IMPATIENT = frozenset({"up", "receiver", "worker", "ui", "emulator", "check"})
#: What asks no database, and need not load what does.
_WITHOUT_DATABASE = frozenset({"emulator"})
_NAME = "tillwatch.command"


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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of the help: Click's own imports every command for it."""
        names = self.list_commands(ctx)
        limit = formatter.width - 6 - max(map(len, names))
        told = (click.Command(name, help=COMMANDS[name]) for name in names)
        with formatter.section("Commands"):
            formatter.write_dl([(str(one.name), one.get_short_help_str(limit)) for one in told])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Nothing, or options without a command, mean `up`."""
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "--version")):
            args = ["up", *args]
        ctx.meta[_NAME] = args[0]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; our own errors end it with one line, exit code 2 for bad input.

        So does a database that goes away meanwhile. A command that somebody waits for may ask for
        what takes its time.
        """
        try:
            with _of_database(ctx.meta[_NAME]):
                return super().invoke(ctx)
        except TillwatchError as error:
            raise _Refusal(error) from error
        except ValueError as error:
            # Loaded when needed: an emulator has no settings, and answers sooner without it.
            from pydantic import ValidationError

            if not isinstance(error, ValidationError) or error.title != "Settings":
                raise
            lines = (f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
            raise click.ClickException("; ".join(lines)) from None


@contextmanager
def _of_database(name: str) -> Iterator[None]:
    """How long a command waits for the database, and what it says where that does not answer."""
    if name in _WITHOUT_DATABASE:
        yield
        return
    from core.db.engine import answering, long_statements

    with answering(), nullcontext() if name in IMPATIENT else long_statements():
        yield


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
