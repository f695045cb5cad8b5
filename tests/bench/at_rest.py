"""What a service takes at rest: memory after its start and after a load, CPU while nobody calls."""

import contextlib
import http.client
import pathlib
import re
import tempfile
import time

import service_calls
from deja import Service, until
from service_calls import KEYS, cpu_seconds

MOST_AT_REST = 25  # megabytes, of memory after the start
MOST_IDLE = 0.05  # percent of a core
IDLE = 10  # seconds
FLUSH = 6  # seconds within which a service begins to record what was used


def memory(service):
    """What of its memory is in use, in megabytes."""
    told = pathlib.Path(f"/proc/{service.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", told)[1]) / 1e3


def cpu_in(service, seconds):
    before = cpu_seconds(service.process)
    time.sleep(seconds)
    return cpu_seconds(service.process) - before


def settle(service):
    """Waits until it has done what was left to do after its start or a load."""
    until(lambda: cpu_in(service, FLUSH) < 2 * FLUSH * MOST_IDLE / 100, "the service rests", 300)


def start(data):
    """A service, and the milliseconds until it is ready."""
    begin = time.perf_counter()
    service = Service(data)
    connection = http.client.HTTPConnection("127.0.0.1", service.port)
    connection.request("GET", "/readyz")
    ready = connection.getresponse().status
    took = (time.perf_counter() - begin) * 1e3
    connection.close()
    if ready != 200:
        service.stop()
        raise SystemExit(f"/readyz answers {ready}")
    return service, took


def add_start(figures, service, took, what):
    figures.add(f"{what}: from the start to ready", "ms", took, at_most=100)
    settle(service)
    figures.add(f"{what}: memory after the start", "MB", memory(service), at_most=MOST_AT_REST)


def add_rest(figures, service, what):
    settle(service)
    figures.add(f"{what}: memory after a load", "MB", memory(service))
    figures.add(f"{what}: CPU at rest", "%", cpu_in(service, IDLE) / IDLE * 100, at_most=MOST_IDLE)


def measure(figures, _programs, seconds):
    what = f"rest, {KEYS:,} entries"
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        data = pathlib.Path(folder, "data")
        service = Service(data)
        running.callback(service.stop)
        service_calls.put_known(service)
        running.close()
        for _ in figures.each_round("rest"):
            with contextlib.ExitStack() as running:
                service, took = start(data)
                running.callback(service.stop)
                add_start(figures, service, took, what)
                service_calls.load(service, "get", 64, seconds)
                add_rest(figures, service, what)
