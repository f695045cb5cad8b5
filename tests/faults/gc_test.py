"""What goes from a cache, and what stays: `deja gc`, and how `deja serve` clears up by itself."""

import json
import os
import sqlite3
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import Case, until

BIG = 100_000


class Collecting(Case):
    def setUp(self):
        super().setUp()
        self.log = self.folder / "log"

    def run_deja(self, name, size=BIG, *options):
        """Remembers a command that makes so large a file."""
        return self.deja("run", "--data", self.data, "--pass", "LOG", "-o", name, *options, "--",
                         "sh", "-c", f'echo {name} >>"$LOG"; head -c {size} /dev/zero | '
                         f'tr "\\0" {name[0]} >{name}', env={"LOG": str(self.log)})

    def runs(self):
        return len(self.log.read_text().split())

    def gc(self, *options, status=0):
        return self.deja("gc", "--data", self.data, *options, status=status)

    def report(self, *options):
        return json.loads(self.gc("--json", *options).stdout)

    def blobs(self):
        return sorted(path for path in (self.data / "deja/cas").rglob("*") if path.is_file())

    def age_blobs(self, seconds=7200):
        past = time.time() - seconds
        for path in self.blobs():
            os.utime(path, (past, past))

    def age_entries(self, seconds, *, keep=()):
        """As if they had been put and used so long ago; `keep` are names of outputs."""
        with sqlite3.connect(self.data / "index.sqlite") as index:
            for key, output in index.execute("SELECT id, output FROM entry").fetchall():
                if not any(f"output:{name}".encode() in output for name in keep):
                    index.execute("UPDATE entry SET updated = updated - ?, accessed = accessed - ? "
                                  "WHERE id = ?", (seconds * 10**9, seconds * 10**9, key))


