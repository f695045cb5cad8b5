"""The extension of `deja serve` from outside: many keys a call, waiting, listing."""

import http.client
import json
import os
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import Case, until

EXTENSION = "/deja.v1.CacheService/"


def key(name):
    return {"project": "p", "domain": "d", "key": name}


class Extension(Case):
    def setUp(self):
        super().setUp()
        self.served = self.service()

    def call(self, method, body, status=200, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=timeout)
        connection.request("POST", EXTENSION + method, json.dumps(body),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = json.loads(answer.read())
        connection.close()
        self.assertEqual(answer.status, status, told)
        return told

    def put(self, *names):
        return self.call("Put", {"items": [
            {"key": key(name), "output": {"outputUri": f"u/{name}"}} for name in names]})["outcomes"]

    def reserve(self, name, owner="me", heartbeat="10s"):
        held = self.call("Reserve", {"items": [
            {"key": key(name), "ownerId": owner, "heartbeatInterval": heartbeat}]})
        return held["outcomes"][0]["reservation"]

    def waiters(self):
        return int(self.call("Statistics", {}).get("waiters", 0))

    def waiting(self, name, **options):
        """Waits in a thread of its own; gives a function that gives the answer and when it came."""
        told = []

        def wait():
            answer = self.call("Wait", {"key": key(name), **options}, timeout=60)
            told.append((answer, time.monotonic()))

        before = self.waiters()
        thread = threading.Thread(target=wait)
        thread.start()
        until(lambda: told or self.waiters() > before, "it waits")

        def end():
            thread.join()
            return told[0]
        return end

    def test_many_keys_in_one_call(self):
        names = [f"k{i}" for i in range(1000)]
        self.assertEqual({one["status"] for one in self.put(*names)}, {"PUT_STATUS_STORED"})
        self.assertEqual({one["status"] for one in self.put(*names)}, {"PUT_STATUS_ALREADY_SAME"})
        found = self.call("Get", {"keys": [key(name) for name in names + ["none", "k1"]]})["outcomes"]
        self.assertEqual([one["output"]["outputUri"] for one in found[:1000]],
                         [f"u/{name}" for name in names])
        self.assertEqual(found[1000]["error"]["code"], "not_found")
        self.assertEqual(found[1001]["output"]["outputUri"], "u/k1")
        # What was put here is there for Flyte's calls too.
        status, answer = self.served.call("Get", {"key": "k7"})
        self.assertEqual((status, answer["output"]["outputUri"]), (200, "u/k7"))
        told = self.call("Get", {"keys": [key("k")] * 1025}, status=400)
        self.assertIn("1025", told["message"])
        self.assertIn("1024", told["message"])

    def test_a_wait_ends_at_once_with_a_put_of_another(self):
        self.reserve("k")
        late = []
        for round in range(20):
            name = f"k{round}"
            self.reserve(name)
            end = self.waiting(name)
            # By one of Flyte's calls: whoever puts it.
            start = time.monotonic()
            self.assertEqual(self.served.put(name, "u")[0], 200)
            answer, came = end()
            self.assertEqual(answer["event"], "WAIT_EVENT_ENTRY")
            late.append(came - start)
        late.sort()
        self.assertLess(late[len(late) // 2], 0.2, late)  # a second where it is only looked for

    def test_a_wait_ends_with_the_reservation_or_its_own_time(self):
        self.reserve("released")
        end = self.waiting("released")
        self.call("Release", {"items": [{"key": key("released"), "ownerId": "me"}]})
        self.assertEqual(end()[0]["event"], "WAIT_EVENT_RELEASED")

        held = self.reserve("expired", heartbeat="0.1s")
        self.assertEqual(held["ownerId"], "me")
        self.assertEqual(self.waiting("expired")()[0]["event"], "WAIT_EVENT_EXPIRED")

        self.reserve("long")
        told = self.waiting("long", timeout="0.2s")()[0]
        self.assertEqual((told["event"], told["reservation"]["ownerId"]), ("WAIT_EVENT_TIMEOUT", "me"))
        self.assertEqual(self.waiting("nobody")()[0]["event"], "WAIT_EVENT_NOT_RESERVED")

    def test_a_waiter_that_goes_is_forgotten(self):
        self.reserve("k")
        body = json.dumps({"key": key("k")}).encode()
        with socket.create_connection(("127.0.0.1", self.served.port)) as client:
            client.sendall(b"POST " + EXTENSION.encode() + b"Wait HTTP/1.1\r\nHost: x\r\n"
                           b"Content-Type: application/json\r\nContent-Length: "
                           + str(len(body)).encode() + b"\r\n\r\n" + body)
            until(lambda: self.waiters() == 1, "it waits")
        until(lambda: self.waiters() == 0, "it is forgotten")

    def test_who_waits_keeps_no_service_from_ending(self):
        self.reserve("k")
        told = []

        def wait():
            try:
                told.append(self.call("Wait", {"key": key("k")}, status=503, timeout=60))
            except AssertionError as wrong:
                told.append(wrong)

        thread = threading.Thread(target=wait)
        thread.start()
        until(lambda: self.waiters() == 1, "it waits")
        status, seconds = self.served.stop()
        thread.join()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 3)
        self.assertEqual(told[0]["code"], "unavailable")

    def test_what_there_is_can_be_listed_counted_and_deleted(self):
        self.put(*[f"a{i}" for i in range(30)], *[f"b{i}" for i in range(5)])
        seen, token = [], ""
        while True:
            page = self.call("ListEntries", {"filter": {"project": "p", "keyPrefix": "a"},
                                             "pageSize": 7, "pageToken": token})
            seen += [one["key"]["key"] for one in page.get("entries", [])]
            token = page.get("nextPageToken", "")
            if not token:
                break
        self.assertEqual(sorted(seen), sorted(f"a{i}" for i in range(30)))

        held = self.reserve("r")
        end = self.waiting("r", timeout="5s")
        listed = self.call("ListReservations", {})["reservations"]
        self.assertEqual(len(listed), 1)
        self.assertEqual(listed[0]["reservation"]["ownerId"], "me")
        self.assertEqual(listed[0]["reservation"]["fencingToken"], held["fencingToken"])
        self.assertEqual(listed[0]["waiters"], "1")

        told = self.call("Statistics", {})
        self.assertEqual((told["entries"], told["reservations"], told["waiters"]), ("35", "1", "1"))
        self.assertEqual(told["puts"], "35")
        self.put("r")
        end()

        self.assertIn("all", self.call("DeleteMatching", {}, status=400)["message"])
        self.assertEqual(self.call("DeleteMatching", {"filter": {"keyPrefix": "a"}}),
                         {"deleted": "30"})
        self.assertEqual(self.call("DeleteMatching", {"all": True}), {"deleted": "6"})
        self.assertNotIn("entries", self.call("Statistics", {}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
