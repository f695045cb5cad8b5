"""What several clients see of `deja serve` is what a single cache would show that does one thing
at a time: also while services are killed or frozen, their clocks are wrong, or the database is
restarted. CHECKER in the environment is the program that records and checks the histories; SEED
repeats its choices."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import Case, Service
from postgres import PROGRAMS, Postgres

CHECKER = os.environ.get("CHECKER", "program")
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

# What must have been seen where nothing disturbs.
KINDS = ["get: ok", "get: not_found", "put: ok", "put: already_exists", "put overwrite: ok",
         "put max_age: ok", "put max_age: already_exists", "put generation: ok",
         "put generation: failed_precondition", "put fenced: ok",
         "put fenced: failed_precondition", "delete: ok", "delete: not_found", "reserve: ok",
         "reserve: held", "release: ok", "release: not_held", "release: done"]


class Histories(Case):
    def start(self, name, *options, **how):
        """A service that is ended with the test, and can be killed and started anew."""
        replica = Replica(self.folder / name, options, how)
        self.addCleanup(replica.end)
        return replica

    def check(self, replicas, seconds, disturb=None, least=0):
        """Has the checker work on the replicas, disturbed again and again while it does. What it
        counted."""
        seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
        drawings = pathlib.Path(CHECKER).parent
        print(f"{self.id()}: SEED={seed}", flush=True)
        checker = subprocess.Popen(
            [CHECKER, "-seconds", str(seconds), "-least", str(least), "-seed", str(seed), "-folder",
             str(drawings), *(replica.service.url for replica in replicas)],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(checker.stdout.close)
        self.addCleanup(checker.kill)

        def goes_on(pause):
            """Whether the checker still works after so many seconds."""
            try:
                checker.wait(timeout=pause)
            except subprocess.TimeoutExpired:
                return True
            return False

        faults = 0
        end = time.monotonic() + seconds
        while goes_on(0.3):
            if disturb and time.monotonic() < end:
                disturb(goes_on)
                faults += 1
        told = checker.stdout.read()
        print(f"{told.strip()}; disturbed {faults} times", flush=True)
        self.assertEqual(checker.returncode, 0, "the history is wrong, or the checker failed")
        counted = json.loads(told)
        self.assertGreater(counted["operations"], 200)
        if disturb:
            self.assertGreater(faults, 1)
            self.assertGreater(counted["unknown"] + counted["not_sent"], 0)
        return counted


class Replica:
    """A service whose URL stays the same."""

    def __init__(self, data, options, how):
        self.data, self.options, self.how = data, options, how
        self.service = Service(data, *options, **how)

    def restart(self):
        """As after a kill -9."""
        port = self.service.port
        self.service.kill()
        self.service = Service(self.data, *self.options, port=port, **self.how)

    def freeze(self):
        self.service.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.service.process.send_signal(signal.SIGCONT)

    def end(self):
        if self.service.process.poll() is None:
            self.service.kill()


class OnSqlite(Histories):
    def test_undisturbed(self):
        counted = self.check([self.start("a")], 6, least=2000)
        for kind in KINDS:
            self.assertIn(kind, counted["outcomes"])

    def test_killed_and_restarted(self):
        service = self.start("a")

        def kill(goes_on):
            if goes_on(0.5):
                service.restart()

        self.check([service], 10, kill)


class OfLoad(Histories):
    """What `deja load --history` has written is read and checked too."""

    def test_a_right_one(self):
        for batch in ("1", "3"):
            file = self.folder / "history.jsonl"
            self.deja("load", "--target", self.start("a" + batch).service.url, "--mix",
                      "get=3,overwrite=2,put-again=1,reserve=2,memoize=1,put=1", "--keys", "40",
                      "--duration", "500ms", "--connections", "8", "--quiet", "--batch", batch,
                      "--history", file)
            done = subprocess.run([CHECKER, "-folder", str(self.folder), "-read", str(file)],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertGreater(json.loads(done.stdout)["operations"], 200)

    def test_a_wrong_one(self):
        # The value of a get is another one than any put.
        file = self.folder / "wrong.jsonl"
        one = {"client": 0, "called": 1, "returned": 2, "kind": "put", "key": "k", "value": "a",
               "code": "ok"}
        file.write_text("".join(json.dumps(line) + "\n" for line in (
            one, {**one, "called": 3, "returned": 4, "kind": "get", "value": "b"})))
        done = subprocess.run([CHECKER, "-folder", str(self.folder), "-read", str(file)],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("k is not linearizable", done.stderr)


class Apart(Histories):
    def test_services_that_share_nothing_are_found_out(self):
        urls = [self.start(name).service.url for name in ("a", "b")]
        done = subprocess.run([CHECKER, "-seconds", "1", "-folder", str(self.folder), *urls],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("is not linearizable (Illegal)", done.stderr)
        self.assertTrue(list(self.folder.glob("k*.html")))


@unittest.skipIf(PROGRAMS is None, "postgresql is not installed")
class OnPostgres(Histories):
    def setUp(self):
        super().setUp()
        self.database = Postgres()
        self.addCleanup(self.database.close)
        self.database.start()

    def replica(self, name, hours=0):
        env = {}
        if hours and FAKETIME:
            env = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"{hours:+}h",
                   "DONT_FAKE_MONOTONIC": "1"}
        return self.start(name, "--index", self.database.url, env=env)

    def test_replicas_killed_and_frozen_with_clocks_apart(self):
        if FAKETIME is None:
            print("clocks apart: skipped, faketime is not installed")
        right, late, early = self.replica("a"), self.replica("b", -1), self.replica("c", 1)

        def freeze_and_kill(goes_on):
            late.freeze()
            goes_on(1.3)
            early.restart()
            late.thaw()
            if goes_on(0.3):
                right.restart()

        self.check([right, late, early], 12, freeze_and_kill)

    def test_the_database_restarted(self):
        replicas = [self.replica("a"), self.replica("b")]
        ways = [self.database.kill, self.database.stop]

        def restart(goes_on):
            if goes_on(2):
                ways[0]()
                ways.reverse()
                goes_on(0.3)
                self.database.start()

        self.check(replicas, 12, restart)


if __name__ == "__main__":
    unittest.main(verbosity=2)
