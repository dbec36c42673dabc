"""Fixtures that all tests share."""

pytest_plugins = [
    "tests.fixtures_spine",
    "tests.fixtures_mariadb",
    "tests.fixtures_access",
    "tests.fixtures_actions",
    "tests.fixtures_refund_screens",
    "tests.fixtures_refunds",
    "tests.fixtures_screens",
    "tests.fixtures_rest",
]
