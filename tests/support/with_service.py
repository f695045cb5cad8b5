#!/usr/bin/env python3
"""Runs a command beside a `deja serve` of its own: with_service.py DEJA COMMAND ARG...

The service gets a free port and a temporary folder; the command finds its address in SERVICE_URL.
The exit status is the command's, or 1 where the service did not start or did not end in peace.
"""

import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import time


def main(deja, command):
    with tempfile.TemporaryDirectory() as folder:
        port_file = pathlib.Path(folder, "port")
        service = subprocess.Popen(
            [deja, "serve", "--listen", "127.0.0.1:0", "--data", f"{folder}/data",
             "--port-file", str(port_file)])
        try:
            deadline = time.monotonic() + 20
            while not port_file.exists():
                if service.poll() is not None or time.monotonic() > deadline:
                    print("the service did not start", file=sys.stderr)
                    return 1
                select.select([], [], [], 0.01)
            url = f"http://127.0.0.1:{port_file.read_text().strip()}"
            status = subprocess.run(command, env={**os.environ, "SERVICE_URL": url}).returncode
            service.send_signal(signal.SIGTERM)
            try:
                ended = service.wait(timeout=5)
            except subprocess.TimeoutExpired:
                print("the service did not end within 5 s of SIGTERM", file=sys.stderr)
                return 1
            if ended != 0:
                print(f"the service ended with {ended}", file=sys.stderr)
            return status or (1 if ended else 0)
        finally:
            if service.poll() is None:
                service.kill()
                service.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
