"""How soon a waiter hears of a put: from the put's answer to the answer of the wait."""

import contextlib
import http.client
import json
import pathlib
import statistics
import tempfile
import threading
import time

from deja import Service, until
from postgres import Postgres

WAITS = 200


class Client:
    """Calls of `deja.v1`, in JSON, on one connection."""

    def __init__(self, service):
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
        self.connection.connect()

    def call(self, method, body):
        self.connection.request("POST", f"/deja.v1.CacheService/{method}", json.dumps(body),
                                {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        told = json.loads(answer.read())
        if answer.status != 200:
            raise SystemExit(f"{method}: {answer.status} {told}")
        return told


def times_of(waiting_at, putting_at, name):
    """The times of so many waits at one service for puts at the same or another, in ms."""
    waiter, watcher, putter = Client(waiting_at), Client(waiting_at), Client(putting_at)
    times = []
    for number in range(WAITS):
        key = {"project": "project", "domain": "development", "key": f"{name} {number}"}
        heard = []

        def wait():
            told = waiter.call("Wait", {"key": key, "entryOnly": True, "timeout": "10s"})
            heard.append((time.perf_counter(), told["event"]))

        thread = threading.Thread(target=wait)
        thread.start()
        until(lambda: watcher.call("Statistics", {}).get("waiters") == "1", "the waiter waits")
        putter.call("Put", {"items": [{"key": key, "output": {"outputUri": "s3://bucket/object"}}]})
        put = time.perf_counter()
        thread.join()
        if heard[0][1] != "WAIT_EVENT_ENTRY":
            raise SystemExit(f"a waiter heard {heard[0][1]}")
        times.append(max(0, heard[0][0] - put) * 1e3)
    return sorted(times)


def add(figures, where, times, most):
    figures.add(f"wait: {where}, p50", "ms", statistics.median(times))
    figures.add(f"wait: {where}, p99", "ms", times[len(times) * 99 // 100], at_most=most)


def measure(figures, _programs, _seconds):
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        database = Postgres()
        running.callback(database.close)
        database.start()

        def service(name, *options):
            one = Service(pathlib.Path(folder, name), *options)
            running.callback(one.stop)
            return one

        alone = service("alone")
        one, other = (service(name, "--index", database.url) for name in ("one", "other"))
        for number in figures.each_round("waits"):
            add(figures, "a put at the same service", times_of(alone, alone, number), 5)
            add(figures, "a put at another replica", times_of(one, other, number), 20)
