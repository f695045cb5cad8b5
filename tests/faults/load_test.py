"""`deja load` from outside: against a real `deja serve`, and against services that stall, lie, die."""

import contextlib
import http.server
import json
import os
import re
import resource
import signal
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import DEJA, Case, Service, until

EVERYTHING = "get=20,miss=10,put=10,put-again=10,overwrite=20,reserve=20,memoize=5,wait=5"


class Load(Case):
    def load(self, url, *arguments, status=0, **options):
        """Runs it, and gives its result and what it told."""
        done = self.deja("load", "--target", url, "--json", *arguments, status=status, **options)
        return json.loads(done.stdout), done.stderr

    def start(self, url, *arguments):
        """A run that goes on meanwhile."""
        process = subprocess.Popen([DEJA, "load", "--target", url, "--json", *arguments],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def refused(self, *arguments):
        """A wrong flag: one line, status 2."""
        done = self.deja("load", *arguments, status=2)
        self.assertEqual(done.stdout, "")
        return done.stderr


class OnDeja(Load):
    def setUp(self):
        super().setUp()
        self.served = self.service()

    def check_sums(self, run):
        totals, seconds = run["totals"], run["seconds"]
        self.assertEqual(totals["requests"],
                         totals["ok"] + totals["wrong"] + sum(totals["errors"].values()))
        for name in ("requests", "ok", "wrong", "due", "bytes_sent", "bytes_received"):
            self.assertEqual(sum(one[name] for one in seconds), totals[name], name)
        for one in run["latency"].values():
            self.assertEqual(sum(count for _, count in one["buckets"]), one["count"])
            uppers = [upper for upper, _ in one["buckets"]]
            self.assertEqual(uppers, sorted(uppers))
            self.assertLessEqual(one["min"], one["p50"])
            self.assertLessEqual(one["p50"], one["p99"])
            self.assertLessEqual(one["p99"], one["max"])

    def test_everything_at_once_is_right(self):
        for form in ("proto", "json"):
            run, _ = self.load(self.served.url, "--mix", EVERYTHING, "--duration", "2s",
                               "--keys", "50", "--connections", "8", "--threads", "2", "--encoding",
                               form, "--distribution", "zipf:0.99", "--value-size",
                               "uniform:1:3000")
            self.assertEqual(run["totals"]["wrong"], 0, run["violations"])
            self.assertEqual(run["totals"]["errors"], {})
            self.assertEqual(set(run["latency"]),
                             {"all"} | {one.split("=")[0] for one in EVERYTHING.split(",")})
            self.assertGreater(run["totals"]["ok"], 100)
            self.check_sums(run)
        self.assertEqual(run["service"], {"name": "deja", "extension": True,
                                          "local_pid": self.served.process.pid})
        self.assertGreater(run["cpu"]["service"], 0)
        self.assertGreater(run["service_rss"], 1 << 20)

    def test_many_keys_a_request(self):
        run, _ = self.load(self.served.url, "--mix", "get=2,miss=1,put=1,overwrite=1,reserve=1",
                           "--batch", "20", "--duration", "1s", "--keys", "1000")
        self.assertEqual(run["totals"]["wrong"], 0, run["violations"])
        self.assertEqual(run["totals"]["errors"], {})
        self.assertGreater(run["totals"]["ok"], 20)

    def test_the_embedded_catalog(self):
        for more in ([], ["--rate", "20"]):
            run, _ = self.load(self.served.url, "--op", "async", "--batch", "10", "--connections",
                               "3", "--duration", "1s", *more)
            self.assertEqual(run["totals"]["wrong"], 0, run["violations"])
            self.assertEqual(run["totals"]["errors"], {})
            self.assertGreater(run["totals"]["ok"], 4)
            self.assertEqual(set(run["latency"]), {"all", "upload", "download"})
            self.check_sums(run)

    def test_a_rate_is_kept(self):
        for arrivals in ("fixed", "poisson"):
            run, _ = self.load(self.served.url, "--op", "get", "--rate", "200", "--duration", "2s",
                               "--arrivals", arrivals, "--keys", "100")
            self.assertEqual(run["settings"]["loop"], "open")
            # A machine that is busy may leave a few unmade.
            self.assertLess(abs(run["totals"]["due"] - run["totals"]["requests"]), 20)
            # 20 is the deviation of 400 at random.
            self.assertLess(abs(run["totals"]["due"] - 400), 1 if arrivals == "fixed" else 120)
            self.check_sums(run)

    def test_steps_are_phases(self):
        run, _ = self.load(self.served.url, "--op", "miss", "--steps", "50:1s,200:1s",
                           "--arrivals", "fixed")
        self.assertEqual([(one["from_s"], one["to_s"], one["rate"]) for one in run["phases"]],
                         [(0, 1, 50), (1, 2, 200)])
        self.assertEqual(run["totals"]["due"], 250)
        self.assertLess(250 - run["totals"]["requests"], 20)
        self.assertLess(run["phases"][0]["achieved"], 100)
        self.assertGreater(run["phases"][1]["achieved"], 120)

    def test_a_rate_that_cannot_be_met_is_told(self):
        run, told = self.load(self.served.url, "--op", "put", "--connections", "1", "--rate",
                              "1000000", "--duration", "1s")
        self.assertLess(run["totals"]["requests"], run["totals"]["due"])
        self.assertTrue(any("could not be met" in one for one in run["warnings"]))
        self.assertIn("could not be met", told)
        # Those at the end were due long before.
        self.assertGreater(run["latency"]["all"]["p50"], 100_000)

    def test_the_limit_is_looked_for(self):
        run, _ = self.load(self.served.url, "--op", "get", "--find-limit", "--goal", "p50=1s",
                           "--duration", "200ms", "--keys", "100")
        self.assertEqual(run["goal"]["goal"], "p50=1s")
        self.assertGreater(len(run["goal"]["probes"]), 1)
        self.assertEqual(len(run["phases"]), len(run["goal"]["probes"]) + 1)

    def test_a_seed_repeats_the_population(self):
        self.load(self.served.url, "--duration", "100ms", "--keys", "100", "--seed", "5")
        run, _ = self.load(self.served.url, "--duration", "100ms", "--keys", "100", "--seed", "5",
                           "--no-fill")
        self.assertEqual(run["totals"]["wrong"], 0)
        run, _ = self.load(self.served.url, "--duration", "100ms", "--keys", "100", "--seed", "6",
                           "--no-fill", status=1)
        self.assertEqual(run["totals"]["wrong"], run["totals"]["requests"])

    def test_the_table_the_files_and_the_lines_meanwhile(self):
        result, history = self.folder / "result.json", self.folder / "history.jsonl"
        done = self.deja("load", "--target", self.served.url, "--mix", "get=1,put=1", "--duration",
                         "1100ms", "--keys", "10", "--output", result, "--history", history)
        self.assertIn("latency", done.stdout)
        self.assertIn("put", done.stdout)
        self.assertIn("keys put", done.stderr)
        self.assertIn("p99", done.stderr)
        run = json.loads(result.read_text())
        lines = [json.loads(line) for line in history.read_text().splitlines()]
        self.assertEqual(len(lines), run["totals"]["requests"] + 10)
        self.assertEqual({one["kind"] for one in lines}, {"get", "put"})
        for one in lines:
            self.assertLessEqual(one["called"], one["returned"])

    def test_a_slow_rate_takes_its_time(self):
        run, _ = self.load(self.served.url, "--op", "miss", "--rate", "1", "--arrivals", "fixed",
                           "--duration", "1900ms")
        self.assertEqual(run["totals"]["requests"], 2)
        self.assertGreaterEqual(run["totals"]["duration_s"], 1.9)

    def test_a_result_that_cannot_be_written(self):
        run = ["load", "--target", self.served.url, "--duration", "100ms", "--keys", "10"]
        with open("/dev/full", "w") as full:
            done = subprocess.run([DEJA, *run, "--json"], stdout=full, stderr=subprocess.PIPE,
                                  text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write to standard output", done.stderr)
        for flag in ("--output", "--report"):
            told = self.deja(*run, flag, self.folder / "none" / "file", status=2).stderr
            self.assert_one_line(told, flag, self.folder / "none")
        # The run is told of all the same.
        done = self.deja(*run, "--json", "--history", "/dev/full", status=1)
        self.assertGreater(json.loads(done.stdout)["totals"]["ok"], 0)
        self.assertIn("history", done.stderr)

    def test_reports(self):
        runs = [self.folder / f"{n}.json" for n in range(2)]
        page, both = self.folder / "page.html", self.folder / "both.html"
        for run in runs:
            self.load(self.served.url, "--mix", "get=1,put=1", "--duration", "300ms", "--keys",
                      "10", "--output", run, "--report", page)
        self.assertIn("<svg", page.read_text())
        self.deja("load", "--compare", *runs, "--report", both)
        self.assertIn("<svg", both.read_text())
        self.assert_one_line(self.refused("--compare", *runs), "--report")
        self.assert_one_line(self.refused("--compare", page, "--report", both), "--compare")
        self.assert_one_line(self.refused("--compare", "/none", "--report", both), "/none")

    def test_a_scenario(self):
        file = self.folder / "mine.yaml"
        file.write_text("mix: {get: 1, miss: 1}\nduration: 100ms\nkeys: 10\nconnections: 3\n")
        run, _ = self.load(self.served.url, "--scenario", file, "--connections", "2")
        self.assertEqual((run["name"], run["settings"]["connections"]), ("mine", 2))
        self.assertEqual(run["settings"]["mix"], {"get": 1, "miss": 1})
        file.write_text("conections: 3\n")
        self.assert_one_line(self.refused("--target", self.served.url, "--scenario", file),
                             "conections")
        self.assertIn("workflow", self.deja("load", "--scenario", "list").stdout)

    def test_an_interrupted_run_tells_what_was(self):
        process = self.start(self.served.url, "--op", "get", "--keys", "10", "--duration", "60s")
        until(lambda: "p99" in process.stderr.readline(), "it runs")
        process.send_signal(signal.SIGINT)
        told = json.loads(process.stdout.read())
        self.assertEqual(process.wait(timeout=10), 130)
        self.assertTrue(told["interrupted"])
        self.assertGreater(told["totals"]["ok"], 0)
        self.assertLess(told["totals"]["duration_s"], 30)

    def test_a_service_that_is_killed_and_comes_back(self):
        for rate in ("max", "500"):
            process = self.start(self.served.url, "--mix", "get=8,put=1,overwrite=1", "--keys",
                                 "100", "--duration", "60s", "--rate", rate)
            until(lambda: "errors 0" in process.stderr.readline(), "it runs")
            port = self.served.port
            self.served.kill()
            until(lambda: "errors 0" not in process.stderr.readline(), "it sees that")
            self.served = Service(self.data, port=port)
            self.addCleanup(lambda one=self.served: one.process.poll() is None and one.kill())
            # Two seconds with the same count of errors: it goes on as before.
            counts = [None]

            def goes_on():
                counts.append(re.search(r"errors (\d+)", process.stderr.readline()))
                return counts[-2] and counts[-1] and counts[-2][1] == counts[-1][1]

            until(goes_on, "it sees that it is back")
            process.send_signal(signal.SIGINT)
            told = json.loads(process.stdout.read())
            self.assertEqual(process.wait(timeout=20), 130, told["violations"])
            self.assertEqual(told["totals"]["wrong"], 0)
            self.assertGreater(told["totals"]["errors"]["unavailable"], 0)
            self.assertEqual(len(told["outages"]), 1, told["outages"])
            away = told["outages"][0]
            self.assertGreater(away["to_s"], away["from_s"])
            self.assertGreater(away["requests"], 0)
            self.assertGreater(sum(one["ok"] for one in told["seconds"][-2:]), 0)
            self.check_sums(told)


class Wrong(Load):
    """Services that are none, and flags."""

    def test_flags(self):
        url = "http://127.0.0.1:1"
        self.assert_one_line(self.refused(), "--target")
        self.assert_one_line(self.refused("--target", url, "--connections", "0"), "--connections",
                             '"0"', "10000")
        self.assert_one_line(self.refused("--target", url, "--mix", "get=1,pet=2"), "pet=2")
        self.assert_one_line(self.refused("--target", "http://192.0.2.1:80"), "--yes-remote")
        self.assert_one_line(self.refused("--target", url, "--token-file", "/none"), "/none")
        self.assert_one_line(self.refused("--target", url, "--conections", "5"), "--conections")
        few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
        told = self.deja("load", "--target", url, "--connections", "150", status=2, preexec_fn=few)
        self.assert_one_line(told.stderr, "--connections", "150", "200")

    def failed(self, *arguments, **options):
        done = self.deja("load", "--target", *arguments, status=1, **options)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_no_service(self):
        with socket.socket() as held:  # it does not listen
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
            self.assert_one_line(self.failed(f"http://127.0.0.1:{port}"), port, "could not reach")
        quickly = {"RES_OPTIONS": "timeout:1 attempts:1"}
        self.assert_one_line(self.failed("http://no-such-host.invalid", env=quickly),
                             "no-such-host.invalid")
        self.assert_one_line(self.failed(f"unix:{self.folder}/none"), "could not reach")

    def test_another_service(self):
        class Page(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        told = self.failed(f"http://127.0.0.1:{server.server_port}")
        self.assert_one_line(told, "no cache service", "404")
        told = self.failed(f"https://127.0.0.1:{server.server_port}")
        self.assert_one_line(told, "TLS")

    def test_tokens(self):
        tokens, right, wrong = (self.folder / name for name in ("tokens", "right", "wrong"))
        tokens.write_text("sesame\n")
        right.write_text("sesame\n")
        wrong.write_text("barley\n")
        url = self.service("--tokens", str(tokens)).url
        self.assert_one_line(self.failed(url), "wants an access token", "--token-file")
        self.assert_one_line(self.failed(url, "--token-file", wrong), "does not take")
        for arguments, more in ((("--token-file", right), {}), ((), {"DEJA_TOKEN_FILE": str(right)})):
            run, _ = self.load(url, "--duration", "100ms", "--keys", "10", *arguments, env=more)
            self.assertGreater(run["totals"]["ok"], 0)


class Fake(socketserver.StreamRequestHandler):
    """A cache service of one process; what it does is up to the server's class."""

    def handle(self):
        while True:
            line = self.rfile.readline()
            if not line:
                return
            length = 0
            while (header := self.rfile.readline().strip()):
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            request = json.loads(self.rfile.read(length))
            status, answer = self.server.answer(line.split()[1].decode().rpartition("/")[2], request)
            body = json.dumps(answer).encode()
            self.wfile.write(b"HTTP/1.1 %d x\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
                             % (status, self.server.content_type, len(body), body))


class FakeService(socketserver.ThreadingTCPServer):
    """Flyte's calls alone, in memory, in JSON."""

    daemon_threads = True
    allow_reuse_address = True
    content_type = b"application/json"

    def __init__(self):
        self.connections, self.closing = [], threading.Event()
        super().__init__(("127.0.0.1", 0), Fake)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.entries, self.owners, self.lock = {}, {}, threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    def answer(self, method, request):
        if "baseRequest" not in request:
            return 404, {}
        base = request["baseRequest"]
        key = base["key"]
        with self.lock:
            if method == "Get":
                if key not in self.entries:
                    return 404, {"code": "not_found", "message": "none"}
                return 200, {"output": self.entries[key]}
            if method == "Put":
                if key in self.entries and not base.get("overwrite"):
                    return 409, {"code": "already_exists", "message": "there"}
                self.entries[key] = base["output"]
                return 200, {}
            if method == "GetOrExtendReservation":
                return 200, {"reservation": {"ownerId": self.reserve(key, base["ownerId"])}}
            self.owners.pop(key, None)
            return 200, {}

    def reserve(self, key, owner):
        return self.owners.setdefault(key, owner)

    def get_request(self):
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def leave(self):
        """It is not to be reached any more."""
        self.close()
        for one in self.connections:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.closing.set()
        self.shutdown()
        self.server_close()
        self.thread.join()


class Stalling(FakeService):
    """Does nothing for 200 ms in each second, and knows when."""

    def __init__(self):
        self.begun = time.monotonic()
        super().__init__()

    def answer(self, method, request):
        into = (time.monotonic() - self.begun) % 1
        if into > 0.8:
            self.closing.wait(1 - into)
        return super().answer(method, request)


class Lying(FakeService):
    def __init__(self):
        self.count = 0
        super().__init__()

    def answer(self, method, request):
        status, answer = super().answer(method, request)
        self.count += 1
        if method == "Get" and status == 200 and self.count % 10 == 0:
            answer = {"output": {"outputUri": answer["output"]["outputUri"][:-1] + "!"}}
        return status, answer

    def reserve(self, key, owner):
        return owner  # everyone may have it


class Encrypted(FakeService):
    def __init__(self, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        super().__init__()
        self.url = self.url.replace("http", "https")

    def get_request(self):
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True), address


class OnFakes(Load):
    def fake(self, kind):
        service = kind()
        self.addCleanup(service.close)
        return service

    def test_a_stall_shows_in_the_percentiles(self):
        url = self.fake(Stalling).url
        run, _ = self.load(url, "--op", "get", "--encoding", "json", "--rate", "200", "--duration",
                           "5s", "--connections", "4", "--keys", "20", "--arrivals", "fixed")
        self.assertEqual(run["totals"]["wrong"], 0)
        self.assertFalse(run["service"]["extension"])
        # A fifth of all was due in a stall, and waited 100 ms on average.
        self.assertGreater(run["latency"]["all"]["p90"], 50_000)
        self.assertGreater(run["latency"]["all"]["p99"], 150_000)
        self.assertLess(run["latency"]["all"]["p50"], 100_000)
        stalled = [one for one in run["seconds"] if one["p99"] > 100_000]
        self.assertGreaterEqual(len(stalled), 3)
        # Four connections that wait for their answers hide it: 4 in 1000 met it.
        open_loop = run["latency"]["all"]["p90"]
        run, _ = self.load(url, "--op", "get", "--encoding", "json", "--duration", "2s",
                           "--connections", "4", "--keys", "20", "--no-fill")
        self.assertLess(run["latency"]["all"]["p90"], open_loop / 2)

    def test_a_rate_without_a_service_is_not_made(self):
        service = self.fake(FakeService)
        process = self.start(service.url, "--op", "miss", "--encoding", "json", "--rate", "200",
                             "--duration", "60s", "--arrivals", "fixed", "--connections", "2")
        until(lambda: "errors 0" in process.stderr.readline(), "it runs")
        service.leave()
        for _ in range(3):
            until(lambda: "errors 0" not in process.stderr.readline(), "it sees that")
        process.send_signal(signal.SIGINT)
        totals = json.loads(process.stdout.read())["totals"]
        self.assertEqual(process.wait(timeout=10), 130)
        self.assertGreater(totals["unsent"], 100)
        self.assertLess(totals["rate"] * totals["duration_s"],
                        totals["requests"] - totals["unsent"] + 20)

    def test_nothing_is_due_after_a_stop(self):
        class Mute(FakeService):
            asked = 0

            def answer(self, method, request):
                if self.asked > 10:
                    self.closing.wait()
                self.asked += 1
                return super().answer(method, request)

        process = self.start(self.fake(Mute).url, "--op", "miss", "--encoding", "json", "--rate",
                             "1000", "--duration", "60s", "--arrivals", "fixed")
        until(lambda: "errors 0" in process.stderr.readline(), "it runs")
        process.send_signal(signal.SIGINT)
        totals = json.loads(process.stdout.read())["totals"]
        process.wait(timeout=10)
        # The last answers are waited for, half a second.
        self.assertLess(totals["due"], 1000 * (totals["duration_s"] - 0.25))

    def test_the_keys_are_not_put_on_and_on(self):
        class Full(FakeService):
            puts = 0

            def answer(self, method, request):
                if method == "Put":
                    self.puts += 1
                    return 429, {"code": "resource_exhausted", "message": "full \x1b[31m"}
                return super().answer(method, request)

        service = self.fake(Full)
        told = self.deja("load", "--target", service.url, "--encoding", "json", "--connections",
                         "3", status=1).stderr
        self.assertIn("only 0 of 10000 keys could be put: resource_exhausted: full \\x1b", told)
        self.assertLessEqual(service.puts, 3)

    def test_what_a_service_tells_is_made_readable(self):
        class Odd(FakeService):
            def answer(self, method, request):
                if method == "Put":
                    self.content_type = b"odd/\xff"
                return super().answer(method, request)

        run, _ = self.load(self.fake(Odd).url, "--op", "put", "--encoding", "json",
                              "--duration", "100ms", status=1)
        self.assertIn("\N{REPLACEMENT CHARACTER}", run["violations"][0]["what"])

    def test_wrong_answers_are_found(self):
        url = self.fake(Lying).url
        run, told = self.load(url, "--mix", "get=1,reserve=1", "--encoding", "json", "--duration",
                              "1s", "--connections", "8", "--keys", "3", status=1)
        self.assertGreater(run["totals"]["wrong"], 10)
        what = "\n".join(one["what"] for one in run["violations"])
        self.assertIn("another value", what)
        self.assertIn("two owners", what)
        self.assertLessEqual(len(run["violations"]), 100)

    def test_a_service_with_flytes_calls_alone(self):
        url = self.fake(FakeService).url
        run, _ = self.load(url, "--mix", "get=4,miss=1,put=1,put-again=1,overwrite=1,reserve=1,"
                           "memoize=1", "--encoding", "json", "--duration", "1s", "--keys", "20",
                           "--connections", "4")
        self.assertEqual(run["totals"]["wrong"], 0, run["violations"])
        self.assertEqual(run["totals"]["errors"], {})
        told = self.deja("load", "--target", url, "--batch", "5", "--op", "get", status=1).stderr
        self.assert_one_line(told, "--batch 5", "deja.v1")

    def test_an_encrypted_service(self):
        certificate = self.folder / "both.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                        certificate, "-out", self.folder / "cert.pem", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                       capture_output=True)
        with certificate.open("a") as both:
            both.write((self.folder / "cert.pem").read_text())
        url = self.fake(lambda: Encrypted(certificate)).url
        run, _ = self.load(url, "--mix", "get=2,put=1", "--encoding", "json", "--duration", "500ms",
                           "--connections", "3", "--keys", "20", "--value-size", "fixed:50000",
                           env={"SSL_CERT_FILE": str(self.folder / "cert.pem")})
        self.assertEqual(run["totals"]["wrong"], 0, run["violations"])
        self.assertEqual(run["totals"]["errors"], {})
        self.assertGreater(run["totals"]["ok"], 10)
        told = self.deja("load", "--target", url, status=1).stderr
        self.assert_one_line(told, "certificate is not trusted")

    def test_a_service_that_never_answers(self):
        class Silent(FakeService):
            def answer(self, method, request):
                if "zz" not in self.entries and method == "Put":
                    self.entries["zz"] = 1
                if method == "Put" and len(self.entries) > 5:
                    self.closing.wait()
                return super().answer(method, request)

        url = self.fake(Silent).url
        run, _ = self.load(url, "--op", "put", "--encoding", "json", "--duration", "1s",
                           "--connections", "2", "--timeout", "300ms")
        self.assertGreater(run["totals"]["errors"]["deadline_exceeded"], 1)
        self.assertGreater(run["latency"]["all"]["max"], 300_000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
