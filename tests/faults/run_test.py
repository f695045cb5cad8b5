"""`deja run` from outside: every row of what it promises, and bad times."""

import concurrent.futures
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import DEJA, Case, until


class Run(Case):
    """Counts how often a command really ran: it adds a line to a file that is no input."""

    def setUp(self):
        super().setUp()
        self.ran = self.folder / "ran"
        self.write("in", "one\n")

    def write(self, name, text, mode=0o644):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def read(self, name):
        return (self.work / name).read_text()

    def where(self):
        return ["--data", self.data]

    def run_deja(self, *arguments, **more):
        return self.deja("run", *self.where(), *arguments, **more)

    def shell(self, script, *options, **more):
        """A remembered `sh -c`; its runs are counted."""
        return self.run_deja(*options, "--", "/bin/sh", "-c", f"echo x >>'{self.ran}'; {script}", **more)

    def runs(self):
        return len(self.ran.read_text().splitlines()) if self.ran.exists() else 0

    def outcomes(self, report):
        return [json.loads(line)["outcome"] for line in (self.folder / report).read_text().splitlines()]


class Remembering(Run):
    def copy(self, *options, **more):
        return self.shell("cp in out; echo said; echo told >&2", "-i", "in", "-o", "out", *options, **more)

    def test_a_hit_gives_outputs_and_what_was_printed(self):
        first = self.copy()
        (self.work / "out").unlink()
        again = self.copy()
        self.assertEqual(self.runs(), 1)
        self.assertEqual(self.read("out"), "one\n")
        for done in first, again:
            self.assertEqual((done.stdout, done.stderr), ("said\n", "told\n"))

    def test_an_edited_output_is_put_right_and_the_cache_stays_whole(self):
        self.copy()
        with open(self.work / "out", "a") as out:
            out.write("edited")
        self.copy()
        self.assertEqual((self.runs(), self.read("out")), (1, "one\n"))
        with open(self.work / "out", "a") as out:
            out.write("edited after a hit")
        self.copy()
        self.assertEqual((self.runs(), self.read("out")), (1, "one\n"))

    def test_content_type_and_name_of_inputs_count(self):
        self.write("two", "two\n")
        def run():
            self.shell("cat in two >out", "-i", "in", "-i", "two", "-o", "out")
        run()
        os.rename(self.work / "in", self.work / "swap")
        os.rename(self.work / "two", self.work / "in")
        os.rename(self.work / "swap", self.work / "two")
        run()
        self.assertEqual((self.runs(), self.read("out")), (2, "two\none\n"))
        (self.work / "in").chmod(0o755)
        run()
        self.assertEqual(self.runs(), 3)
        (self.work / "in").unlink()
        (self.work / "in").mkdir()
        self.shell("ls in two >out", "-i", "in", "-i", "two", "-o", "out")
        self.assertEqual(self.runs(), 4)

    def test_same_size_and_restored_time_is_still_a_change(self):
        self.copy()
        path = self.work / "in"
        before = path.stat()
        path.write_text("two\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.copy()
        self.assertEqual((self.runs(), self.read("out")), (2, "two\n"))

    def test_the_working_folder_counts_unless_a_root_is_given(self):
        other = self.folder / "elsewhere" / "work"
        other.mkdir(parents=True)
        (other / "in").write_text("one\n")
        self.copy()
        self.copy(cwd=other)
        self.assertEqual(self.runs(), 2)
        self.copy("--root", self.folder)
        self.copy("--root", self.folder / "elsewhere", cwd=other)
        self.assertEqual(self.runs(), 3)
        self.assertEqual((other / "out").read_text(), "one\n")

    def test_the_tools_content_counts(self):
        self.write("tool", f"#!/bin/sh\necho x >>'{self.ran}'; echo 1 >out\n", 0o755)
        run = lambda: self.run_deja("-o", "out", "--", "./tool")
        run(), run()
        self.write("tool", f"#!/bin/sh\necho x >>'{self.ran}'; echo 2 >out\n", 0o755)
        run()
        self.assertEqual((self.runs(), self.read("out")), (2, "2\n"))

    def test_another_tool_under_the_same_name_counts(self):
        for place in "a", "b":
            self.write(f"{place}/tool", f"#!/bin/sh\necho x >>'{self.ran}'; echo {place} >out\n", 0o755)
        for place in "a", "b", "a":
            path = f"{self.work / place}:{os.environ['PATH']}"
            self.run_deja("-o", "out", "--", "tool", env={"PATH": path})
            self.assertEqual(self.read("out"), f"{place}\n")
        self.assertEqual(self.runs(), 2)

    def test_environment(self):
        run = lambda **env: self.shell('echo "${A-unset} ${HIDDEN-unset} ${PASSED-unset}" >out',
                                       "-e", "A", "--pass", "PASSED", "-o", "out", env=env)
        run()
        self.assertEqual(self.read("out"), "unset unset unset\n")
        run(A="")
        self.assertEqual(self.read("out"), " unset unset\n")
        run(A="1", HIDDEN="h", PASSED="p")
        self.assertEqual(self.read("out"), "1 unset p\n")
        run(A="1", HIDDEN="other", PASSED="other")
        self.assertEqual((self.runs(), self.read("out")), (3, "1 unset p\n"))

    def test_standard_input(self):
        self.shell("cat >out", "-o", "out", input="not for you")
        self.assertEqual(self.read("out"), "")
        for text in "a", "b", "a":
            self.shell("cat >out", "--stdin", "-o", "out", input=text)
            self.assertEqual(self.read("out"), text)
        self.assertEqual(self.runs(), 3)

    def test_folders_round_trip(self):
        script = "mkdir -p out/empty out/ü; cp in out/ü/file; printf '#!/bin/sh\\n' >out/tool; chmod +x out/tool"
        self.shell(script, "-i", "in", "-o", "out")
        subprocess.run(["rm", "-rf", self.work / "out"], check=True)
        self.write("out/stale", "left from before")
        self.shell(script, "-i", "in", "-o", "out")
        self.assertEqual(self.runs(), 1)
        found = sorted(str(p.relative_to(self.work / "out")) for p in (self.work / "out").rglob("*"))
        self.assertEqual(found, sorted(["empty", "ü", "ü/file", "tool"]))
        self.assertTrue(os.access(self.work / "out/tool", os.X_OK))
        self.assertFalse(os.access(self.work / "out/ü/file", os.X_OK))

    def test_big_outputs_and_much_output(self):
        script = "head -c 9000000 /dev/zero | tr '\\0' x >out; head -c 3000000 out"
        first = self.shell(script, "-o", "out")
        (self.work / "out").unlink()
        again = self.shell(script, "-o", "out")
        self.assertEqual((self.runs(), len(again.stdout), again.stdout), (1, 3000000, first.stdout))
        self.assertEqual((self.work / "out").stat().st_size, 9000000)

    def test_refresh_read_only_and_max_age(self):
        self.copy("--read-only")
        self.copy()
        self.assertEqual(self.runs(), 2)
        self.copy("--refresh")
        self.assertEqual(self.runs(), 3)
        self.copy("--max-age", "1h")
        self.assertEqual(self.runs(), 3)
        self.copy("--max-age", "1ms")
        self.assertEqual(self.runs(), 4)
        self.copy()
        self.assertEqual(self.runs(), 4)

    def test_the_report_tells_what_happened(self):
        for _ in range(2):
            self.shell("sleep 0.3; cp in out", "--report", self.folder / "report",
                       "-i", "in", "-o", "out")
        lines = [json.loads(line) for line in (self.folder / "report").read_text().splitlines()]
        self.assertEqual([line["outcome"] for line in lines], ["computed_and_stored", "hit"])
        self.assertEqual(lines[0]["key"], lines[1]["key"])
        self.assertGreater(lines[1]["seconds_saved"], 0)


class NotStored(Run):
    def test_a_failure_is_not_remembered(self):
        for _ in range(2):
            self.shell("echo half >out; exit 3", "-o", "out", status=3)
        self.assertEqual((self.runs(), self.read("out")), (2, "half\n"))

    def test_a_missing_output_is_told(self):
        done = self.shell(":", "-o", "out")
        self.assert_one_line(done.stderr, "out")
        self.shell(":", "-o", "out")
        self.assertEqual(self.runs(), 2)

    def test_stale_outputs_are_removed_before(self):
        self.write("out", "stale")
        self.shell("test ! -e out", "-o", "out")

    def test_a_link_is_no_output(self):
        done = self.shell("ln -s in out", "-i", "in", "-o", "out")
        self.assert_one_line(done.stderr, "out")
        self.shell("ln -s in out", "-i", "in", "-o", "out")
        self.assertEqual(self.runs(), 2)

    def test_an_input_that_changes_meanwhile(self):
        done = self.shell("cp in out; echo more >>in", "-i", "in", "-o", "out")
        self.assert_one_line(done.stderr, "in")
        self.assertEqual(self.read("out"), "one\n")
        self.write("in", "one\n")
        self.shell("cp in out; echo more >>in", "-i", "in", "-o", "out")
        self.assertEqual(self.runs(), 2)

    def test_an_input_that_changes_meanwhile_and_back(self):
        for there, back in [
            ("echo other >in", "echo one >in"),
            ("mv in kept; echo other >in", "mv kept in"),
        ]:
            done = self.shell(f"{there}; cp in out; {back}", "-i", "in", "-o", "out")
            self.assert_one_line(done.stderr, "in")
            self.assertEqual(self.read("out"), "other\n")
            self.assertEqual(self.read("in"), "one\n")
            self.shell(f"{there}; cp in out; {back}", "-i", "in", "-o", "out")
        self.assertEqual(self.runs(), 4)


class Refused(Run):
    def refuse(self, *arguments, names, status=125):
        self.assert_one_line(self.run_deja(*arguments, status=status).stderr, names)

    def test_usage(self):
        self.refuse("--nothing", "--", "true", names="--nothing")
        self.refuse(names="")
        self.refuse("--max-age", "soon", "--", "true", names="soon")

    def test_inputs(self):
        self.refuse("-i", "absent", "--", "true", names="absent")
        os.mkfifo(self.work / "pipe")
        self.refuse("-i", "pipe", "--", "true", names="pipe")
        self.refuse("-i", "/dev/null", "--", "true", names="/dev/null")
        (self.work / "folder").mkdir()
        (self.work / "folder/out").symlink_to("/etc/passwd")
        self.refuse("-i", "folder", "--", "true", names="folder")
        if os.geteuid() != 0:
            self.write("secret", "", 0)
            self.refuse("-i", "secret", "--", "true", names="secret")

    def test_outputs(self):
        (self.work / "folder").mkdir()
        (self.work / "way").symlink_to(self.folder)
        for name in "/tmp/out", "../out", "way/out", "folder/../../out", "":
            self.refuse("-o", name, "--", "true", names="")
        self.refuse("-i", "in", "-o", "in", "--", "true", names="in")
        self.refuse("-i", "folder", "-o", "folder/out", "--", "true", names="folder/out")
        self.refuse("-o", "out", "-o", "out/inner", "--", "true", names="out/inner")
        self.assertFalse((self.folder / "out").exists())

    def test_commands(self):
        self.refuse("--", "no-such-command", names="no-such-command", status=127)
        self.refuse("--", "./in", names="in", status=126)


class Places(Run):
    def test_the_cache_out_of_reach(self):
        for options in [("--server", "http://127.0.0.1:9")], [("--data", "/proc/no")]:
            where = [*options[0]]
            done = self.deja("run", *where, "-i", "in", "-o", "out", "--", "cp", "in", "out")
            self.assert_one_line(done.stderr, where[1])
            self.assertEqual(self.read("out"), "one\n")
            (self.work / "out").unlink()
            self.deja("run", *where, "--require-cache", "-i", "in", "-o", "out", "--", "cp", "in", "out",
                      status=125)
            self.assertFalse((self.work / "out").exists())

    def test_a_damaged_blob_is_a_miss_and_mended(self):
        script = "head -c 100000 /dev/zero >out"
        self.shell(script, "-o", "out")
        for expected, harm in [(2, lambda p: p.write_bytes(b"x" * 100000)), (3, lambda p: p.unlink()),
                               (4, lambda p: p.write_bytes(b"short"))]:
            for blob in (self.data / "deja/cas").rglob("*"):
                if blob.is_file() and blob.stat().st_size == 100000:
                    blob.chmod(0o644)
                    harm(blob)
            for _ in range(2):
                self.shell(script, "-o", "out")
                self.assertEqual(self.runs(), expected)
                self.assertEqual(self.read("out"), "\0" * 100000)

    def test_a_damaged_index_runs_the_command(self):
        self.shell("echo 1 >out", "-o", "out")
        for stale in self.data.glob("index.sqlite-*"):
            stale.unlink()
        (self.data / "index.sqlite").write_bytes(b"no database at all " * 400)
        done = self.shell("echo 1 >out", "-o", "out")
        self.assert_one_line(done.stderr, "index.sqlite")
        self.assertEqual((self.runs(), self.read("out")), (2, "1\n"))

    def test_disk_full_while_storing_leaves_the_result(self):
        if os.geteuid() != 0:
            self.skipTest("disk full: mounting a small file system needs root")
        self.data.mkdir()
        if os.system(f"mount -t tmpfs -o size=2m none {self.data}") != 0:
            self.skipTest("disk full: mounting is not allowed here")
        self.addCleanup(os.system, f"umount -l {self.data}")
        script = "head -c 3000000 /dev/urandom >out"
        done = self.shell(script, "-o", "out")
        self.assert_one_line(done.stderr, "space")
        self.assertEqual((self.work / "out").stat().st_size, 3000000)
        self.assertEqual([p for p in (self.data / "deja").rglob("*") if p.is_file()], [])
        self.shell("echo small >small", "-o", "small")
        self.shell("echo small >small", "-o", "small")
        self.assertEqual(self.runs(), 2)

    def test_a_service_and_its_folder_share(self):
        service = self.service()
        other = self.folder / "other"
        other.mkdir()
        script = f"echo x >>'{self.ran}'; head -c 100000 /dev/zero >out; echo said"
        run = lambda *where: self.deja("run", *where, "-o", "out", "--", "/bin/sh", "-c", script)
        run("--server", service.url)
        (self.work / "out").unlink()
        self.assertEqual(run("--server", service.url).stdout, "said\n")
        run("--data", self.data)  # through its socket
        service.stop()
        run("--data", self.data)  # in this process
        self.assertEqual(self.runs(), 1)
        self.assertEqual((self.work / "out").stat().st_size, 100000)


class CoarseTimes(Run):
    """On a file system that keeps times in whole seconds."""

    def setUp(self):
        super().setUp()
        mke2fs = shutil.which("mke2fs", path=f"{os.environ['PATH']}:/usr/sbin")
        if os.geteuid() != 0 or mke2fs is None:
            self.skipTest("coarse times: making and mounting a file system needs mke2fs and root")
        image = self.folder / "image"
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        # Inodes of 128 bytes have no room for more.
        made = subprocess.run([mke2fs, "-q", "-t", "ext3", "-I", "128", image], capture_output=True)
        if made.returncode != 0 or os.system(f"mount -o loop {image} {self.work} 2>/dev/null") != 0:
            self.skipTest("coarse times: no ext3 in a file can be mounted here")
        self.addCleanup(os.system, f"umount -l {self.work}")

    def test_each_change_within_a_second_is_seen(self):
        for number in range(10):
            text = f"{number}" * 20000
            self.write("in", text)
            self.shell("cp in out", "-i", "in", "-o", "out")
            self.assertEqual(self.read("out"), text)
        self.assertEqual((self.work / "in").stat().st_ctime_ns % 1_000_000_000, 0)
        self.assertEqual(self.runs(), 10)

    def test_a_change_while_the_command_runs_is_seen_in_a_depfile(self):
        self.write("header", "one")
        done = self.shell("cp header out; echo two >header; echo 'out: header' >out.d",
                          "-o", "out", "--depfile", "out.d")
        self.assert_one_line(done.stderr, "header")


class Asking(Run):
    def test_verify_computes_and_compares(self):
        script = "echo made >out; cat state; echo told >&2"
        self.write("state", "one")
        run = lambda *options, **more: self.shell(script, "-o", "out", "--report", self.folder / "report",
                                                  *options, **more)
        run()
        self.assertIn("deja: verified: ", run("--verify").stderr)
        self.write("state", "two")  # What is no input makes a difference.
        different = run("--verify", status=1)
        self.assertEqual((different.stdout, different.stderr.splitlines()),
                         ("two", ["told", "deja: not as remembered: standard output differs"]))
        self.assertEqual(self.runs(), 3)
        self.assertEqual(run().stdout, "one")
        self.assertEqual(self.outcomes("report"), ["computed_and_stored", "verified", "different", "hit"])

    def test_verify_names_the_output_that_differs(self):
        script = "date +%s%N >out; echo same >same"
        self.shell(script, "-o", "out", "-o", "same")
        first = self.read("out")
        done = self.shell(script, "-o", "same", "-o", "out", "--verify")  # Another key: a miss.
        self.assertEqual(done.stderr, "")
        done = self.shell(script, "-o", "out", "-o", "same", "--verify", status=1)
        self.assert_one_line(done.stderr, 'the output "out" differs')
        self.shell(script, "-o", "out", "-o", "same")
        self.assertEqual(self.read("out"), first)

    def test_explain_names_the_part_that_differs(self):
        run = lambda *options, **more: self.shell("cp in out", "--explain", "-i", "in", "-o", "out",
                                                  *options, **more).stderr
        self.assert_one_line(run(), "miss", "nor for any other by the name")
        self.assert_one_line(run(), "hit: stored ")
        self.write("in", "two\n")
        self.assert_one_line(run(), "differs first in input:in, and in nothing else")
        self.assert_one_line(run("-e", "SECRET", env={"SECRET": "s3cret-one"}),
                             "differs first in env:SECRET (not there then)")
        said = run("-e", "SECRET", env={"SECRET": "s3cret-two"})
        self.assert_one_line(said, "differs first in env:SECRET, and in nothing else")
        self.assertEqual([path for path in self.data.rglob("*") if path.is_file()
                          and b"s3cret" in path.read_bytes()], [])
        self.assert_one_line(run("--cache-version", "2"), "differs first in cache-version")
        self.assert_one_line(run("--max-age", "1ms"), "over --max-age")

    def test_explain_knows_what_a_service_remembers(self):
        service = self.service()
        for where in [("--server", service.url), ("--data", self.data)]:
            run = lambda: self.deja("run", *where, "--explain", "-i", "in", "--name", where[0].strip("-"),
                                    "--", "cat", "in").stderr
            self.write("in", "one\n")
            self.assert_one_line(run(), "miss", "nor for any other by the name")
            self.write("in", "two\n")
            self.assert_one_line(run(), "differs first in input:in, and in nothing else")

    def test_explain_says_what_it_can_not_know(self):
        class OnlyFlytesGet(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = b'{"code":"not_found"}' if self.path.endswith("/Get") else b"no such page"
                self.send_response(404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OnlyFlytesGet) as server:
            threading.Thread(target=server.serve_forever).start()
            done = self.deja("run", "--server", f"http://127.0.0.1:{server.server_port}", "--explain",
                             "--", "echo", "said")
            server.shutdown()
        self.assertIn("can't be known", done.stderr)
        self.assertIn("lists no entries", done.stderr)


# Of a reservation, in seconds: how often it is extended, and for how long.
HEARTBEAT, LEASE = 2, 6


class Together(Run):
    def start(self, script, *options, **more):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DEJA")}
        return subprocess.Popen([DEJA, "run", *map(str, [*self.where(), *options]), "--", "/bin/sh", "-c",
                                 f"echo x >>'{self.ran}'; {script}"], cwd=self.work, env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def finish(self, process, status=0):
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, status, out + err)
        return out, err

    def test_sixteen_at_once_compute_it_once(self):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            done = list(pool.map(lambda _: self.shell("sleep 0.3; echo said"), range(16)))
        self.assertEqual({d.stdout for d in done}, {"said\n"})
        self.assertEqual(self.runs(), 1)

    def test_sixteen_different_at_once(self):
        def one(n):
            script = f"echo {n}"
            return [self.shell(script).stdout for _ in range(2)]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for n, said in enumerate(pool.map(one, range(16))):
                self.assertEqual(said, [f"{n}\n"] * 2)
        self.assertEqual(self.runs(), 16)

    def test_output_streams_through_live(self):
        process = self.start("echo first; read -r line <go; echo second")
        os.mkfifo(self.work / "go")
        self.assertEqual(process.stdout.readline(), "first\n")
        (self.work / "go").write_text("now\n")
        self.assertEqual(self.finish(process)[0], "second\n")

    def test_signals_reach_the_command(self):
        process = self.start("trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.1; done")
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(process, 7)[0], "caught\n")
        process = self.start("echo ready; exec sleep 60")
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGINT)
        self.finish(process, 130)

    def test_a_killed_holder_is_followed_by_a_waiter(self):
        os.mkfifo(self.work / "go")
        holder = self.start("echo ready; read -r line <go; echo done")
        self.assertEqual(holder.stdout.readline(), "ready\n")
        waiter = self.start("echo ready; read -r line <go; echo done")
        holder.kill()
        holder.communicate()
        until(lambda: self.runs() == 2, "the waiter takes over", 60)
        (self.work / "go").write_text("now\n")
        self.assertEqual(self.finish(waiter)[0], "ready\ndone\n")

    until_go = "echo ready; until test -e go; do sleep 0.05; done; echo done"

    def waits_after(self, end, script=until_go):
        """How long a waiter still waits for a holder to which this is done."""
        holder = self.start(script, start_new_session=True)
        self.addCleanup(holder.communicate)
        self.addCleanup(os.killpg, holder.pid, signal.SIGKILL)
        self.assertEqual(holder.stdout.readline(), "ready\n")
        waiter = self.start(script)
        until(lambda: "waiting" in waiter.stderr.readline(), "it waits")
        start = time.monotonic()
        end(holder)
        until(lambda: self.runs() == 2, "the waiter takes over", 60)
        seconds = time.monotonic() - start
        (self.work / "go").touch()
        self.finish(waiter)
        return seconds

    def test_a_killed_holder_is_followed_at_once(self):
        self.assertLess(self.waits_after(lambda holder: holder.kill()), LEASE - HEARTBEAT - 0.5)
        (left,) = (self.data / "holders").iterdir()
        os.utime(left, (0, 0))
        self.shell("echo another") # clears away what was left long ago
        self.assertEqual(list((self.data / "holders").iterdir()), [])

    def test_who_comes_after_a_holder_was_killed_does_not_wait(self):
        holder = self.start(self.until_go, start_new_session=True)
        self.addCleanup(holder.communicate)
        self.assertEqual(holder.stdout.readline(), "ready\n")
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait()
        (self.work / "go").touch()
        self.shell("echo another") # meanwhile
        start = time.monotonic()
        self.assertEqual(self.finish(self.start(self.until_go))[0], "ready\ndone\n")
        self.assertLess(time.monotonic() - start, LEASE - HEARTBEAT - 0.5)

    def test_a_frozen_holder_keeps_its_reservation_to_the_end(self):
        self.assertGreater(self.waits_after(lambda holder: holder.send_signal(signal.SIGSTOP)),
                           LEASE - HEARTBEAT - 0.5)

    def test_what_a_killed_holder_leaves_running_keeps_its_reservation_to_the_end(self):
        self.assertGreater(self.waits_after(lambda holder: holder.kill(), f"({self.until_go}); exit"),
                           LEASE - HEARTBEAT - 0.5)

    def test_no_wait_computes_beside_the_holder(self):
        os.mkfifo(self.work / "go")
        holder = self.start("read -r line <go; echo done")
        until(lambda: self.runs() == 1, "it runs")
        beside = self.start("read -r line <go; echo done", "--no-wait")
        until(lambda: self.runs() == 2, "both run")
        with open(self.work / "go", "w") as go:
            go.write("now\nnow\n" * 2)
            go.flush()
            for process in holder, beside:
                self.assertEqual(self.finish(process)[0], "done\n")

    def test_a_command_within_itself_does_not_wait_for_itself(self):
        inner = f"{DEJA} run --data {self.data} -- /bin/sh -c \"$0\" \"$0\""
        script = f"echo x >>'{self.ran}'; test $(wc -l <'{self.ran}') -ge 2 || {inner}"
        self.deja("run", *self.where(), "--", "/bin/sh", "-c", script, script)
        self.assertEqual(self.runs(), 2)

    def test_children_left_behind_do_not_hold_it_up(self):
        start = time.monotonic()
        self.shell("sleep 30 & echo said")
        self.assertLess(time.monotonic() - start, 15)


if __name__ == "__main__":
    unittest.main(verbosity=2)
