"""The machine: its clock, its disks, the modes of its files, and the Redis that it may share."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

from core import clock as clocks
from core.checks.result import Result, failed, passed, unsafe, warned
from core.checks.subject import Reader, Subject
from core.errors import StripeError, StripeUnreachable
from core.redis_cache import answers
from core.settings import Settings

#: Stripe's Date has whole seconds. A webhook is refused when it is five minutes off.
_SLIGHTLY, _MUCH = timedelta(seconds=5), timedelta(seconds=60)
_LITTLE, _NOTHING = 1 << 30, 64 << 20
#: So many files are looked at; one that is wrong is enough.
_MOST_FILES = 20_000


def clock(subject: Subject) -> Result:
    """Whether this machine's clock agrees with Stripe's, by the Date of an answer."""
    offsets = [found for one in subject.stripe.values() if (found := _offset(one)) is not None]
    if not offsets:
        return warned(
            "Stripe did not answer: the clock could not be compared.",
            "Let this machine reach Stripe's API.",
        )
    off = max(offsets, key=abs)
    seconds = round(off.total_seconds(), 1)
    if abs(off) > _MUCH:
        return failed(
            "The clock is {seconds} seconds off Stripe's.",
            "Run a time service such as systemd-timesyncd or chrony.",
            seconds=seconds,
        )
    if abs(off) > _SLIGHTLY:
        return warned(
            "The clock is {seconds} seconds off Stripe's.",
            "Run a time service such as systemd-timesyncd or chrony.",
            seconds=seconds,
        )
    return passed("The clock agrees with Stripe's.")


def _offset(stripe: Reader) -> timedelta | None:
    """How far the clock here is ahead of Stripe's; None without an answer."""
    asked = clocks.now()
    try:
        stripe.get("/v1/balance")
    except StripeUnreachable:
        return None
    except StripeError:
        pass  # A refusal has a Date too.
    answered = stripe.answered_at()
    if answered is None:
        return None
    # Its fraction of a second is cut off, and it was told between the question and the answer.
    if clocks.now() < answered:
        return clocks.now() - answered
    return max(asked - answered - timedelta(seconds=1), timedelta(0))


def disk(subject: Subject) -> Result:
    """Whether VAR_DIR and a SQLite file have room."""
    free = min(shutil.disk_usage(place).free for place in _places(subject.settings))
    mib = free >> 20
    if free < _NOTHING:
        return failed(
            "{n} MiB are free on the disk: it is full.", "Make room, or a larger disk.", n=mib
        )
    if free < _LITTLE:
        return warned("{n} MiB are free on the disk.", "Make room before it is full.", n=mib)
    return passed("{n} MiB are free on the disk.", n=mib)


def _places(settings: Settings) -> set[Path]:
    named = {settings.var_dir, _sqlite_file(settings) or settings.var_dir}
    places = [path.absolute() for path in named]
    return {next(one for one in (at, *at.parents) if one.exists()) for at in places}


def file_modes(subject: Subject) -> Result:
    """Whether others on this machine can read what the program keeps, or its secrets."""
    open_ones = list(islice(_readable_by_others(subject.settings), 3))
    if open_ones:
        return unsafe(
            subject.production,
            "Others on this machine may read {names}.",
            "chmod -R go= VAR_DIR, and chmod 600 for .env and each secret's file.",
            names=", ".join(open_ones),
        )
    return passed("Nobody else on this machine reads the program's files.")


def _readable_by_others(settings: Settings) -> Iterator[str]:
    for path in islice(_kept(settings), _MOST_FILES):
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            continue  # SQLite takes its log away when the last process leaves.
        if stat.S_IMODE(mode) & 0o077:
            yield path.name


def _kept(settings: Settings) -> Iterator[Path]:
    """VAR_DIR and all in it, a SQLite file elsewhere, `.env`, and the files that hold secrets."""
    if settings.var_dir.exists():
        yield settings.var_dir
        yield from settings.var_dir.rglob("*")
    named = [Path(".env"), _sqlite_file(settings)]
    named += [
        Path(os.environ[name])
        for field in type(settings).model_fields
        if (name := f"{field.upper()}_FILE") in os.environ
    ]
    yield from (path for path in named if path is not None and path.exists())


def _sqlite_file(settings: Settings) -> Path | None:
    prefix, url = "sqlite:///", settings.database
    return Path(url.removeprefix(prefix)) if url.startswith(prefix) and url != prefix else None


def redis(subject: Subject) -> Result:
    """Whether the Redis that is named answers."""
    url = subject.settings.redis_url.get_secret_value()
    if not url:
        return passed("No Redis is named: each process keeps its own cache and counts.")
    if not answers(url):
        return failed(
            "The Redis of REDIS_URL does not answer.", "Start it, or take REDIS_URL away."
        )
    return passed("Redis answers.")
