"""A PostgreSQL server of the test's own, on a socket in a folder of its own."""

import os
import pathlib
import pwd
import signal
import subprocess
import tempfile

from deja import until

PROGRAMS = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=None)


class Postgres:
    """Runs as nobody where the test runs as root, as which it refuses to run."""

    def __init__(self, of=None, durable=False):
        """Empty, or a standby of another. It survives a power loss only where that is asked for."""
        self.durable = durable
        self.temporary = tempfile.TemporaryDirectory(prefix="deja-test-")
        self.folder = pathlib.Path(self.temporary.name)
        self.data = self.folder / "data"
        self.url = f"postgresql:///postgres?user=deja&host={self.folder}"
        self.process = None
        self.give(self.folder)
        if of:
            self.run("pg_basebackup", "-h", of.folder, "-U", "deja", "-D", self.data, "-R", "-X",
                     "stream", "-c", "fast", "--no-sync")
        else:
            self.run("initdb", "-D", self.data, "-U", "deja", "-A", "trust", "-E", "UTF8",
                     "--locale=C", "--no-sync")

    def give(self, folder):
        """Makes a folder the server's."""
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def command(self, program, *arguments):
        as_nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        return [*(as_nobody if os.geteuid() == 0 else []), str(PROGRAMS / program),
                *map(str, arguments)]

    def run(self, program, *arguments):
        return subprocess.run(self.command(program, *arguments), check=True, cwd="/",
                              capture_output=True, text=True).stdout

    def sql(self, text):
        """The rows as psql prints them without decoration."""
        return self.run("psql", "-h", self.folder, "-U", "deja", "-At", "-c", text, "postgres")

    def start(self):
        def is_up():
            # A new one ends at once as long as there is something left of one that was killed.
            if self.process is None or self.process.poll() is not None:
                with open(self.folder / "log", "ab") as log:
                    self.process = subprocess.Popen(
                        self.command("postgres", "-D", self.data, "-k", self.folder, "-h", "", "-c",
                                     f"fsync={'on' if self.durable else 'off'}"), stdout=log, stderr=log, cwd="/")
            ready = self.command("pg_isready", "-q", "-h", self.folder, "-U", "deja")
            return subprocess.run(ready, cwd="/").returncode == 0

        until(is_up, "PostgreSQL starts")
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def lock_tables(self):
        """A session that holds all of our tables until it is closed: whoever writes waits."""
        session = subprocess.Popen(
            self.command("psql", "-q", "-h", self.folder, "-U", "deja", "postgres"), cwd="/",
            stdin=subprocess.PIPE, text=True)
        session.stdin.write("BEGIN; LOCK TABLE deja_item;\n")
        session.stdin.flush()
        held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
        until(lambda: self.sql(held) != "0\n", "the tables are locked")
        return session

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # it does not wait for its clients
            self.process.wait()

    def close(self):
        self.stop()
        self.temporary.cleanup()
