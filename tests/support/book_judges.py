"""Other people's programs that check the accountant's books, and planted mistakes for them to find.

Where one is not installed its tests are skipped, or fail when CI=true.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

#: The smallest unit of each currency that the emulator settles.
SMALLEST = {"USD": "0.01", "EUR": "0.01", "CNY": "0.01", "JPY": "1", "KWD": "0.001"}


@dataclass(frozen=True)
class Judge:
    """A program that checks a file of a format; the file's path is put at `FILE`."""

    name: str
    format: str
    command: Sequence[str]

    def complaint(self, path: Path) -> str:
        """What it says against a file: nothing, if it accepts it."""
        program = shutil.which(self.command[0])
        if program is None:
            why = f"{self.name} is not installed"
            if os.environ.get("CI") == "true":
                pytest.fail(f"{why}; with CI=true this test must run", pytrace=False)
            pytest.skip(why)
        command = [program, *(str(path) if one == "FILE" else one for one in self.command[1:])]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if ran.returncode:
            return ran.stderr + ran.stdout or f"exit code {ran.returncode}"
        return ran.stderr


JUDGES = (
    Judge("beancount", "beancount", (sys.executable, "-m", "beancount.scripts.check", "FILE")),
    Judge("hledger", "ledger", ("hledger", "-f", "FILE", "check", "--strict")),
    Judge("ledger", "ledger", ("ledger", "-f", "FILE", "--pedantic", "--args-only", "balance")),
)


def with_mistake(text: str, currency: str, *, in_balance: bool) -> str:
    """A file in which one sale is a smallest unit larger.

    The entry then does not sum to zero; or, `in_balance`, the balance at Stripe is larger too, so
    that only what is held after it is wrong.
    """
    unit = Decimal(SMALLEST[currency])
    blocks = text.split("\n\n")
    for place, block in enumerate(blocks):
        sale = _line("Income:Sales", currency).search(block)
        balance = _line(f"Assets:Stripe:{currency}", currency).search(block)
        if sale and balance:
            changed = _moved(block, sale, -unit)
            if in_balance:
                changed = _moved(changed, balance, unit)
            return "\n\n".join([*blocks[:place], changed, *blocks[place + 1 :]])
    raise AssertionError(f"nothing was sold in {currency}")


def _line(account: str, currency: str) -> re.Pattern[str]:
    return re.compile(rf"^(\s+{account}  )(-?[\d.]+) {currency}(?=$|  ;)", re.MULTILINE)


def _moved(block: str, line: re.Match[str], by: Decimal) -> str:
    return block.replace(line[0], f"{line[1]}{Decimal(line[2]) + by} {line[0].split()[-1]}", 1)
