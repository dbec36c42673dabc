"""CHECK constraints that say the same on SQLite and on MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from sqlalchemy import CheckConstraint

#: Three letters, or four; lower case, as Stripe writes it.
_CURRENCY = {
    "sqlite": "{column} NOT GLOB '*[^a-z]*' AND length({column}) BETWEEN 3 AND 4",
    "mysql": "{column} REGEXP '^[a-z]{{3,4}}$'",
    "mariadb": "{column} REGEXP '^[a-z]{{3,4}}$'",
}


def one_of(name: str, column: str, states: type[StrEnum]) -> CheckConstraint:
    """The column holds a state of this life cycle."""
    values = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"{column} IN ({values})", name=name)


def not_negative(name: str, column: str) -> CheckConstraint:
    """The column holds an amount of zero or more, in minor units."""
    return CheckConstraint(f"{column} >= 0", name=name)


def currency(name: str, column: str = "currency") -> Iterator[CheckConstraint]:
    """The column holds a currency in Stripe's form; one constraint for each database."""
    for dialect, rule in _CURRENCY.items():
        yield CheckConstraint(rule.format(column=column), name=name).ddl_if(dialect=dialect)
