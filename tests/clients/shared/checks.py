"""What the checks of Python's clients share: how they report, and the values of app.specimen."""
import contextlib
import datetime as dt
import decimal
import os
import traceback
import sys
import uuid

UTC = dt.timezone.utc
NATIVE = os.environ["NATIVE"] != ""
SLOW_QUERY = os.environ["SLOW_QUERY"]
WANT_TABLES = os.environ["WANT_TABLES"].split()
MEMBER = ["id", "org_id", "username", "full_name", "joined_on", "active"]  # not email
COUNTED = ["task", "project", "member", "comment", "invoice", "reading"]
ERRORS = [
    ("SELECT nonesuch FROM task", "42703"),
    ("SELECT 1 / (id - id) FROM task", "22012"),
    ("SELECT * FROM audit_log", "42P01"),
    ("INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')", "42501"),
]

# app.specimen of id 1 from a_smallint to an_enum, as most drivers give it.
PLAIN = [
    -32768, 2147483647, -9223372036854775808, decimal.Decimal("12345678901234.567890"), 1.5, 2.5e-10, "Grüße, 'world'", "varchar", "char  ", True,
    b"\x00\xff\x10", dt.date(2026, 2, 28), dt.time(13, 14, 15, 678901), dt.datetime(2026, 2, 28, 13, 14, 15, 678901),
    dt.datetime(2026, 2, 28, 13, 14, 15, 678901, UTC), dt.timedelta(days=365 + 60 + 3, hours=4, minutes=5, seconds=6),
    uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), {"a": [1, 2]}, {"b": {"c": None}}, [1, 2, None, -4], ["one", "two, three", None, ""], "on_hold",
]
PLAIN_NAMES = [
    "a_smallint", "an_int", "a_bigint", "a_numeric", "a_real", "a_double", "a_text", "a_varchar", "a_char", "a_bool", "a_bytea", "a_date", "a_time", "a_timestamp",
    "a_timestamptz", "an_interval", "a_uuid", "a_json", "a_jsonb", "an_int_array", "a_text_array", "an_enum",
]
BEGIN_RANGE, END_RANGE = dt.datetime(2026, 1, 1, tzinfo=UTC), dt.datetime(2026, 2, 1, tzinfo=UTC)


def want(table):
    """The number of dana's rows of a table, counted on the server."""
    return int(os.environ[f"WANT_{table.upper()}S"])


def same(got, wanted):
    if got != wanted:
        raise AssertionError(f"wanted {wanted!r}, got {got!r}")


@contextlib.contextmanager
def check(name):
    """Reports what happens inside as a check of that name."""
    try:
        yield
    except Exception as e:  # every failure is a line
        print(f"not ok - {name}: {type(e).__name__} {' '.join(str(e).split())[:300]}", flush=True)
        traceback.print_exc(file=sys.stderr)
    else:
        print(f"ok - {name}", flush=True)


def skip(name, why):
    print(f"ok - {name} # SKIP {why}", flush=True)
