"""`secrets`: the key that secrets are kept with, and encrypting them anew with another."""

from __future__ import annotations

import getpass
from gettext import ngettext

import click

from core import settings
from core.actions.admin import settings as changes
from core.db.engine import open_engine
from core.db.start import prepare
from core.encryption import Encrypter, new_key
from core.errors import Misconfigured


@click.group(help="Secrets in the database: keys of Stripe, addresses of alert channels.")
def command() -> None:
    """The group of the commands below."""


@command.command("new-key")
def new_key_() -> None:
    """Print a new key for ENCRYPTION_KEY; it is kept nowhere."""
    click.echo(new_key())


@command.command("rotate")
def rotate() -> None:
    """Encrypt all secrets anew with the first key of ENCRYPTION_KEY.

    Put the new key before the old one (ENCRYPTION_KEY=new,old), start all processes with that, run
    this, then take the old one away.
    """
    environment = settings.load()
    encrypter = Encrypter(environment.encryption_key.get_secret_value())
    if not encrypter.has_key:
        raise Misconfigured("ENCRYPTION_KEY is not set")
    encrypter.check()
    prepare(environment.database)
    engine = open_engine(environment.database)
    count = changes.rotate(engine, encrypter, actor=f"cli:{getpass.getuser()}")
    said = ngettext("{n} secret encrypted anew", "{n} secrets encrypted anew", count)
    click.echo(said.format(n=count))
