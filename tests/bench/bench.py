"""All benchmarks, or the parts that are named. Each part runs in rounds, in which Deja and what it
is compared with take turns; a ratio is of two figures of the same round."""

import argparse
import functools
import json
import os
import pathlib
import platform
import re
import sqlite3
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))


def first_line(*command):
    """What a program says of its version."""
    try:
        done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    except FileNotFoundError:
        return "not there"
    return ((done.stdout or done.stderr).strip().splitlines() or ["unknown"])[0]


def machine():
    processors = re.findall(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    release = pathlib.Path("/etc/os-release").read_text()
    return {"processor": processors[0] if processors else platform.machine(),
            "cores": os.cpu_count(),
            "system": re.search(r'PRETTY_NAME="(.*)"', release)[1],
            "kernel": platform.release(),
            "load before": os.getloadavg()[0]}


def versions(build):
    from postgres import PROGRAMS
    return {"deja": first_line(build / "deja", "version"),
            "commit": first_line("git", "-C", HERE, "describe", "--always", "--dirty",
                                 "--exclude", "*"),
            "compiler": first_line("c++", "--version"),
            "nginx": first_line("nginx", "-v"),
            "wrk": first_line("wrk", "-v"),
            "PostgreSQL": first_line(PROGRAMS / "pgbench", "--version") if PROGRAMS else "not there",
            "SQLite": sqlite3.sqlite_version}


# The parts that are measured where none is named; "large" takes 5 GB on disk and minutes.
USUAL = ["keys", "queues", "http", "waits", "postgres", "rest", "load"]


def parse_arguments(parts):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART",
                        help="what is measured; without any, all but large: " + ", ".join(parts))
    parser.add_argument("--rounds", type=int, default=5, help="how many of each part (5)")
    parser.add_argument("--seconds", type=int, default=2, help="how long a load lasts (2)")
    parser.add_argument("--entries", type=int, default=10_000_000,
                        help="how many the part large has (10,000,000)")
    parser.add_argument("--json", metavar="FILE", help="keeps all figures")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    given = parser.parse_args()
    for part in given.parts:
        if part not in parts:
            parser.error(f"there is no part {part}; there are {', '.join(parts)}")
    if given.rounds < 1:
        parser.error(f"--rounds {given.rounds}: at least 1")
    if not 10_000 <= given.entries <= 1_000_000_000:
        parser.error(f"--entries {given.entries}: from 10000 to 1000000000")
    if not 1 <= given.seconds <= 60:
        parser.error(f"--seconds {given.seconds}: from 1 to 60")
    return given


def main():
    given = parse_arguments([*USUAL, "large"])
    os.environ["DEJA"] = str(given.build / "deja")
    # They find the program by the environment.
    import at_rest
    import cache_keys
    import figures
    import large
    import load_harness
    import postgres_index
    import service_calls
    import waits
    import work_queues
    measures = {"keys": cache_keys.measure, "queues": work_queues.measure,
                "http": service_calls.measure, "waits": waits.measure,
                "postgres": postgres_index.measure, "rest": at_rest.measure,
                "load": load_harness.measure,
                "large": functools.partial(large.measure, entries=given.entries)}
    about = {"machine": machine(), "versions": versions(given.build), "rounds": given.rounds,
             "seconds": given.seconds}
    for of in ("machine", "versions"):
        print(f"{of}: " + "; ".join(f"{name} {value}" for name, value in about[of].items()))
    print(f"medians of {given.rounds} rounds (least–most)\n", flush=True)
    taken = figures.Figures(given.rounds)
    try:
        for part in given.parts or USUAL:
            measures[part](taken, given.build / "tests" / "bench", given.seconds)
    finally:  # also what there is where a part fails
        print(taken.table())
        if given.json:
            pathlib.Path(given.json).write_text(
                json.dumps(about | {"figures": taken.as_json()}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
