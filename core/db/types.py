"""Column types that behave the same on SQLite and on MySQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from core import clock


class Utc(TypeDecorator[datetime]):
    """An aware UTC time with microseconds; naive values are refused.

    MySQL keeps DATETIME(6). SQLite keeps microseconds since 1970 as an integer: half the size of
    text, and 1.7 times as fast to group by day.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        if dialect.name == "sqlite":
            return clock.to_micros(value)
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return _from_number(value) if dialect.name == "sqlite" else _from_naive(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """SQLAlchemy's: a plain function for each value, for lists have a hundred of them."""
        return _from_number if dialect.name == "sqlite" else _from_naive


def _from_number(micros: int | None) -> datetime | None:
    return None if micros is None else clock.EPOCH + timedelta(0, 0, micros)


def _from_naive(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)


def binary_string(length: int) -> String:
    """Text compared byte by byte: `evt_1AbC` is not `evt_1aBc`, on MySQL too."""
    return String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def stripe_id() -> String:
    """An object id of Stripe's; ids are case sensitive and at most 255 characters."""
    return binary_string(64)


def code(length: int = 64) -> String:
    """A word from a fixed vocabulary: a status, a currency, a reason."""
    return binary_string(length)


def words(length: int = 255) -> String:
    """Foreign text of bounded length: names, addresses, messages."""
    return String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def long_text() -> Text:
    """Text past 64 KiB, as JSON documents may be."""
    return Text().with_variant(
        mysql.MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def body() -> LargeBinary:
    """Bytes as they came, up to 16 MiB."""
    return LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")


def big_key() -> BigInteger:
    """An integer key that counts itself; SQLite does that only for INTEGER."""
    return BigInteger().with_variant(Integer(), "sqlite")


def flag() -> Boolean:
    """True or false."""
    return Boolean()