class ByHand(Collecting):
    def test_a_dry_run_tells_and_changes_nothing(self):
        self.run_deja("a")
        self.age_entries(3600)
        self.age_blobs()
        before = self.blobs()
        told = self.report("--older-than", "30m", "--dry-run")
        self.assertEqual(told["entries"]["selected"], 1)
        self.assertGreater(told["contents"]["bytes"], BIG)
        self.assertTrue(told["dry_run"])
        self.assertEqual(self.blobs(), before)
        self.run_deja("a")
        self.assertEqual(self.runs(), 1)
        self.assertIn("would remove 1 entry", self.gc("--older-than", "30m", "--dry-run").stdout)

    def test_what_is_old_goes_with_its_contents_and_the_rest_still_hits(self):
        self.run_deja("a")
        self.run_deja("b")
        self.age_entries(3600, keep=["b"])
        self.age_blobs()
        done = self.report("--older-than", "30m")
        self.assertEqual(done["entries"]["selected"], 1)
        self.assertGreater(done["contents"]["bytes"], BIG - 1)
        self.assertLess(done["contents"]["bytes"], 2 * BIG)
        (self.work / "b").unlink()
        self.run_deja("b")
        self.assertEqual((self.work / "b").read_text(), "b" * BIG)
        self.assertEqual(self.runs(), 2)
        self.run_deja("a")
        self.assertEqual(self.runs(), 3)

    def test_a_hit_counts_as_use(self):
        self.run_deja("a")
        self.run_deja("b")
        self.age_entries(7200)
        self.run_deja("a")
        self.assertEqual(self.runs(), 2)
        self.assertEqual(self.report("--unused-for", "90m")["entries"]["selected"], 1)
        self.run_deja("a")
        self.assertEqual(self.runs(), 2)

    def test_contents_within_the_grace_stay(self):
        self.run_deja("a")
        self.age_entries(3600)
        self.assertEqual(self.report("--older-than", "30m")["contents"]["count"], 0)
        self.assertTrue(self.blobs())
        self.assertGreater(self.report("--grace", "0s")["contents"]["count"], 0)
        self.assertEqual(self.blobs(), [])

    def test_caps(self):
        for name in "abcd":
            self.run_deja(name)
        self.age_entries(10, keep=["c", "d"])
        self.age_blobs()
        self.assertEqual(self.report("--max-entries", "4")["entries"]["evicted"], 0)
        done = self.report("--max-bytes", f"{5 * BIG // 2}")
        self.assertEqual(done["entries"]["evicted"], 2)
        for name in "cd":
            self.run_deja(name)
        self.assertEqual(self.runs(), 4)

    def test_folders_with_many_files_stay_whole(self):
        script = "mkdir many; for i in $(seq 400); do head -c 5000 /dev/zero | tr '\\0' $(printf " \
                 "'\\\\%03o' $((i % 26 + 97))) >many/$i; done; echo x >>\"$LOG\""
        arguments = ["run", "--data", self.data, "--pass", "LOG", "-o", "many", "--", "bash", "-c",
                     script]
        self.deja(*arguments, env={"LOG": str(self.log)})
        self.age_blobs()
        self.assertEqual(self.report()["contents"]["count"], 0)
        self.deja(*arguments, env={"LOG": str(self.log)})
        self.assertEqual(self.runs(), 1)

    def test_what_dead_writers_left_goes(self):
        self.run_deja("a")
        left = self.data / "deja/tmp/1-00"
        left.write_text("half")
        past = time.time() - 7200
        os.utime(left, (past, past))
        self.assertEqual(self.report()["unfinished"], {"count": 1, "bytes": 4})
        self.assertFalse(left.exists())

    def test_other_files_are_left_alone(self):
        self.run_deja("a")
        other = self.data / "deja/other/file"
        other.parent.mkdir()
        other.write_text("mine")
        past = time.time() - 7200
        os.utime(other, (past, past))
        self.gc("--grace", "0s", "--older-than", "0s")
        self.assertTrue(other.exists())

    def test_wrong_use(self):
        self.assert_one_line(self.gc("--older-than", "soon", status=2).stderr, "--older-than", "soon")
        self.assert_one_line(self.gc("--max-entries", "0", status=2).stderr, "max_entries")
        self.assert_one_line(self.gc(status=1).stderr, "no data folder", self.data)
        self.assertFalse(self.data.exists())

    def test_a_folder_that_a_service_holds(self):
        self.service()
        self.assert_one_line(self.gc(status=1).stderr, "service", "--max-entries")

    def test_an_index_alone_leaves_the_contents_alone(self):
        self.run_deja("a")
        self.age_blobs()
        before = self.blobs()
        told = self.gc("--index", f"sqlite:{self.folder}/other.sqlite", "--json")
        self.assertIn("left alone", told.stderr)
        self.assertEqual(self.blobs(), before)

    def test_beside_commands_that_run_nothing_fails(self):
        stop = threading.Event()
        failures = []

        def collect():
            while not stop.is_set():
                try:
                    self.gc("--older-than", "0s", "--grace", "1h")
                    self.gc("--max-entries", "2")
                except AssertionError as failure:
                    failures.append(failure)

        self.run_deja("z")
        beside = threading.Thread(target=collect)
        beside.start()
        try:
            for turn in range(15):
                for name in "abc":
                    told = self.run_deja(name)
                    self.assertEqual(told.stderr, "")
                    self.assertEqual((self.work / name).read_text(), name * BIG)
        finally:
            stop.set()
            beside.join()
        self.assertEqual(failures, [])


