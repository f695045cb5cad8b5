"""`deja demo`: the workflow once, again, edited, twice at once, and through deaths."""

import os
import random
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import DEJA, Case, Service, until


class Demo(Case):
    def setUp(self):
        super().setUp()
        self.texts = self.folder / "texts"
        self.texts.mkdir()
        chance = random.Random(7)
        words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]
        for name, lines in [("short", 60), ("middle", 300), ("longest", 500)]:
            text = [" ".join(chance.choices(words, k=8)) for _ in range(lines)]
            (self.texts / name).write_text("\n".join(text) + "\n")

    def numbers(self, told):
        """The table's figures, by name."""
        return {name: float(value)
                for name, value in re.findall(r"^(\w[\w ]*?)  +([0-9.]+)", told, re.MULTILINE)}

    def demo(self, *options):
        told = self.deja("demo", *(options or ("--data", self.data)), self.texts).stdout
        return self.numbers(told), told.split("\ntasks")[0]

    def begin(self, *options):
        """A demo in the background."""
        return subprocess.Popen([DEJA, "demo", *map(str, options or ("--data", self.data)),
                                 str(self.texts)], stdout=subprocess.PIPE, text=True)

    def test_again_all_are_hits_and_an_edit_computes_just_what_depends_on_it(self):
        first, report = self.demo()
        self.assertGreater(first["computed"], 30)
        self.assertEqual(first["computed"] + first["hits"] + first["waited for"], first["tasks"])
        again, same = self.demo()
        self.assertEqual((again["computed"], again["hits"]), (0, again["tasks"]))
        self.assertEqual(same, report)
        with open(self.texts / "short", "a") as text:
            text.write("one more line\n")
        edited, _ = self.demo()
        # One section or two: counted, added up for the text and for all, its distance, the report.
        self.assertLessEqual(edited["computed"], 10)
        self.assertGreaterEqual(edited["computed"], 8)

    def test_two_at_once_do_each_task_once(self):
        alone, _ = self.demo("--data", self.folder / "other")
        both = [self.begin(), self.begin()]
        told = [self.numbers(one.communicate(timeout=60)[0]) for one in both]
        self.assertEqual(sum(one["computed"] for one in told), alone["computed"])

    def test_one_that_is_killed_holds_the_other_up_no_longer_than_its_lease(self):
        killed = self.begin()
        until(lambda: (self.data / "index.sqlite").exists(), "it begins")
        time.sleep(0.3) # somewhere in the midst
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        start = time.monotonic()
        done, _ = self.demo()
        self.assertEqual(done["computed"] + done["hits"] + done["waited for"], done["tasks"])
        alone, _ = self.demo("--data", self.folder / "other")
        self.assertLess(time.monotonic() - start, 3 + 2 * alone["time"] + 5)

    def test_a_service_that_dies_and_comes_back_loses_nothing(self):
        service = self.service()
        running = self.begin("--server", service.url)
        until(lambda: (self.data / "index.sqlite-wal").stat().st_size > 100_000, "some are stored")
        service.kill()
        time.sleep(0.5) # long enough for calls to fail
        again = Service(self.data, port=service.port)
        self.addCleanup(lambda: again.process.poll() is None and again.kill())
        told = self.numbers(running.communicate(timeout=60)[0])
        self.assertEqual(running.returncode, 0)
        self.assertNotIn("not stored", told)
        after, _ = self.demo("--server", again.url)
        self.assertEqual((after["computed"], after["hits"]), (0, after["tasks"]))

    def test_what_cannot_work_is_told(self):
        (self.folder / "empty").mkdir()
        self.assert_one_line(self.deja("demo", self.folder / "none", status=1).stderr, "none")
        self.assert_one_line(self.deja("demo", self.folder / "empty", status=1).stderr, "0 texts")
        self.assert_one_line(self.deja("demo", "--nope", status=2).stderr, "--nope")
        told = self.deja("demo", "--server", "http://127.0.0.1:1", self.texts, status=1)
        self.assert_one_line(told.stderr, "out of reach")
        self.assert_one_line(self.deja("demo", "--server", "x://y", self.texts, status=1).stderr)

    def test_files_that_are_no_texts_are_skipped(self):
        (self.texts / "binary").write_bytes(b"\xff\xfe\x00")
        told = self.deja("demo", "--data", self.data, self.texts)
        self.assert_one_line(told.stderr, "binary", "not UTF-8")


if __name__ == "__main__":
    unittest.main()
