"""The operator's commands: get, put, rm, ls, show, reservations, stats."""

import http.client
import json
import os
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import Case


class Operator(Case):
    def places(self):
        """The same folder, named in each way that leads to it."""
        yield ["--data", str(self.data)]
        service = self.service()
        yield ["--data", str(self.data)]
        yield ["--server", service.url]

    def lines(self, *arguments):
        return self.deja(*arguments).stdout.splitlines()

    def objects(self, *arguments):
        return [json.loads(line) for line in self.lines(*arguments, "--json")]

    def test_an_entry_is_put_listed_shown_got_and_deleted(self):
        for number, place in enumerate(self.places()):
            key = ["--project", "p", "--domain", "d", f"k{number}"]
            put = ["put", *place, *key, "--uri", "s3://b/x"]
            self.assertEqual(self.lines(*put), ["stored"])
            self.assertEqual(self.objects(*put), [{"status": "already_same"}])
            self.assertEqual(self.lines("get", *place, *key), ["s3://b/x"])
            self.assertEqual(self.objects("get", *place, *key)[0]["outputUri"], "s3://b/x")
            [listed] = self.objects("ls", *place)
            self.assertEqual(listed["key"], {"project": "p", "domain": "d", "key": f"k{number}"})
            [line] = self.lines("ls", *place)
            self.assertTrue(line.endswith(f"  p/d/k{number}"), line)
            [shown] = self.objects("show", *place, *key)
            self.assertEqual(shown["generation"], listed["generation"])
            self.assertIn("output      s3://b/x", self.lines("show", *place, *key))
            self.assertEqual(self.objects("rm", *place, *key), [{"removed": 1}])
            self.assertEqual(self.lines("ls", *place), [])

    def test_what_is_got_can_be_put(self):
        self.deja("run", "--data", self.data, "-o", "a", "--", "sh", "-c", "echo x >a")
        [entry] = self.objects("ls", "--data", self.data)
        name = entry["key"]
        key = [f"--{part}={name[part]}" for part in ("org", "project", "domain") if part in name]
        got = self.deja("get", "--json", "--data", self.data, *key, name["key"]).stdout
        (self.work / "saved").write_text(got)
        self.deja("rm", "--data", self.data, *key, name["key"])
        self.deja("put", "--data", self.data, *key, name["key"], "--output", "saved")
        (self.work / "a").unlink()
        told = self.deja("run", "--explain", "--data", self.data, "-o", "a", "--", "sh", "-c",
                         "echo x >a")
        self.assertIn("hit", told.stderr)
        self.assertEqual((self.work / "a").read_text(), "x\n")

    def test_another_output_stays_unless_it_is_to_be_overwritten(self):
        for number, place in enumerate(self.places()):
            self.deja("put", *place, f"k{number}", "--uri", "s3://b/1")
            refused = self.deja("put", *place, f"k{number}", "--uri", "s3://b/2", status=1)
            self.assert_one_line(refused.stderr, f"k{number}", "--overwrite")
            self.deja("put", *place, f"k{number}", "--uri", "s3://b/2", "--overwrite")
            self.assertEqual(self.lines("get", *place, f"k{number}"), ["s3://b/2"])

    def test_filters_and_limits(self):
        service = self.service()
        for number in range(4):
            service.put(f"k{number}", "s3://x")
        service.call("Put", {"key": "k4", "output": {"outputUri": "s3://x", "metadata": {}}},
                     {"project": "other", "domain": "d"})
        place = ["--server", service.url]
        self.assertEqual(len(self.lines("ls", *place)), 5)
        self.assertEqual(len(self.lines("ls", *place, "--limit", "3")), 3)
        self.assertEqual(len(self.lines("ls", *place, "--project", "other")), 1)
        self.assertEqual(len(self.lines("ls", *place, "--prefix", "k2")), 1)
        self.assertEqual(len(self.lines("ls", *place, "--older-than", "1h")), 0)

    def test_lists_of_many_pages(self):
        service = self.service()
        items = [{"key": {"key": f"k{n}"}, "output": {"outputUri": "s3://x"}} for n in range(1020)]
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
        for part in (items[:510], items[510:]):
            connection.request("POST", "/deja.v1.CacheService/Put", json.dumps({"items": part}),
                               {"Content-Type": "application/json"})
            self.assertEqual(connection.getresponse().read()[:1], b"{")
        connection.close()
        listed = {entry["key"]["key"] for entry in self.objects("ls", "--data", self.data)}
        self.assertEqual(listed, {f"k{n}" for n in range(1020)})
        self.assertEqual(len(self.lines("ls", "--data", self.data, "--limit", "1010")), 1010)

    def test_reservations(self):
        service = self.service()
        service.call("GetOrExtendReservation", {"key": "k", "ownerId": "box/4711/1700000000/ff"})
        [held] = self.objects("reservations", "--server", service.url)
        self.assertEqual(held["reservation"]["ownerId"], "box/4711/1700000000/ff")
        [line] = self.lines("reservations", "--server", service.url)
        self.assertTrue(line.startswith("p/d/k  host box, process 4711, since "), line)
        service.stop()
        self.assertEqual(len(self.lines("reservations", "--data", self.data)), 1)

    def test_control_characters_are_not_printed(self):
        for place in self.places():
            key = "red\x1b[31m\n"
            self.deja("put", *place, key, "--uri", "s3://\x07\u009b", "--overwrite")
            [line] = self.lines("ls", *place)
            self.assertTrue(line.endswith("red\\x1b[31m\\x0a"), line)
            self.assertIn("output      s3://\\x07\\x9b", self.lines("show", *place, key))
            told = self.deja("show", *place, "\x1b[31m", status=1)
            self.assertNotIn("\x1b", told.stderr)

    def test_statistics(self):
        for number, place in enumerate(self.places()):
            self.deja("put", *place, f"k{number}", "--uri", "s3://x")
            [told] = self.objects("stats", *place)
            self.assertEqual(told["entries"], f"{number + 1}")
            self.assertEqual(told["incomplete"], "0")
            self.assertIn(f"entries       {number + 1}", self.lines("stats", *place))

    def test_what_is_not_there(self):
        for command in (["ls"], ["stats"], ["get", "k"], ["rm", "k"], ["reservations"]):
            told = self.deja(*command, "--data", self.data, status=1)
            self.assert_one_line(told.stderr, "no data folder", self.data)
        self.assertFalse(self.data.exists())
        for place in self.places():
            self.deja("put", "there", "--uri", "s3://x", "--data", self.data)
            for command in ("get", "show", "rm"):
                told = self.deja(command, *place, "none", status=1)
                self.assert_one_line(told.stderr, "none")

    def test_rm_goes_on_after_a_key_that_is_not_there(self):
        for key in ("a", "b"):
            self.deja("put", "--data", self.data, key, "--uri", "s3://x")
        told = self.deja("rm", "--data", self.data, "a", "none", "b", "--json", status=1)
        self.assertEqual(json.loads(told.stdout), {"removed": 2})
        self.assert_one_line(told.stderr, "none")

    def test_wrong_use(self):
        self.assert_one_line(self.deja("put", "k", status=2).stderr, "--uri")
        self.assert_one_line(self.deja("get", status=2).stderr, "KEY")
        self.assert_one_line(self.deja("ls", "--server", "ftp://x", status=2).stderr, "--server",
                             "ftp://x")
        for place in ("--server", "--data"):
            self.assert_one_line(self.deja("rm", place, "", "k", status=2).stderr, place, "empty")
        self.assert_one_line(self.deja("gc", "--data", "", status=2).stderr, "--data", "empty")
        self.assert_one_line(self.deja("ls", "--older-than", "soon", status=2).stderr, "soon")
        (self.work / "bad").write_text("{]")
        told = self.deja("put", "--data", self.data, "k", "--output", "bad", status=2)
        self.assert_one_line(told.stderr, "--output", "bad")
        with socket.socket() as held:  # it does not listen
            held.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{held.getsockname()[1]}"
            told = self.deja("ls", "--server", url, status=1)
        self.assert_one_line(told.stderr, url)


if __name__ == "__main__":
    unittest.main()
