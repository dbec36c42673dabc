"""What must not be read from the database is encrypted: Fernet, with keys that can be rotated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import Misconfigured

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

# cryptography takes 7 MB: it is loaded where something is encrypted, which a process that was given
# its keys by the environment never does.


def new_key() -> str:
    """A key for ENCRYPTION_KEY, drawn at random."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode("ascii")


@dataclass(frozen=True, slots=True)
class Encrypter:
    """`keys` is what ENCRYPTION_KEY says: a Fernet key, or several with commas between, of which
    the first encrypts and all decrypt. Empty: there is no key."""

    keys: str = field(default="", repr=False)

    @property
    def has_key(self) -> bool:
        """Whether anything can be encrypted."""
        return bool(self.keys)

    def encrypt(self, text: str) -> str:
        """The text as it is kept, in ASCII; `Misconfigured` without a key, or with a wrong one."""
        return self._fernet().encrypt(text.encode()).decode("ascii")

    def decrypt(self, kept: str) -> str:
        """The text; `Misconfigured` without a key, or where it was kept with another."""
        fernet = self._fernet()
        from cryptography.fernet import InvalidToken

        try:
            return fernet.decrypt(kept.encode()).decode()
        except InvalidToken:
            raise Misconfigured(
                "ENCRYPTION_KEY is another than the one that something was kept with"
            ) from None

    def rotate(self, kept: str) -> str:
        """The same text encrypted anew, with the first key."""
        fernet = self._fernet()
        from cryptography.fernet import InvalidToken

        try:
            return fernet.rotate(kept.encode()).decode("ascii")
        except InvalidToken:
            raise Misconfigured(
                "ENCRYPTION_KEY is another than the one that something was kept with"
            ) from None

    def check(self) -> None:
        """`Misconfigured` where there is a key that is none."""
        if self.keys:
            self._fernet()

    def _fernet(self) -> MultiFernet:
        if not self.keys:
            raise Misconfigured("ENCRYPTION_KEY is not set: what is kept encrypted cannot be read")
        from cryptography.fernet import Fernet, MultiFernet

        try:
            return MultiFernet([Fernet(key.strip()) for key in self.keys.split(",")])
        except ValueError:
            raise Misconfigured(
                "ENCRYPTION_KEY is not a Fernet key: 32 bytes in URL-safe base64"
            ) from None
