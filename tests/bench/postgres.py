"""The index on PostgreSQL beside pgbench on the same server, in turns: the same number of clients,
point reads by prepared statement against gets, inserts of single rows against puts of new keys."""

import os
import pathlib
import re
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from postgres import Postgres

PROGRAM, ROUNDS, SECONDS = sys.argv[1], 3, 3


def index(database, what, clients):
    told = subprocess.run([PROGRAM, database.url, what, str(clients), str(SECONDS)], check=True,
                          capture_output=True, text=True).stdout.split()
    return float(told[0]), float(told[1])


def pgbench(database, clients, *options):
    told = database.run("pgbench", "-h", database.folder, "-U", "deja", "-n", "-M", "prepared",
                        "-c", clients, "-j", 2, "-T", SECONDS, *options, "postgres")
    return float(re.search(r"tps = ([0-9.]+)", told)[1])


def main():
    database = Postgres(durable=True)
    try:
        database.start()
        database.run("pgbench", "-h", database.folder, "-U", "deja", "-i", "-q", "postgres")
        database.sql("CREATE TABLE single (id bigint PRIMARY KEY, value text)")
        insert = pathlib.Path(database.folder, "insert.sql")
        insert.write_text("\\set id random(1, 1000000000000)\n"
                          "INSERT INTO single VALUES (:id, repeat('x', 250)) ON CONFLICT DO NOTHING;\n")
        insert.chmod(0o644)
        for what, options in (("get", ["-S"]), ("put", ["-f", insert])):
            for clients in (16, 64):
                ours, theirs = [], []
                for _ in range(ROUNDS):
                    theirs.append(pgbench(database, clients, *options))
                    ours.append(index(database, what, clients))
                ratios = [a[0] / b for a, b in zip(ours, theirs)]
                print(f"{what} at {clients:2}: {statistics.median(a[0] for a in ours):7.0f}/s, "
                      f"pgbench {statistics.median(theirs):7.0f}/s, "
                      f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}), "
                      f"p99 {statistics.median(a[1] for a in ours):.1f} ms", flush=True)
    finally:
        database.close()


if __name__ == "__main__":
    main()
