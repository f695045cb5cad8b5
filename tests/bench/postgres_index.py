"""The index on PostgreSQL beside pgbench on the same server, in turns: the same number of clients,
point reads by prepared statement against gets, inserts of single rows against puts of new keys."""

import pathlib
import re

from figures import output_of
from postgres import Postgres

INSERT = """\\set id random(1, 1000000000000)
INSERT INTO single VALUES (:id, repeat('x', 250)) ON CONFLICT DO NOTHING;
"""


def pgbench(database, clients, seconds, *options):
    told = database.run("pgbench", "-h", database.folder, "-U", "deja", "-n", "-M", "prepared",
                        "-c", clients, "-j", 2, "-T", seconds, *options, "postgres")
    return float(re.search(r"tps = ([0-9.]+)", told)[1])


def measure(figures, programs, seconds):
    database = Postgres(durable=True)
    try:
        database.start()
        database.run("pgbench", "-h", database.folder, "-U", "deja", "-i", "-q", "postgres")
        database.sql("CREATE TABLE single (id bigint PRIMARY KEY, value text)")
        insert = pathlib.Path(database.folder, "insert.sql")
        insert.write_text(INSERT)
        insert.chmod(0o644)
        wanted = {("get", 16): 0.9, ("get", 64): 1.3, ("put", 16): 1.0, ("put", 64): 1.8}
        for _ in figures.each_round("postgres"):
            for (call, clients), least in wanted.items():
                options = ["-S"] if call == "get" else ["-f", insert]
                limit = pgbench(database, clients, seconds, *options)
                rate, p99 = output_of(programs / "deja_postgres_bench", database.url, call,
                                      clients, seconds).split()
                figures.add(f"postgres: {call} at {clients}", "/s", float(rate), "pgbench", limit,
                            at_least=least)
                figures.add(f"postgres: {call} at {clients}, p99", "ms", float(p99),
                            at_most=5 if call == "get" else 25)
    finally:
        database.close()
