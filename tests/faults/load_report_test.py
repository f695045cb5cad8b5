"""The report on load runs as a browser sees it."""

import html.parser
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import Case

EVIL = "\"'><script>document.title = 'owned'</script><img src=x onerror=alert(1)> 記憶"
PLOTS = ["Latency", "Latency by percentile", "Latency distribution", "Throughput", "Errors",
         "Traffic", "CPU", "Memory", "Rates tried for p99=20ms"]


def latency(count, stalled):
    """A fifth of the requests are stalled, by up to 200 ms."""
    buckets = [[100 + 10 * at, count // 20] for at in range(16)]
    if stalled:
        buckets += [[50_000 * at, count // 20] for at in range(1, 5)]
    last = buckets[-1][0]
    return {"count": count, "min": 90, "mean": 20_000, "max": last, "p50": 150, "p75": 230,
            "p90": last, "p99": last, "p99_9": last, "p99_99": last, "buckets": buckets}


def second(at, stalled):
    slowest = 200_000 if stalled else 300
    return {"t": at, "due": 1000, "requests": 1000, "ok": 990, "errors": {"unavailable": 10},
            "wrong": 0, "p50": 150 + at % 7, "p90": slowest // 2, "p99": slowest,
            "p99_9": slowest, "max": slowest, "bytes_sent": 260_000, "bytes_received": 310_000,
            "harness_cpu": 0.3, "service_cpu": 0.5, "service_rss": 25_000_000}


def run(name="mix", stalled=True):
    return {
        "deja_load": 1, "name": name, "started": "2026-11-25T18:00:00Z",
        "target": "http://127.0.0.1:8094", "seed": 1, "interrupted": False,
        "service": {"name": "deja 0.1.0", "extension": True, "local_pid": 1},
        "machine": {"cpu": "AMD EPYC", "cores": 2, "kernel": "Linux 6.1", "deja": "0.1.0"},
        "settings": {"mix": {"get": 9, "put": 1}, "connections": 16, "loop": "open",
                     "arrivals": "poisson", "duration_s": 30, "keys": 10000,
                     "key_distribution": "uniform", "value_size": "fixed:250", "batch": 1,
                     "encoding": "proto"},
        "phases": [{"from_s": 0, "to_s": 30, "rate": 1000, "achieved": 1000}],
        "totals": {"duration_s": 30, "due": 30000, "requests": 30000, "ok": 29700, "rate": 990,
                   "bytes_sent": 7_800_000, "bytes_received": 9_300_000,
                   "errors": {"unavailable": 300}, "wrong": 0},
        "latency": {"all": latency(30000, stalled), "get": latency(27000, stalled),
                    "put": latency(3000, stalled)},
        "seconds": [second(at, stalled) for at in range(1, 31)],
        "cpu": {"harness": 0.3, "service": 0.5}, "service_rss": 25_000_000,
        "outages": [{"from_s": 3.5, "to_s": 4.5, "code": "unavailable", "requests": 10}],
        "violations": [], "warnings": ["a warning"],
        "goal": {"goal": "p99=20ms", "limit_rate": 12000,
                 "probes": [{"rate": 1000, "met": True, "latency": 900},
                            {"rate": 20000, "met": False, "latency": 90_000}]}}


class Elements(html.parser.HTMLParser):
    """The elements of a page, each as its name, attributes and text."""

    def __init__(self, page):
        super().__init__()
        self.all = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.all.append([tag, dict(attributes), ""])

    def handle_data(self, data):
        if self.all:
            self.all[-1][2] += data

    def named(self, tag):
        return [one for one in self.all if one[0] == tag]

    def of_class(self, name):
        return [one for one in self.all if name in (one[1].get("class") or "").split()]


class Report(Case):
    def page_of(self, *runs):
        files = []
        for one in runs:
            files.append(self.folder / f"{len(files)}.json")
            files[-1].write_text(json.dumps(one))
        page = self.folder / "report.html"
        self.deja("load", "--compare", *files, "--report", page)
        return page.read_text()

    def seen(self, page):
        """The page's elements in the browser, and what its console says."""
        file = self.folder / "report.html"
        file.write_text(page)
        done = subprocess.run(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-dev-shm-usage", "--disable-background-networking",
             f"--user-data-dir={self.folder / 'profile'}", "--enable-logging=stderr",
             "--dump-dom", file.as_uri()], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return (Elements(done.stdout),
                [line for line in done.stderr.splitlines() if "CONSOLE" in line])

    def assert_plots(self, elements, titles):
        described = {one[1]["id"]: one[2] for one in elements.named("title") + elements.named("desc")
                     if "id" in one[1]}
        drawings = elements.of_class("drawing")
        self.assertEqual([described[one[1]["aria-labelledby"]] for one in drawings], titles)
        for one in drawings:
            self.assertIn("from ", described[one[1]["aria-describedby"]])

    def test_of_a_run_has_all_plots_with_their_values(self):
        elements, console = self.seen(self.page_of(run()))
        self.assertEqual(console, [])
        self.assert_plots(elements, PLOTS)
        values = [one[1]["data-values"] for one in elements.named("rect")
                  if "data-values" in one[1]]
        self.assertIn("29 s\nmax: 200 ms\np99.9: 200 ms\np99: 200 ms\np90: 100 ms\np50: 151 µs",
                      values)
        self.assertIn("4 s\nanswered: 990/s\ndue: 1,000/s\noutage: unavailable", values)

    def test_of_two_runs_lays_them_over_each_other(self):
        elements, console = self.seen(self.page_of(run("slow"), run("quick", stalled=False)))
        self.assertEqual(console, [])
        for colour in ("s0", "s1"):
            self.assertGreaterEqual(
                len([one for one in elements.named("path") if colour in one[1]["class"].split()]), 10)
        self.assertIn("×0.00", "".join(one[2] for one in elements.named("small")))

    def test_of_evil_names_has_no_more_elements(self):
        evil = run(EVIL) | {"target": EVIL, "warnings": [EVIL]}
        elements, console = self.seen(self.page_of(evil))
        self.assertEqual(console, [])
        self.assertEqual(len(elements.named("script")), 1)
        self.assertEqual(elements.named("img"), [])
        self.assertIn(EVIL, elements.named("title")[0][2])

    def test_runs_no_script_but_its_own(self):
        added = "<script>document.title = 'owned'</script></body>"
        elements, console = self.seen(self.page_of(run()).replace("</body>", added))
        self.assertEqual(len(console), 1)
        self.assertIn("Content Security Policy", console[0])
        self.assertEqual(elements.named("title")[0][2].strip(), "deja load: mix")


if __name__ == "__main__":
    unittest.main()
