"""The index on PostgreSQL, in process and as a service, beside pgbench on the same server, in turns:
the same number of clients, point reads by prepared statement against gets, inserts of single rows
against puts of new keys."""

import contextlib
import pathlib
import re
import tempfile

import service_calls
from deja import Service
from figures import output_of
from postgres import Postgres

INSERT = """\\set id random(1, 1000000000000)
INSERT INTO single VALUES (:id, repeat('x', 250)) ON CONFLICT DO NOTHING;
"""


def pgbench(database, clients, seconds, *options):
    told = database.run("pgbench", "-h", database.folder, "-U", "deja", "-n", "-M", "prepared",
                        "-c", clients, "-j", 2, "-T", seconds, *options, "postgres")
    return float(re.search(r"tps = ([0-9.]+)", told)[1])


WANTED = {("get", 16): 0.9, ("get", 64): 1.3, ("put", 16): 1.0, ("put", 64): 1.8}


def add(figures, what, rate, p99, limit, wanted, most):
    figures.add(what, "/s", rate, "pgbench", limit, at_least=wanted)
    figures.add(f"{what}, p99", "ms", p99, at_most=most)


def measure(figures, programs, seconds):
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        database = Postgres(durable=True)
        running.callback(database.close)
        database.start()
        database.run("pgbench", "-h", database.folder, "-U", "deja", "-i", "-q", "postgres")
        database.sql("CREATE TABLE single (id bigint PRIMARY KEY, value text)")
        insert = pathlib.Path(database.folder, "insert.sql")
        insert.write_text(INSERT)
        insert.chmod(0o644)
        service = Service(pathlib.Path(folder, "data"), "--index", database.url)
        running.callback(service.stop)
        service_calls.put_known(service)
        for number in figures.each_round("postgres"):
            for (call, clients), least in WANTED.items():
                most = 5 if call == "get" else 25
                options = ["-S"] if call == "get" else ["-f", insert]
                limit = pgbench(database, clients, seconds, *options)
                in_process = output_of(programs / "deja_postgres_bench", database.url, call,
                                       clients, seconds)
                add(figures, f"postgres: {call} at {clients} in process",
                    *map(float, in_process.split()), limit, least, most)
                add(figures, f"postgres: {call} at {clients} over HTTP",
                    *service_calls.load(service, call, clients, seconds, 100 * number + clients),
                    limit, least, most)
