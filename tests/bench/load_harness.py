"""`deja load` beside wrk: what one core of each drives, wrk against nginx; and what both say of the
same service."""

import contextlib
import json
import os
import pathlib
import resource
import tempfile

import service_calls
from deja import Service
from figures import output_of

CONNECTIONS = 64


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# The CPU is that of the whole process with both.


def by_wrk(server, seconds):
    """Gets a second, and Gets for each second of wrk's CPU time."""
    before = cpu_of_children()
    rate = service_calls.rate(server, "get", CONNECTIONS, seconds)
    return rate, rate * seconds / (cpu_of_children() - before)


def by_deja(service, seconds, *more):
    before = cpu_of_children()
    told = json.loads(output_of(os.environ["DEJA"], "load", "--target", service.url, "--op", "get",
                                "--connections", CONNECTIONS, "--duration", f"{seconds}s",
                                "--quiet", "--json", *more))
    used = cpu_of_children() - before
    totals = told["totals"]
    if totals["errors"] or totals["wrong"]:
        raise SystemExit(f"deja load: {totals}")
    return totals["rate"], totals["requests"] / used


def measure(figures, _programs, seconds):
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        service = Service(pathlib.Path(folder, "data"))
        running.callback(service.stop)
        nginx = service_calls.Nginx(folder, service_calls.put_known(service))
        running.callback(nginx.stop)
        by_deja(service, 0.1)  # puts the keys, which is no part of what is compared
        for _ in figures.each_round("load"):
            _, most = by_wrk(nginx, seconds)
            rate, _ = by_wrk(service, seconds)
            own_rate, own = by_deja(service, seconds, "--no-fill")
            figures.add("load: Gets that a core of the harness drives", "/s", own, "wrk at nginx",
                        most, at_least=0.6)
            figures.add(f"load: Gets at {CONNECTIONS} of the same service", "/s", own_rate, "wrk",
                        rate)
