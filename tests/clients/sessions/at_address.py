"""A program at another address: python at_address.py ADDRESS MODULE FUNCTION, then its own.

Stripe's address is written into it, so what goes there is sent to ADDRESS instead.
"""

import importlib
import sys

import requests

_, ADDRESS, MODULE, FUNCTION = sys.argv[:4]
del sys.argv[1:4]
_send = requests.adapters.HTTPAdapter.send


def send(self, request, **kwargs):
    request.url = request.url.replace("https://api.stripe.com", ADDRESS, 1)
    return _send(self, request, **kwargs)


requests.adapters.HTTPAdapter.send = send
getattr(importlib.import_module(MODULE), FUNCTION)()
