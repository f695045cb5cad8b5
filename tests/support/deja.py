"""The built program, for tests from outside: DEJA in the environment is its path."""

import http.client
import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import time
import unittest

DEJA = os.environ.get("DEJA", "deja")
SERVICE = "/flyteidl2.cacheservice.v2.CacheService/"


def until(condition, what, seconds=20):
    """Waits for a condition of the outside world."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        select.select([], [], [], 0.005)
    return value


class Service:
    """A `deja serve`, on a free port where none is given; `env` is what its environment has more."""

    def __init__(self, data, *options, port=0, env=None):
        port_file = pathlib.Path(f"{data}.port")
        port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [DEJA, "serve", "--listen", f"127.0.0.1:{port}", "--data", str(data), "--port-file",
             str(port_file), *options], stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(env or {})})
        until(lambda: port_file.exists() or self.process.poll() is not None, "service starts")
        if self.process.poll() is not None:
            raise AssertionError(f"the service ended at once: {self.process.stderr.read()}")
        self.port = int(port_file.read_text())
        self.url = f"http://127.0.0.1:{self.port}"

    def call(self, method, base, scope=None, connection=None):
        """One call in JSON: (HTTP status, answer)."""
        own = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = {"baseRequest": base, "identifier": scope or {"project": "p", "domain": "d"}}
        own.request("POST", SERVICE + method, json.dumps(body), {"Content-Type": "application/json"})
        answer = own.getresponse()
        told = answer.status, json.loads(answer.read())
        if connection is None:
            own.close()
        return told

    def extension(self, method, request):
        """One call of deja.v1: its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("POST", "/deja.v1.CacheService/" + method, json.dumps(request),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = json.loads(answer.read())
        connection.close()
        if answer.status != 200:
            raise AssertionError(f"{method}: {answer.status} {told}")
        return told

    def put(self, key, uri, **more):
        return self.call("Put", {"key": key, "output": {"outputUri": uri, "metadata": {}}, **more})

    def stop(self):
        """SIGTERM; its exit status and how long it took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=20)
        self.process.stderr.close()
        return status, time.monotonic() - start

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


class Case(unittest.TestCase):
    """A test in a temporary folder of its own, `self.folder`."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.data = self.folder / "data"
        self.work = self.folder / "work"
        self.work.mkdir()

    def service(self, *options):
        service = Service(self.data, *options)
        self.addCleanup(lambda: service.process.poll() is None and service.kill())
        return service

    def deja(self, *arguments, status=0, **options):
        """Runs the program in the work folder and checks its exit status."""
        options.setdefault("cwd", self.work)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DEJA")}
        environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        environment.update(options.pop("env", {}))
        done = subprocess.run([DEJA, *map(str, arguments)], capture_output=True, text=True,
                              timeout=60, env=environment, **options)
        self.assertEqual(done.returncode, status, f"{arguments}: {done.stdout}{done.stderr}")
        return done

    def assert_one_line(self, text, *parts):
        """One line of Deja's own, with these words in it."""
        lines = text.strip().split("\n")
        self.assertEqual(len(lines), 1, text)
        self.assertTrue(lines[0].startswith("deja: "), text)
        for part in parts:
            self.assertIn(str(part), lines[0])
