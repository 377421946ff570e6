"""The checks of Django over psycopg2: inspectdb, the ORM, and migrations, which a user behind a filter may not run."""
import io
import os
import threading

import django
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from checks import *

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"], "PASSWORD": os.environ["PGPASSWORD"],
                           "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"], USE_TZ=True, TIME_ZONE="Europe/Lisbon", DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()


class Project(models.Model):
    org_id = models.TextField()
    name = models.TextField()
    owner_id = models.TextField()
    budget = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    tags = ArrayField(models.TextField(), default=list)

    class Meta:
        app_label, managed, db_table = "saas", False, "project"


class Task(models.Model):
    project = models.ForeignKey(Project, models.DO_NOTHING)
    title = models.TextField()
    status = models.TextField(default="open")
    priority = models.SmallIntegerField(default=3)
    assignee_id = models.TextField(null=True)
    details = models.JSONField(default=dict)
    due_on = models.DateField(null=True)

    class Meta:
        app_label, managed, db_table = "saas", False, "task"


class Specimen(models.Model):
    id = models.IntegerField(primary_key=True)
    org_id = models.TextField()
    an_int = models.IntegerField(null=True)
    a_numeric = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    a_double = models.FloatField(null=True)
    a_text = models.TextField(null=True)
    a_bool = models.BooleanField(null=True)
    a_bytea = models.BinaryField(null=True)
    a_date = models.DateField(null=True)
    a_time = models.TimeField(null=True)
    a_timestamptz = models.DateTimeField(null=True)
    an_interval = models.DurationField(null=True)
    a_uuid = models.UUIDField(null=True)
    a_jsonb = models.JSONField(null=True)
    a_text_array = ArrayField(models.TextField(), null=True)
    an_inet = models.GenericIPAddressField(null=True)

    class Meta:
        app_label, managed, db_table = "saas", False, "specimen"


class Reading(models.Model):
    sensor = models.IntegerField()
    taken_at = models.DateTimeField()

    class Meta:
        app_label, managed, db_table = "saas", False, "reading"


def state(function):
    try:
        with transaction.atomic():
            function()
    except DatabaseError as e:
        return e.__cause__.pgcode
    raise AssertionError("it succeeds")


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


with check("connect"):
    same(execute("SELECT current_user"), [("dana",)])
    same(execute("SHOW TimeZone"), [("UTC",)])

with check("introspect"):
    out = io.StringIO()
    call_command("inspectdb", "task", "member", "specimen", "membership", stdout=out)
    text = out.getvalue()
    for line in ["class Task(models.Model):", "    project = models.ForeignKey('Project', models.DO_NOTHING)", "    title = models.TextField()",
                 "    a_numeric = models.DecimalField(max_digits=20, decimal_places=6, blank=True, null=True)",
                 "    a_varchar = models.CharField(max_length=40, blank=True, null=True)", "class Specimen(models.Model):", "class Member(models.Model):"]:
        assert line in text, f"{line} is not in {text}"
    assert "email" not in text and "audit" not in text and "Unable to inspect" not in text, text
    with connection.cursor() as cursor:
        there = connection.introspection
        same(sorted(t.name for t in there.get_table_list(cursor)), sorted(t.split(".")[1] for t in WANT_TABLES))
        same([c.name for c in there.get_table_description(cursor, "member")], MEMBER)
        same(there.get_primary_key_column(cursor, "task"), "id")
        same(there.get_relations(cursor, "comment"), {"task_id": ("id", "task")})
        keys = there.get_constraints(cursor, "task")
        same(sorted(n for n, k in keys.items() if k["check"]), ["task_priority_check", "task_title_check"])
        same(keys["task_pkey"]["columns"], ["id"])
        same([s["name"] for s in there.get_sequences(cursor, "member")], ["member_id_seq"])

with check("text"):
    s = Specimen.objects.get(pk=1)
    same([getattr(s, n) if n != "a_bytea" else bytes(s.a_bytea) for n in PLAIN_NAMES if hasattr(s, n)], [v for n, v in zip(PLAIN_NAMES, PLAIN) if hasattr(s, n)])
    same(s.an_inet, "192.168.1.7/24")
    s = Specimen.objects.get(pk=2)
    same([getattr(s, f.name) for f in s._meta.fields[2:]], [None] * (len(s._meta.fields) - 2))

skip("binary", "psycopg2 reads text alone")

with check("write"):
    project = Project.objects.order_by("id").first()
    task = Task.objects.create(project=project, title="made", details={"x": [1]})
    assert task.pk > 0
    task.title = "changed"
    task.save()
    same(Task.objects.filter(title="changed", details__x=[1]).update(priority=models.F("priority") - 1), 1)
    Specimen.objects.bulk_create([Specimen(id=n, org_id="acme") for n in range(1100, 1150)])
    same(Specimen.objects.filter(id__gte=1100).delete()[0], 50)
    same(task.delete()[0], 1)
    same(Task.objects.get_or_create(title="Nonesuch", defaults={"project": project})[1], True)
    same(Task.objects.filter(title="Nonesuch").delete()[0], 1)

with check("transaction"):
    try:
        with transaction.atomic():
            Specimen.objects.create(id=1002, org_id="acme")
            raise KeyError
    except KeyError:
        pass
    same(Specimen.objects.filter(id=1002).count(), 0)
    with transaction.atomic():
        Specimen.objects.create(id=1002, org_id="acme")
    same(Specimen.objects.filter(id=1002).delete()[0], 1)

with check("savepoint"):
    with transaction.atomic():
        Specimen.objects.create(id=1003, org_id="acme")
        same(state(lambda: Specimen.objects.bulk_create([Specimen(id=1003, org_id="acme")])), "23505")
        same(Specimen.objects.select_for_update().filter(id=1003).count(), 1)
        same(Specimen.objects.filter(id=1003).delete()[0], 1)

with check("error"):
    for sql, wanted in ERRORS:
        same((sql, state(lambda: execute(sql))), (sql, wanted))

with check("stream"):
    n = total = 0
    for r in Reading.objects.iterator(chunk_size=5000):  # a cursor of the server
        n, total = n + 1, total + r.pk
    same((n, total), (want("reading"), Reading.objects.aggregate(s=models.Sum("id"))["s"]))

with check("cancel"):
    connection.ensure_connection()
    threading.Timer(0.5, connection.connection.cancel).start()
    same(state(lambda: execute(SLOW_QUERY)), "57014")
    same(execute("SELECT 1"), [(1,)])

with check("tenant"):
    for table in COUNTED:
        same((table, execute(f"SELECT count(*) FROM {table}")[0][0]), (table, want(table)))
    same((Task.objects.count(), Project.objects.count(), Reading.objects.count()), (want("task"), want("project"), want("reading")))
    same(Specimen.objects.filter(pk=3).exists(), False)
    same(Task.objects.filter(project__tags__contains=["web"]).select_related("project").count() > 0, True)

with check("a migration is refused"):
    try:
        call_command("migrate", verbosity=0)
        raise AssertionError("it succeeds")
    except Exception as e:
        assert "permission denied" in str(e), e
