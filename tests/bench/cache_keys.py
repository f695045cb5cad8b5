"""Cache keys beside their floor, the same SHA-256 inputs hashed in a plain loop."""

import json

from figures import output_of

LISTS = ("integers_1000", "integers_100000", "map_1000")


def measure(figures, programs, _):
    for _ in figures.each_round("keys"):
        told = output_of(programs / "deja_bench", "--benchmark_filter=^(cold|reused)/",
                         "--benchmark_format=json")
        for one in json.loads(told)["benchmarks"]:
            how, which = one["name"].split("/")[:2]
            task = "" if how == "cold" else ", task part reused"
            figures.add(f"key: {which}{task}, threads: {one['threads']}", "us", one["key_us"],
                        "floor", one["floor_us"], at_most=1.15 if which in LISTS else 1.4)
