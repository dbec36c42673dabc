"""How the processes are set: debugging, the keys that they sign and encrypt with, Streamlit."""

from __future__ import annotations

from core.checks.result import Result, failed, passed, unsafe, warned
from core.checks.subject import Subject
from core.encryption import Encrypter
from core.errors import Misconfigured

_SHORTEST = 32
#: What examples have; a secret with so few different characters is typed, not drawn.
_FEW = 10


def debug(subject: Subject) -> Result:
    """Whether logs are as they should be in production."""
    if subject.settings.debug:
        return unsafe(
            subject.production, "DEBUG is on: logs say more than they should.", "Set DEBUG=false."
        )
    return passed("DEBUG is off.")


def secret_key(subject: Subject) -> Result:
    """Whether SECRET_KEY is long and drawn at random."""
    secret = subject.settings.secret_key.get_secret_value()
    if not secret:
        return warned(
            "SECRET_KEY is not set. Nothing is signed with it today.",
            "Set it to 32 random characters or more.",
        )
    if len(secret) < _SHORTEST:
        return failed(
            "SECRET_KEY is shorter than {n} characters.",
            "Set it to 32 random characters or more.",
            n=_SHORTEST,
        )
    if len(set(secret)) < _FEW:
        return failed("SECRET_KEY is not random.", "Set it to 32 random characters or more.")
    return passed("SECRET_KEY is long enough.")


def encryption_key(subject: Subject) -> Result:
    """Whether what is kept encrypted can be."""
    encrypter = Encrypter(subject.settings.encryption_key.get_secret_value())
    if not encrypter.has_key and subject.settings.factor_roles:
        return failed(
            "Without ENCRYPTION_KEY nobody whose role asks for a second factor gets in.",
            "Set it to a key that `secrets new-key` prints, or empty SECOND_FACTOR_ROLES.",
        )
    if not encrypter.has_key:
        return unsafe(
            subject.production,
            "ENCRYPTION_KEY is not set: what is secret in the database cannot be encrypted.",
            "Set it to a key that `secrets new-key` prints.",
        )
    try:
        encrypter.check()
    except Misconfigured:
        return failed(
            "ENCRYPTION_KEY is not a Fernet key.", "Set it to a key that `secrets new-key` prints."
        )
    if subject.unreadable:
        return failed(
            "Settings in the database cannot be read: {why}.",
            "Set ENCRYPTION_KEY to the key that they were kept with.",
            why=subject.unreadable,
        )
    return passed("Secrets are encrypted in the database.")


def streamlit(subject: Subject) -> Result:
    """Whether Streamlit runs with the settings that safety rests on."""
    if subject.streamlit:
        return failed(
            "Streamlit is not set as it is shipped: {what}.",
            "Start in the program's folder, and take STREAMLIT_ variables away.",
            what="; ".join(subject.streamlit),
        )
    return passed("Streamlit is set as it is shipped.")
