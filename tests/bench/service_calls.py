"""Calls of a service by wrk, beside nginx that gives an answer of the same size to the same
requests; puts beside one SQLite writer without HTTP."""

import contextlib
import http.client
import json
import pathlib
import socket
import subprocess
import tempfile

from deja import SERVICE, Service, until
from figures import output_of

HERE = pathlib.Path(__file__).resolve().parent
KEYS = 10_000
KEYS_A_CALL = 64

NGINX = """\
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; location / {{ default_type application/proto; return 200 "{body}"; }} }}
}}
"""


class Nginx:
    """One worker that answers everything with so many bytes."""

    def __init__(self, folder, size):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        configuration = pathlib.Path(folder, "nginx.conf")
        configuration.write_text(NGINX.format(folder=folder, port=port, body="x" * size))
        self.process = subprocess.Popen(["nginx", "-p", folder, "-c", configuration,
                                         "-e", f"{folder}/error.log"])
        self.url = f"http://127.0.0.1:{port}"

        def is_up():
            if self.process.poll() is not None:
                raise SystemExit("nginx did not start")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        until(is_up, "nginx starts")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def key(number):
    """The key of the length of a task's that calls.lua asks for."""
    return f"{7:044d}-aaaaaaaa-bbbbbbbb-{number:043d}-1.0"


def put_known(service):
    """Puts what is asked for; the size of an answer to a Get."""
    source = {"project": "project", "domain": "development", "org": "org", "version": "v1",
              "name": "workflows.training.train_model"}
    scope = {"org": "org", "project": "project", "domain": "development"}
    items = [{"key": scope | {"key": key(number)},
              "output": {"outputUri": f"s3://bucket/metadata/run-{number}/outputs.pb",
                         "metadata": {"sourceIdentifier": source,
                                      "keyMap": {"values": {"execution-name": "e",
                                                            "exec-node": "n0"}}}}}
             for number in range(KEYS)]
    connection = http.client.HTTPConnection("127.0.0.1", service.port)
    for begin in range(0, KEYS, 1000):
        connection.request("POST", "/deja.v1.CacheService/Put",
                           json.dumps({"items": items[begin:begin + 1000]}),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = answer.read()
        if answer.status != 200 or b"error" in told:
            raise SystemExit(f"the entries can't be put: {answer.status} {told[:300]}")
    binary = b"".join(field(at, text.encode()) for at, text in
                      ((1, "org"), (2, "project"), (3, "development")))
    connection.request("POST", SERVICE + "Get",
                       field(1, field(1, key(0).encode())) + field(2, binary),
                       {"Content-Type": "application/proto"})
    answer = connection.getresponse()
    size = len(answer.read())
    if answer.status != 200:
        raise SystemExit(f"an entry that was put is not there: {answer.status}")
    return size


def field(number, content):
    """A member of a message, of less than 128 bytes."""
    return bytes([number * 8 + 2, len(content)]) + content


def load(server, call, connections, seconds, run=0, known=KEYS):
    """So many connections, each with one call under way: the calls a second and their p99 in ms. All
    must succeed, of misses none may."""
    told = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s",
                           HERE / "calls.lua", server.url, "--", call, str(run), str(known)],
                          capture_output=True, text=True)
    name = type(server).__name__
    if server.process.poll() is not None:
        raise SystemExit(f"{name} ended with {server.process.poll()} under {call}")
    if told.returncode != 0:
        raise SystemExit(f"{name}, {call}: {told.stdout}{told.stderr}")
    done = json.loads(told.stdout.splitlines()[-1])
    expected = done["requests"] if call == "miss" else 0
    if done["failed"] != expected or done["broken"]:
        raise SystemExit(f"{name}, {call}: {done}")
    return done["rate"], done["p99_ms"]


def rate(*what, **more):
    return load(*what, **more)[0]


def cpu_seconds(process):
    """The CPU time that its threads have used, to the nanosecond."""
    threads = pathlib.Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def reads(figures, service, nginx, connections, seconds):
    """nginx before and after each, for a machine is not equally fast all the time."""
    at = f"at {connections}"
    before = rate(nginx, "get", connections, seconds)
    for call, words, wanted in (("get", "Get of a hit", 0.85),
                                ("get_json", "Get of a hit in JSON", 0.6),
                                ("miss", "Get of a miss", 0.75)):
        idle = cpu_seconds(service.process)
        calls = rate(service, call, connections, seconds)
        used = cpu_seconds(service.process) - idle
        after = rate(nginx, "get", connections, seconds)
        figures.add(f"http: {words} {at}", "/s", calls, "nginx", (before + after) / 2,
                    at_least=wanted)
        if call == "get":
            figures.add(f"http: CPU of a Get {at}", "us", used / seconds / calls * 1e6, at_most=8)
        before = after


def puts(figures, service, synchronous, wanted, programs, folder, seconds, run):
    limit = float(output_of(programs / "deja_sqlite_bench", folder, seconds, synchronous))
    figures.add(f"http: Put of a new key at 64, {synchronous.upper()}", "/s",
                rate(service, "put", 64, seconds, run), "SQLite in groups of 64", limit,
                at_least=wanted)


def bulk_gets(figures, service, rows_from, wanted, seconds):
    figures.add(f"http: bulk Get of {KEYS_A_CALL} keys at 16, from {rows_from}", "keys/s",
                rate(service, "bulk_get", 16, seconds) * KEYS_A_CALL, at_least=wanted)


def measure(figures, programs, seconds):
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        def start(name, *options):
            one = Service(pathlib.Path(folder, name), *options)
            running.callback(one.stop)
            return one

        service, normal = start("data"), start("normal", "--synchronous", "normal")
        without_hot_rows = start("without-hot-rows", "--hot-bytes", "0")
        put_known(without_hot_rows)
        nginx = Nginx(folder, put_known(service))
        running.callback(nginx.stop)
        for number in figures.each_round("http"):
            for connections in (16, 64):
                reads(figures, service, nginx, connections, seconds)
            puts(figures, service, "full", 0.65, programs, folder, seconds, number)
            puts(figures, normal, "normal", 0.5, programs, folder, seconds, number)
            figures.add("http: GetOrExtendReservation at 64", "/s",
                        rate(service, "reserve", 64, seconds), at_least=40_000)
            bulk_gets(figures, service, "hot rows", 1e6, seconds)
            bulk_gets(figures, without_hot_rows, "SQLite", 4e5, seconds)
