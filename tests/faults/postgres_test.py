"""`deja serve` on PostgreSQL from outside: several replicas, and a database in trouble."""

import http.client
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import Case, Service, until
from postgres import PROGRAMS, Postgres


@unittest.skipIf(PROGRAMS is None, "postgresql is not installed")
class PostgresCase(Case):
    def setUp(self):
        super().setUp()
        self.database = self.add_database()

    def add_database(self, **how):
        database = Postgres(**how)
        self.addCleanup(database.close)
        return database

    def replica(self, name, url=None):
        replica = Service(self.folder / name, "--index", url or self.database.url)
        self.addCleanup(lambda: replica.process.poll() is None and replica.kill())
        return replica

    def readiness(self, replica):
        connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=20)
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        told = answer.status, answer.read().decode()
        connection.close()
        return told

    def until_ready(self, replica):
        until(lambda: self.readiness(replica)[0] == 200, "the service is ready")

    def assert_found(self, replica, key, uri):
        status, answer = replica.call("Get", {"key": key})
        self.assertEqual((status, answer["output"]["outputUri"]), (200, uri))


class Replicas(PostgresCase):
    def setUp(self):
        super().setUp()
        self.database.start()
        self.replicas = [self.replica("a"), self.replica("b")]
        for replica in self.replicas:
            self.until_ready(replica)

    def test_one_sees_what_the_other_has_stored_and_reserved(self):
        a, b = self.replicas
        self.assertEqual(a.put("k", "s3://b/1")[0], 200)
        self.assert_found(b, "k", "s3://b/1")
        self.assertEqual(b.put("k", "s3://b/2")[1]["code"], "already_exists")
        lease = {"key": "r", "heartbeatInterval": "5s"}
        for replica, owner in ((a, "me"), (b, "you")):
            status, answer = replica.call("GetOrExtendReservation", {**lease, "ownerId": owner})
            self.assertEqual((status, answer["reservation"]["ownerId"]), (200, "me"))
        self.assertEqual(a.call("ReleaseReservation", {"key": "r", "ownerId": "me"})[0], 200)
        status, answer = b.call("GetOrExtendReservation", {**lease, "ownerId": "you"})
        self.assertEqual((status, answer["reservation"]["ownerId"]), (200, "you"))
        self.assertEqual(b.call("Delete", {"key": "k"})[0], 200)
        self.assertEqual(a.call("Get", {"key": "k"})[0], 404)

    def test_of_simultaneous_puts_and_reservations_one_wins(self):
        for round in range(10):
            stored, owners = [], []

            def race(n):
                replica = self.replicas[n % 2]
                lease = {"key": f"r{round}", "ownerId": f"o/{n}", "heartbeatInterval": "5s"}
                owners.append(replica.call("GetOrExtendReservation", lease)[1])
                if replica.put(f"k{round}", f"u/{n}")[0] == 200:
                    stored.append(f"u/{n}")

            racers = [threading.Thread(target=race, args=(n,)) for n in range(8)]
            for racer in racers:
                racer.start()
            for racer in racers:
                racer.join()
            self.assertEqual(len(stored), 1, stored)
            self.assertEqual(len({told["reservation"]["ownerId"] for told in owners}), 1, owners)
            for replica in self.replicas:
                self.assert_found(replica, f"k{round}", stored[0])

    def test_no_acknowledged_put_is_lost_with_the_replica_or_the_database(self):
        acknowledged = []

        def write(replica, name):
            connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=20)
            try:
                for i in range(100000):
                    put = {"key": f"{name}-{i}", "output": {"outputUri": f"u/{name}/{i}"}}
                    status, answer = replica.call("Put", put, connection=connection)
                    if status == 200:
                        acknowledged.append((f"{name}-{i}", f"u/{name}/{i}"))
                    elif answer["code"] != "unavailable":
                        wrong.append(answer)
                    if stop.is_set():
                        return
            except (OSError, http.client.HTTPException):
                return  # it was killed
            finally:
                connection.close()

        wrong, stop = [], threading.Event()
        writers = [threading.Thread(target=write, args=(self.replicas[n % 2], f"w{n}"))
                   for n in range(8)]
        for writer in writers:
            writer.start()
        until(lambda: len(acknowledged) > 300, "300 puts")
        self.database.kill()
        until(lambda: self.readiness(self.replicas[1])[0] == 503, "the loss is noticed")
        self.replicas[0].kill()
        self.database.start()
        before = len(acknowledged)
        until(lambda: len(acknowledged) > before + 100, "100 puts after the restart")
        stop.set()
        for writer in writers:
            writer.join()
        self.assertEqual(wrong, [])
        self.until_ready(self.replicas[1])
        connection = http.client.HTTPConnection("127.0.0.1", self.replicas[1].port, timeout=20)
        for key, uri in acknowledged:
            status, answer = self.replicas[1].call("Get", {"key": key}, connection=connection)
            self.assertEqual((status, answer["output"]["outputUri"]), (200, uri))
        connection.close()


