"""`deja serve` from outside, in good and in bad times."""

import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import SERVICE, Case, Service, until


class Starting(Case):
    def test_wrong_flags_and_commands_are_usage_errors(self):
        self.assert_one_line(self.deja("serv", status=2).stderr, "serv")
        self.assert_one_line(self.deja("serve", "--lisen", "x", status=2).stderr, "--lisen")
        self.assert_one_line(self.deja("serve", "--listen", "nowhere", status=2).stderr, "nowhere")
        for flag, wrong in ("--synchronous", "off"), ("--hot-bytes", "much"):
            told = self.deja("serve", "--data", self.data, flag, wrong, status=2).stderr
            self.assert_one_line(told, flag, wrong)

    def test_a_port_in_use_is_told(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            told = self.deja("serve", "--listen", address, "--data", self.data, status=1)
        self.assertIn(address, told.stderr)

    def test_a_data_folder_that_cannot_be_made_is_told(self):
        (self.folder / "file").write_text("")
        told = self.deja("serve", "--listen", "127.0.0.1:0", "--data", self.folder / "file/data",
                         status=1)
        self.assertIn("file/data", told.stderr)

    def test_a_file_that_is_no_database_is_told_and_left_alone(self):
        service = self.service()
        service.stop()
        index = self.data / "index.sqlite"
        for stale in self.data.glob("index.sqlite-*"):
            stale.unlink()
        index.write_bytes(b"these are my holiday notes " * 500)
        told = self.deja("serve", "--listen", "127.0.0.1:0", "--data", self.data, status=1)
        self.assertIn("index.sqlite", told.stderr)
        self.assertEqual(index.read_bytes(), b"these are my holiday notes " * 500)

    def test_two_services_on_one_folder(self):
        self.service()
        told = self.deja("serve", "--listen", "127.0.0.1:0", "--data", self.data, status=1)
        self.assertIn("data", told.stderr)


class OneIndex(Case):
    """A service on an index file that has other names, which it must have alone."""

    def setUp(self):
        super().setUp()
        self.deja("put", "k", "--uri", "s3://b/1", "--data", self.data)
        self.index = self.data / "index.sqlite"

    def serve(self, index):
        service = Service(self.folder / "other", "--index", f"sqlite:{index}")
        self.addCleanup(lambda: service.process.poll() is None and service.kill())
        return service

    def assert_refused(self, done):
        self.assert_one_line(done.stderr, "index.sqlite.lock", "held by another process")

    def test_commands_on_the_folder_that_it_lies_in(self):
        service = self.serve(self.index)
        self.assert_refused(self.deja("get", "k", "--data", self.data, status=1))
        self.assert_refused(self.deja("rm", "k", "--data", self.data, status=1))
        self.assert_refused(self.deja("ls", "--data", self.data, status=1))
        self.assert_refused(self.deja("gc", "--data", self.data, status=1))
        service.stop()
        self.deja("get", "k", "--data", self.data)

    def test_commands_and_services_that_name_it_otherwise(self):
        link = self.folder / "link"
        link.symlink_to(self.index)
        self.serve(link)
        for name in (self.index, link, os.path.relpath(self.index, self.work)):
            self.assert_refused(self.deja("gc", "--index", f"sqlite:{name}", "--store",
                                          f"file://{self.folder}/store", status=1))

    def test_a_service_on_the_folder(self):
        self.service()
        self.assert_refused(self.deja("serve", "--listen", "127.0.0.1:0", "--data",
                                      self.folder / "other", "--index", f"sqlite:{self.index}",
                                      status=1))
        self.deja("get", "k", "--data", self.data)


class ServiceCase(Case):
    def request(self, service, method, path, body=b"", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
        self.addCleanup(connection.close)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers


class Serving(ServiceCase):
    def test_sigterm_ends_it_in_peace(self):
        service = self.service()
        idle = socket.create_connection(("127.0.0.1", service.port))
        self.addCleanup(idle.close)
        status, seconds = service.stop()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 5)

    def test_entries_and_reservations_survive_a_restart(self):
        service = self.service()
        self.assertEqual(service.put("k", "s3://b/1")[0], 200)
        lease = {"key": "r", "ownerId": "me", "heartbeatInterval": "5s"}
        self.assertEqual(service.call("GetOrExtendReservation", lease)[0], 200)
        service.stop()
        service = self.service()
        status, answer = service.call("Get", {"key": "k"})
        self.assertEqual((status, answer["output"]["outputUri"]), (200, "s3://b/1"))
        status, answer = service.call("GetOrExtendReservation", {**lease, "ownerId": "you"})
        self.assertEqual((status, answer["reservation"]["ownerId"]), (200, "me"))

    def test_no_acknowledged_put_is_lost_by_kill_9(self):
        for _ in range(3):
            service = self.service()
            acknowledged = []

            def write(name):
                connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
                try:
                    for i in range(100000):
                        put = {"key": f"{name}-{i}", "output": {"outputUri": f"u/{name}/{i}"}}
                        if service.call("Put", put, connection=connection)[0] == 200:
                            acknowledged.append((f"{name}-{i}", f"u/{name}/{i}"))
                except (OSError, http.client.HTTPException):
                    return  # it was killed

            writers = [threading.Thread(target=write, args=(f"{service.port}-{n}",)) for n in range(8)]
            for writer in writers:
                writer.start()
            until(lambda: len(acknowledged) > 300, "300 puts")
            service.kill()
            for writer in writers:
                writer.join()
            service = self.service()
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
            for key, uri in acknowledged:
                status, answer = service.call("Get", {"key": key}, connection=connection)
                self.assertEqual((status, answer["output"]["outputUri"]), (200, uri))
            connection.close()
            service.stop()

    def test_a_put_waits_for_the_disk_unless_that_is_declined(self):
        for synchronous in ("full", "normal"):
            service = self.service("--synchronous", synchronous)
            service.put(f"first {synchronous}", "s3://x")  # a new log is begun in either case
            traced = subprocess.Popen(["strace", "-f", "-p", str(service.process.pid), "-e",
                                       "trace=fdatasync,fsync"], stderr=subprocess.PIPE, text=True)
            self.assertIn("attached", traced.stderr.readline())
            self.assertEqual(service.put(f"second {synchronous}", "s3://x")[0], 200)
            traced.terminate()
            self.assertEqual("sync(" in traced.communicate()[1], synchronous == "full")
            service.stop()

    def test_a_database_that_cannot_grow_loses_nothing(self):
        if os.geteuid() != 0:
            self.skipTest("disk full: mounting a small file system needs root")
        self.data.mkdir()
        if os.system(f"mount -t tmpfs -o size=1m none {self.data}") != 0:
            self.skipTest("disk full: mounting is not allowed here")
        self.addCleanup(os.system, f"umount -l {self.data}")
        service = self.service()
        stored, refused = [], None
        for i in range(100):
            status, answer = service.put(f"k{i}", "x" * 50000)
            if status != 200:
                refused = answer
                break
            stored.append(f"k{i}")
        self.assertIsNotNone(refused, "a megabyte held five")
        self.assertEqual(refused["code"], "resource_exhausted", refused)
        for key in stored:
            self.assertEqual(service.call("Get", {"key": key})[0], 200)
        self.assertEqual(service.stop()[0], 0)

    def test_bad_requests_have_an_answer_each(self):
        service = self.service()
        get = SERVICE + "Get"
        json_type = {"content_type": "application/json"}
        for status, code, request in [
            (404, "unimplemented", ("POST", SERVICE + "Nothing", b"{}", json_type)),
            (404, None, ("POST", "/nowhere", b"{}", json_type)),
            (405, None, ("PUT", get, b"{}", json_type)),
            (415, None, ("POST", get, b"{}", {"content_type": "text/plain"})),
            (400, "invalid_argument", ("POST", get, b'{"baseRequest":', json_type)),
            (400, "invalid_argument", ("POST", get, b'{"baseRequest":{"key":7}}', json_type)),
            (400, "invalid_argument", ("POST", get, b"\x0a\xff", {"content_type": "application/proto"})),
            (400, "invalid_argument", ("POST", get, b"", {"content_type": "application/proto"})),
            (400, "invalid_argument", ("POST", get, json.dumps(
                {"baseRequest": {"key": "k" * 1025}}).encode(), json_type)),
            (429, "resource_exhausted", ("POST", get, b" " * (4 * 2**20 + 1), json_type)),
            (501, "unimplemented", ("POST", get, b"{}", {**json_type, "content_encoding": "br"})),
        ]:
            method, path, body, headers = request
            with self.subTest(path=path, body=body[:40], headers=headers):
                answer = self.request(service, method, path, body, **headers)
                if status == 429:  # HTTP's own status for a body over the limit does as well
                    self.assertIn(answer[0], (413, 429))
                else:
                    self.assertEqual(answer[0], status, answer)
                if code and status != 404:
                    told = json.loads(answer[1])
                    self.assertEqual(told["code"], code)
                    self.assertTrue(told["message"])
        self.assertEqual(self.request(service, "GET", "/healthz")[0], 200)
        self.assertEqual(self.request(service, "GET", "/readyz")[0], 200)
        status, _, headers = self.request(service, "PUT", get)
        self.assertIn("POST", headers["Allow"])
        status, _, _ = self.request(service, "POST", get, b"{}", **json_type, x="y" * 20000)
        self.assertEqual(status, 431)

    def test_of_simultaneous_puts_one_is_stored(self):
        service = self.service()
        for round in range(10):
            outcomes = []
            putters = [threading.Thread(target=lambda n=n: outcomes.append(
                (service.put(f"k{round}", f"u/{n}"), f"u/{n}"))) for n in range(8)]
            for putter in putters:
                putter.start()
            for putter in putters:
                putter.join()
            stored = [uri for (status, _), uri in outcomes if status == 200]
            self.assertEqual(len(stored), 1, outcomes)
            self.assertEqual({answer["code"] for (status, answer), _ in outcomes if status != 200},
                             {"already_exists"})
            _, found = service.call("Get", {"key": f"k{round}"})
            self.assertEqual(found["output"]["outputUri"], stored[0])

    def test_access_tokens(self):
        tokens = self.folder / "tokens"
        tokens.write_text("# ours\nfirst-token\nsecond-token\n")
        service = self.service("--tokens", tokens)
        json_type = {"content_type": "application/json"}
        get = SERVICE + "Get"
        body = json.dumps({"baseRequest": {"key": "k"}}).encode()
        for status, headers in [(401, {}), (401, {"authorization": "Bearer wrong"}),
                                (401, {"authorization": "Basic first-token"}),
                                (404, {"authorization": "Bearer second-token"})]:
            with self.subTest(headers=headers):
                self.assertEqual(self.request(service, "POST", get, body, **json_type,
                                              **headers)[0], status)
        self.assertEqual(self.request(service, "PUT", content_path(b"x"), b"x")[0], 401)
        self.assertEqual(self.request(service, "GET", "/healthz")[0], 200)
        told = self.deja("run", "--server", service.url, "--require-cache", "--", "true", status=125)
        self.assert_one_line(told.stderr, "token")
        mine = self.folder / "mine"
        mine.write_text("first-token\n")
        self.deja("run", "--server", service.url, "--require-cache", "--", "true",
                  env={"DEJA_TOKEN_FILE": str(mine)})
        (self.folder / "none").write_text("# nothing\n")
        told = self.deja("serve", "--listen", "127.0.0.1:0", "--tokens", self.folder / "none",
                         status=1)
        self.assert_one_line(told.stderr, "none")


def content_path(content):
    return "/cas/sha256/" + hashlib.sha256(content).hexdigest()


class Contents(ServiceCase):
    def test_what_was_put_is_there(self):
        service = self.service()
        for content in (b"", b"small", os.urandom(3 << 20)):
            path = content_path(content)
            self.assertEqual(self.request(service, "HEAD", path)[0], 404)
            self.assertEqual(self.request(service, "GET", path)[0], 404)
            for _ in range(2):
                self.assertEqual(self.request(service, "PUT", path, content)[0], 201)
            status, body, headers = self.request(service, "GET", path)
            self.assertEqual((status, len(body), body == content), (200, len(content), True))
            status, body, headers = self.request(service, "HEAD", path)
            self.assertEqual((status, headers["Content-Length"]), (200, str(len(content))))

    def test_what_it_is_not_called_is_not_stored(self):
        service = self.service()
        status, told, _ = self.request(service, "PUT", content_path(b"this"), b"that")
        self.assertEqual((status, json.loads(told)["code"]), (400, "invalid_argument"))
        self.assertEqual(self.request(service, "GET", content_path(b"this"))[0], 404)
        self.assertEqual([p for p in (self.data / "deja").rglob("*") if p.is_file()], [])
        for name in ("", "x" * 64, "A" * 64, "0" * 63, "../../index.sqlite", "%2e%2e"):
            with self.subTest(name=name):
                self.assertEqual(self.request(service, "PUT", "/cas/sha256/" + name, b"x")[0], 400)
        status, _, headers = self.request(service, "DELETE", content_path(b"x"))
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD, PUT"))

    def test_damaged_contents_are_never_sent_whole(self):
        service = self.service()
        for content in (b"small", os.urandom(3 << 20)):
            path = content_path(content)
            self.request(service, "PUT", path, content)
            [blob] = [p for p in (self.data / "deja").rglob(path[-64:]) if p.is_file()]
            blob.chmod(0o600)
            blob.write_bytes(content[:-1] + b"?")
            try:
                status, body, _ = self.request(service, "GET", path)
                self.assertEqual((status, json.loads(body)["code"]), (500, "data_loss"))
            except http.client.IncompleteRead as cut:
                self.assertLess(len(cut.partial), len(content))
            self.assertEqual(self.request(service, "GET", path)[0], 404)  # it heals with a put
            self.assertEqual(self.request(service, "PUT", path, content)[0], 201)
            self.assertEqual(self.request(service, "GET", path)[1], content)

    def test_a_client_that_goes_leaves_nothing(self):
        service = self.service()
        content = os.urandom(3 << 20)
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.sendall(f"PUT {content_path(content)} HTTP/1.1\r\nHost: x\r\n"
                           f"Content-Length: {len(content)}\r\n\r\n".encode() + content[:1 << 20])
        until(lambda: not [p for p in (self.data / "deja").rglob("*") if p.is_file()],
              "the half content is gone")
        self.assertEqual(self.request(service, "GET", content_path(content))[0], 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
