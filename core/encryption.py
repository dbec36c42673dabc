"""What must not be read from the database is encrypted: Fernet, with keys that can be rotated."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.errors import Misconfigured


def new_key() -> str:
    """A key for ENCRYPTION_KEY, drawn at random."""
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
        try:
            return self._fernet().decrypt(kept.encode()).decode()
        except InvalidToken:
            raise Misconfigured(
                "ENCRYPTION_KEY is another than the one that something was kept with"
            ) from None

    def rotate(self, kept: str) -> str:
        """The same text encrypted anew, with the first key."""
        try:
            return self._fernet().rotate(kept.encode()).decode("ascii")
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
        try:
            return MultiFernet([Fernet(key.strip()) for key in self.keys.split(",")])
        except ValueError:
            raise Misconfigured(
                "ENCRYPTION_KEY is not a Fernet key: 32 bytes in URL-safe base64"
            ) from None
