"""What people may be here: the names of roles, for `access` and for settings."""

from __future__ import annotations

VIEWER = "viewer"
SUPPORT = "support"
SUPPORT_LEAD = "support_lead"
FINANCE = "finance"
RISK = "risk"
DEVELOPER = "developer"
ADMIN = "admin"

#: Every role that a person may have, in the order in which people are shown them.
ROLES = (VIEWER, SUPPORT, SUPPORT_LEAD, FINANCE, RISK, DEVELOPER, ADMIN)
