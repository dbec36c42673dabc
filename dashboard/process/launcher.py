"""Brings everything up in order: database, services, history, worker, past, traffic."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from gettext import ngettext
from pathlib import Path

import click

from core import bootstrap
from core.access import demo
from core.db.engine import open_engine
from core.domain.stream_limits import WRITTEN_EVERY
from core.errors import Misconfigured
from core.mirror import streams
from core.private_files import private_file, secure
from core.settings import WEBHOOK_PATH, Settings
from dashboard.process import emulator_control, ports
from dashboard.process.supervisor import Service, Supervisor

#: A new console learns this much of an account's past.
SINCE = "90d"
#: Stands in VAR_DIR while the emulator's history is being made.
_UNFINISHED = "history_unfinished"
_COLOURS = ("cyan", "green", "yellow", "magenta", "blue")


@dataclass(frozen=True)
class Plan:
    """What `up` was asked for: the history of a first start, and payments a minute from then on."""

    days: int
    per_day: int
    seed: int | None
    per_minute: int


def up(settings: Settings, plan: Plan) -> None:
    """Start everything and keep it running until Ctrl-C or SIGTERM."""
    ports.refuse_taken(_ports(settings))
    settings = prepare(settings)
    asyncio.run(_until_signal(lambda supervisor: _bring_up(supervisor, settings, plan)))


def prepare(settings: Settings) -> Settings:
    """Make the state folder, the webhook's secret, the schema and, in a demo, its users; the
    settings with those that are kept in the database."""
    secure(settings.var_dir)
    console = bootstrap.build(settings)
    try:
        if console.settings.uses_emulator and console.production:
            raise Misconfigured("STRIPE_SECRET_KEY is not set: production runs on no emulator")
        if console.settings.uses_emulator:
            _keep_secret(settings.var_dir / "webhook_secret")
            demo.create_all(console.engine, production=console.production)
    finally:
        console.engine.dispose()
    return console.settings


def runs_emulator(settings: Settings) -> bool:
    """Whether the emulator is ours to start: no key is set, and no other address either."""
    return settings.uses_emulator and not settings.stripe_api_base


def services(settings: Settings) -> list[Service]:
    """What answers for good beside the emulator."""
    return [
        Service("receiver", port=settings.receiver_port),
        Service("ui", port=settings.ui_port),
    ]


def emulator(settings: Settings, per_minute: int) -> Service:
    """The local Stripe; its secret goes by the environment, where `ps` does not show it."""

    async def traffic() -> None:
        await asyncio.to_thread(emulator_control.trickle, settings, per_minute)

    hook = f"http://127.0.0.1:{settings.receiver_port}{WEBHOOK_PATH}"
    return Service(
        "emulator",
        ("--webhook", hook),
        {"STRIPE_WEBHOOK_SECRET": settings.webhook_secrets[0]},
        settings.emulator_port,
        on_restart=traffic,
    )


async def _bring_up(supervisor: Supervisor, settings: Settings, plan: Plan) -> None:
    """The screens come first, and say so while the past is made and read behind them."""
    serving = services(settings)
    fresh = False
    if runs_emulator(settings):
        _forget_half_a_history(settings)
        serving.insert(0, emulator(settings, plan.per_minute))
    await supervisor.start_all(serving)
    if runs_emulator(settings):
        fresh = plan.days > 0 and not await asyncio.to_thread(
            emulator_control.has_payments, settings
        )
    learns = fresh or not _synced(settings).exists()
    click.echo(welcome(settings, learns=learns))
    async with _telling(settings, learns=learns):
        if fresh:
            await _make_history(supervisor, settings, plan)
        # What it reads of a history half made would be read as if it were all.
        await supervisor.start(Service("worker"))
    if learns:
        await _learn_past(supervisor, settings)
    if runs_emulator(settings) and plan.per_minute:
        await asyncio.to_thread(emulator_control.trickle, settings, plan.per_minute)
    if learns:
        click.echo(_ready(settings))


@contextlib.asynccontextmanager
async def _telling(settings: Settings, *, learns: bool) -> AsyncIterator[None]:
    """In this block screens say that the account's past is still to be read."""

    async def tell() -> None:
        engine = open_engine(settings.database, pool_size=1)
        try:
            while True:
                await asyncio.to_thread(streams.note_running, engine, livemode=False)
                await asyncio.sleep(WRITTEN_EVERY.total_seconds())
        finally:
            engine.dispose()

    telling = asyncio.create_task(tell()) if learns and settings.uses_emulator else None
    try:
        yield
    finally:
        if telling is not None:
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling


