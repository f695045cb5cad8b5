"""The work queues beside a plain loop over the same classes, and a single item's way."""

import json

from figures import output_of

MOST_P50 = {"0": 70, "1000": 130}  # microseconds, by those of silence before
SILENCE = {"0": "back to back", "1000": "after 1 ms of silence"}


def measure(figures, programs, _):
    for _ in figures.each_round("queues"):
        wanted = "^((upload|download)(_plainly)?/real_time|download_one/.*)$"
        told = output_of(programs / "deja_bench", f"--benchmark_filter={wanted}",
                         "--benchmark_min_time=0.1", "--benchmark_format=json")
        found = {one["name"]: one for one in json.loads(told)["benchmarks"]}
        rate = {name: one["items_per_second"] for name, one in found.items()
                if name.endswith("/real_time")}
        for which in ("download", "upload"):
            figures.add(f"queue: {which}s", "items/s", rate[f"{which}/real_time"], "plain loop",
                        rate[f"{which}_plainly/real_time"], at_least=0.75)
        for silence, words in SILENCE.items():
            one = found[f"download_one/{silence}/manual_time"]
            figures.add(f"queue: one item {words}, p50", "us", one["p50_us"],
                        at_most=MOST_P50[silence])
            figures.add(f"queue: one item {words}, p99", "us", one["p99_us"], at_most=400)
