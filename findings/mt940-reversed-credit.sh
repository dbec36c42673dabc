#!/bin/sh
# mt-940 gives a reversed credit (mark RC of field :61:) as a positive amount unless it is told not to,
# so that opening balance and lines do not come to the closing balance of a right statement.
# Tillwatch: core/bank/mt940.py sets the option, and refuses a statement that does not add up.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'mt-940==5.1.1'
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import mt940

STATEMENT = """:20:STMT
:25:DE00000000000000000000
:28C:1/1
:60F:C261101EUR100,00
:61:2611021102C50,00NTRFNONREF
:86:PAYOUT
:61:2611031103RC50,00NTRFNONREF
:86:PAYOUT TAKEN BACK
:62F:C261103EUR100,00
-
"""
found = mt940.parse(STATEMENT)
amounts = [one.data["amount"].amount for one in found]
opening = found.data["final_opening_balance"].amount.amount
closing = found.data["final_closing_balance"].amount.amount
print("mt-940", version("mt-940"))
print("opening", opening, "lines", amounts, "closing", closing)
assert [str(one) for one in amounts] == ["50.00", "50.00"], "a reversed credit is negative now"
assert opening + sum(amounts) != closing, "the statement adds up now"
PYTHON