class ByItself(Collecting):
    def get(self, service, key, **more):
        return self.call_status(service.call("Get", {"key": key}, **more))

    def call_status(self, told):
        return told[0]

    def gone(self, service, key, **more):
        until(lambda: self.get(service, key, **more) == 404, f"{key} goes")

    def test_lifetimes_of_all_and_of_a_project(self):
        service = self.service("--lifetime", "1h", "--lifetime", "brief=1s")
        brief = {"project": "brief", "domain": "d"}
        body = {"key": "k", "output": {"outputUri": "s3://x", "metadata": {}}}
        service.put("k", "s3://x")
        service.call("Put", body, brief)
        self.assertEqual(self.get(service, "k"), 200)
        self.gone(service, "k", scope=brief)
        self.assertEqual(service.call("Put", body, brief)[0], 200)
        self.assertEqual(service.put("k", "s3://y")[0], 409)

    def test_lifetimes_that_are_none(self):
        for wrong in ("0s", "p=0s", "soon", "90000d"):
            told = self.deja("serve", "--listen", "127.0.0.1:0", "--data", self.data, "--lifetime",
                             wrong, status=2)
            self.assert_one_line(told.stderr, "--lifetime", wrong)

    def test_expired_rows_leave_the_index(self):
        service = self.service("--lifetime", "1s", "--sweep-interval", "20ms")
        service.put("k", "s3://x")

        def rows():
            with sqlite3.connect(f"file:{self.data}/index.sqlite?mode=ro", uri=True) as index:
                return index.execute("SELECT count(*) FROM entry").fetchone()[0]

        self.assertEqual(rows(), 1)
        until(lambda: rows() == 0, "the row goes")

    def test_the_longest_unused_go_above_a_cap(self):
        service = self.service("--max-entries", "10", "--sweep-interval", "20ms", "--access-grain",
                               "0s")
        for number in range(10):
            service.put(f"k{number}", "s3://x")
        self.assertEqual(self.get(service, "k0"), 200)
        self.assertEqual(service.stop()[0], 0)  # The use is recorded at the latest here.
        service = self.service("--max-entries", "10", "--sweep-interval", "20ms")
        service.put("k10", "s3://x")
        self.gone(service, "k1")
        for number in [0, *range(2, 11)]:
            self.assertEqual(self.get(service, f"k{number}"), 200, number)

    def test_contents_go_after_their_entries(self):
        self.run_deja("a")
        self.run_deja("b")
        self.age_entries(3600, keep=["b"])
        self.age_blobs()
        before = len(self.blobs())
        service = self.service("--max-entries", "1", "--sweep-interval", "20ms")
        until(lambda: len(self.blobs()) < before, "a's contents go")
        service.stop()
        self.run_deja("b")
        self.assertEqual(self.runs(), 2)

    def test_contents_go_with_their_entry_on_request_but_not_what_others_name(self):
        service = self.service("--sweep-interval", "20ms", "--grace", "1s")
        self.run_deja("a")
        [key] = [entry["key"] for entry in service.extension("ListEntries", {})["entries"]]
        alone = self.blobs()
        self.run_deja("a2")  # The same content under another name.
        self.run_deja("b")
        service.extension("DeleteMatching", {"filter": {"keyPrefix": key["key"]}})
        self.run_deja("c")
        before = self.blobs()
        service.extension("Put", {"items": [
            {"key": {"key": "k"}, "output": {"outputUri": "s3://x"}}]})
        service.call("Put", {"key": "k", "output": {"outputUri": "s3://y", "metadata": {}},
                             "overwrite": {"overwrite": True, "deleteBlob": True}}, {})
        # What belonged to the deleted entry alone goes long before the next hourly round.
        until(lambda: not set(alone) <= set(self.blobs()), "a's contents go")
        gone = set(before) - set(self.blobs())
        self.assertLess(gone, set(alone))
        for name in ("a2", "b", "c"):
            (self.work / name).unlink()
            self.run_deja(name)
        self.assertEqual(self.runs(), 4)

    def test_what_a_service_knows_to_be_incomplete_is_counted(self):
        service = self.service("--check-blobs")
        blob = self.data / "outputs.pb"
        blob.write_bytes(b"x")
        service.put("k", f"file://{blob}")
        self.assertEqual(service.extension("Statistics", {}).get("incomplete"), None)
        blob.unlink()
        self.assertEqual(self.get(service, "k"), 404)
        self.assertEqual(service.extension("Statistics", {})["incomplete"], "1")

    def test_an_entry_without_its_blob_is_a_miss(self):
        service = self.service("--check-blobs")
        self.run_deja("a")
        self.run_deja("a")
        self.assertEqual(self.runs(), 1)
        with_blob = self.data / "outputs.pb"
        with_blob.write_bytes(b"x")
        uri = f"file://{with_blob}"
        service.put("k", uri)
        with_blob.unlink()
        self.assertEqual(self.get(service, "k"), 404)
        until(lambda: service.put("k", uri)[0] == 200, "its place is free")


if __name__ == "__main__":
    unittest.main()