class Trouble(PostgresCase):
    def test_a_database_that_is_away_is_waited_for(self):
        replica = self.replica("a")
        status, why = self.readiness(replica)
        self.assertEqual(status, 503, why)
        status, answer = replica.put("k", "s3://b/1")
        self.assertEqual((status, answer["code"]), (503, "unavailable"))
        self.assertIn("tried again", answer["message"])
        self.database.start()
        self.until_ready(replica)
        self.assertEqual(replica.put("k", "s3://b/1")[0], 200)
        self.assert_found(replica, "k", "s3://b/1")
        self.database.kill()
        until(lambda: self.readiness(replica)[0] == 503, "the loss is noticed")
        status, seconds = replica.stop()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 5)

    def test_a_database_that_hangs_does_not_keep_the_service_from_ending(self):
        self.database.start()
        replica = self.replica("a")
        self.until_ready(replica)
        session = self.database.lock_tables()
        self.addCleanup(session.communicate)
        putter = threading.Thread(target=self.put_in_vain, args=(replica,))
        putter.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        until(lambda: self.database.sql(waiting) != "0\n", "the put is under way")
        status, seconds = replica.stop()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 5)
        putter.join()

    def put_in_vain(self, replica):
        try:
            self.assertNotEqual(replica.put("k", "s3://b/1")[0], 200)
        except (OSError, http.client.HTTPException):
            pass  # it ended before it could answer

    def test_tables_of_a_newer_version_are_told(self):
        self.database.start()
        replica = self.replica("a")
        self.until_ready(replica)
        replica.stop()
        self.database.sql("UPDATE deja_schema SET version = 97")
        replica = self.replica("a")
        told = until(lambda: "version" in (told := self.readiness(replica)[1]) and told, "it is told")
        self.assertIn("version 97", told)
        self.assertRegex(told, r"this one knows \d")

    def test_a_promoted_standby_is_found(self):
        self.database.start()
        standby = self.add_database(of=self.database).start()
        hosts = f"postgresql:///postgres?user=deja&host={standby.folder},{self.database.folder}"
        replica = self.replica("a", hosts)
        self.until_ready(replica)
        self.assertEqual(replica.put("k", "s3://b/1")[0], 200)
        until(lambda: standby.sql("SELECT count(*) FROM deja_item") == "1\n", "it is replicated")
        self.database.kill()
        until(lambda: self.readiness(replica)[0] == 503, "the loss is noticed")
        standby.run("pg_ctl", "-D", standby.data, "-w", "promote")
        self.until_ready(replica)
        self.assert_found(replica, "k", "s3://b/1")
        self.assertEqual(replica.put("l", "s3://b/2")[0], 200)

    def test_a_full_disk_loses_nothing(self):
        if os.geteuid() != 0:
            self.skipTest("disk full: mounting a small file system needs root")
        small = self.database.folder / "small"
        small.mkdir()
        if os.system(f"mount -t tmpfs -o size=2m none {small}") != 0:
            self.skipTest("disk full: mounting is not allowed here")
        self.addCleanup(os.system, f"umount {small}")
        self.addCleanup(self.database.stop)
        self.database.give(small)
        self.database.start()
        self.database.sql(f"CREATE TABLESPACE small LOCATION '{small}'")
        self.database.sql("ALTER ROLE deja SET default_tablespace = small")
        replica = self.replica("a")
        self.until_ready(replica)
        stored, refused = [], None
        for i in range(100):
            status, answer = replica.put(f"k{i}", os.urandom(25000).hex())
            if status != 200:
                refused = answer
                break
            stored.append(f"k{i}")
        self.assertIsNotNone(refused, "two megabytes held five")
        self.assertEqual(refused["code"], "resource_exhausted", refused)
        for key in stored:
            self.assertEqual(replica.call("Get", {"key": key})[0], 200)
        os.system(f"mount -o remount,size=64m {small}")
        self.assertEqual(replica.put("more", os.urandom(25000).hex())[0], 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
