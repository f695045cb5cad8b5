"""The work queues beside a plain loop over the same classes, and a single item's way."""

import json

from figures import output_of

MOST_P50 = {"0": 70, "1000": 130}  # microseconds, by those of silence before
SILENCE = {"0": "back to back", "1000": "after 1 ms of silence"}


def measure(figures, programs, _seconds):
    for _ in figures.each_round("queues"):
        told = output_of(programs / "deja_bench", "--benchmark_min_time=1",
                         "--benchmark_filter=^(upload|download)(_plainly|_one)?/",
                         "--benchmark_format=json")
        found = {tuple(one["name"].split("/")): one for one in json.loads(told)["benchmarks"]}
        rate = {name[0]: one.get("items_per_second") for name, one in found.items()}
        for which in ("download", "upload"):
            figures.add(f"queue: {which}s", "items/s", rate[which], "plain loop",
                        rate[f"{which}_plainly"], at_least=0.75)
        for silence, words in SILENCE.items():
            one = next(one for name, one in found.items() if name[:2] == ("download_one", silence))
            figures.add(f"queue: one item {words}, p50", "us", one["p50_us"],
                        at_most=MOST_P50[silence])
            figures.add(f"queue: one item {words}, p99", "us", one["p99_us"], at_most=400)