async def _make_history(supervisor: Supervisor, settings: Settings, plan: Plan) -> None:
    said = ngettext(
        "First start: making {n} day of business in the emulator.",
        "First start: making {n} days of business in the emulator.",
        plan.days,
    )
    click.echo(said.format(n=plan.days))
    args = ["--days", str(plan.days), "--per-day", str(plan.per_day)]
    args += [] if plan.seed is None else ["--seed", str(plan.seed)]
    mark = settings.var_dir / _UNFINISHED
    private_file(mark)
    if await supervisor.run(Service("seed", tuple(args))):
        raise Misconfigured("the history could not be made; the lines above print_line why")
    mark.unlink()


def _forget_half_a_history(settings: Settings) -> None:
    """A first start that was cut short begins anew: nothing has read that half yet."""
    mark = settings.var_dir / _UNFINISHED
    if mark.exists():
        for ending in ("", "-wal", "-shm", "-journal"):
            (settings.var_dir / f"emulator.db{ending}").unlink(missing_ok=True)
        mark.unlink()


def _synced(settings: Settings) -> Path:
    """Stands there once the account's past was read."""
    return settings.var_dir / "synced"


async def _learn_past(supervisor: Supervisor, settings: Settings) -> None:
    """Read what Stripe knows, once; a run that was cut short is made up for at the next start."""
    mark = _synced(settings)
    mark.unlink(missing_ok=True)
    click.echo(f"Reading the account's past ({SINCE}) from Stripe.")
    if await supervisor.run(Service("sync", ("--since", SINCE))):
        click.echo(
            f"The past could not be read. `python -m dashboard sync --since {SINCE}` tries again.",
            err=True,
        )
        return
    private_file(mark)
    click.echo("The account's past is read: figures are complete.")


def welcome(settings: Settings, *, learns: bool = False) -> str:
    """Where the console is, who can sign in, and whether its past is still to come."""
    address = click.style(settings.screens_base, bold=True)
    lines = ["", f"  Tillwatch answers at:  {address}" if learns else _ready(settings), ""]
    if settings.uses_emulator:
        lines.append(f"  Sign in with one of these; the password is {demo.PASSWORD}")
        lines += [f"    {email:<20} {role}" for email, _, role in demo.PEOPLE]
        lines += ["", f"  The payments are made up, by the Stripe emulator at {settings.api_base}"]
    else:
        lines.append("  `python -m dashboard user --help` says how to make people who may sign in")
    if learns:
        lines.append("  Its past is read meanwhile: figures grow until that is done.")
    return "\n".join([*lines, "  Ctrl-C stops everything.", ""])


def _ready(settings: Settings) -> str:
    """Said once, when all that there is can be seen."""
    return f"  Tillwatch is ready:  {click.style(settings.screens_base, bold=True)}"


async def _until_signal(bring_up: Callable[[Supervisor], Coroutine[None, None, None]]) -> None:
    supervisor = Supervisor(_line_printer())
    stopping = asyncio.Event()
    with _signals(stopping, supervisor):
        work = asyncio.create_task(bring_up(supervisor))
        stop = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not stopping.is_set():
                work.result()
                await stop
        finally:
            work.cancel()
            stop.cancel()
            await supervisor.stop()


@contextlib.contextmanager
def _signals(stopping: asyncio.Event, supervisor: Supervisor) -> Iterator[None]:
    """The first signal asks to stop; a second one does not wait."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stopping.is_set():
            supervisor.kill()
        stopping.set()

    numbers = [signal.SIGINT, signal.SIGTERM]
    before = [signal.getsignal(number) for number in numbers]
    for number in numbers:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(on_signal))
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _line_printer() -> Callable[[str, str], None]:
    """Prints what a process says behind its name, in a colour of its own on a terminal."""
    colours: dict[str, str] = {}
    tty = sys.stdout.isatty()

    def print_line(name: str, line: str) -> None:
        if line.startswith("{"):
            # A JSON line says itself whose it is, and stays JSON.
            click.echo(line)
            return
        colour = colours.setdefault(name, _COLOURS[len(colours) % len(_COLOURS)])
        # A progress bar may stand on this line: it is drawn again below.
        start = "\r\033[K" if tty else ""
        click.echo(f"{start}{click.style(f'{name:<9}|', fg=colour)} {line}")

    return print_line


def _ports(settings: Settings) -> dict[str, int]:
    wanted = {"UI_PORT": settings.ui_port, "RECEIVER_PORT": settings.receiver_port}
    if runs_emulator(settings):
        wanted["EMULATOR_PORT"] = settings.emulator_port
    return wanted


def _keep_secret(path: Path) -> None:
    """Make a webhook secret that only this user can read, unless there is one."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"whsec_{secrets.token_hex(32)}\n")
