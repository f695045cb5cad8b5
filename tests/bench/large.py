"""A service with ten million entries beside one with ten thousand: Gets of ten thousand keys that
are asked for again and again, and of keys all over; how soon it is ready, and what it takes."""

import contextlib
import pathlib
import shutil
import tempfile

import at_rest
import service_calls
from deja import Service
from figures import output_of
from service_calls import KEYS

CONNECTIONS = 64
BYTES_AN_ENTRY = 600  # on disk, while it is filled


def entry_in(service):
    """One that both services have, without the times of its put."""
    scope = {"org": "org", "project": "project", "domain": "development"}
    status, told = service.call("Get", {"key": service_calls.key(0)}, scope)
    if status != 200:
        raise SystemExit(f"an entry that was put is not there: {status} {told}")
    for time in ("createdAt", "lastUpdatedAt"):
        del told["output"]["metadata"][time]
    return told


def check_space(folder, entries):
    free = shutil.disk_usage(folder).free
    if free < entries * BYTES_AN_ENTRY:
        raise SystemExit(f"{entries} entries take some {entries * BYTES_AN_ENTRY / 1e9:.1f} GB; "
                         f"{folder} has {free / 1e9:.1f} GB left: --entries, or TMPDIR")


def measure(figures, programs, seconds, entries):
    what = f"large, {entries:,} entries"
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        check_space(folder, entries)
        data = pathlib.Path(folder, "large")
        output_of(programs / "deja_fill_index", data, entries)
        small = Service(pathlib.Path(folder, "small"))
        running.callback(small.stop)
        service_calls.put_known(small)
        for number in figures.each_round("large"):
            with contextlib.ExitStack() as this_round:
                service, took = at_rest.start(data)
                this_round.callback(service.stop)
                if entry_in(service) != entry_in(small):
                    raise SystemExit("the entries are not those of a put")
                at_rest.add_start(figures, service, took, what)
                for call, words, wanted in (("get", f"{KEYS:,} of them", 0.7),
                                            ("get_any", "keys all over", 0.4)):
                    limit = service_calls.rate(small, "get", CONNECTIONS, seconds)
                    rate = service_calls.rate(service, call, CONNECTIONS, seconds, number, entries)
                    figures.add(f"{what}: Get of {words} at {CONNECTIONS}", "/s", rate,
                                f"with {KEYS:,}", limit, at_least=wanted)
                at_rest.add_rest(figures, service, what)
