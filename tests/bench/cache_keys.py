"""Cache keys beside their floor, the same SHA-256 inputs hashed in a plain loop."""

import json

from figures import output_of

TASKS = {"typical": "a typical task", "fifty_inputs": "50 inputs",
         "integers_1000": "1,000 integers", "integers_100000": "100,000 integers",
         "map_1000": "a map of 1,000", "structs": "10 structs", "text_1mb": "1 MB of text"}
MOST_OF_LISTS = {"integers_1000": 1.15, "integers_100000": 1.15}


def measure(figures, programs, _seconds):
    for _ in figures.each_round("keys"):
        told = output_of(programs / "deja_bench", "--benchmark_filter=^(cold|reused)/",
                         "--benchmark_format=json")
        for one in json.loads(told)["benchmarks"]:
            how, which = one["name"].split("/")[:2]
            threads = "1 thread" if one["threads"] == 1 else f"{one['threads']} threads"
            cold = "cold, " if how == "cold" else ""
            figures.add(f"key: {TASKS[which]}, {cold}{threads}", "us", one["key_us"], "floor",
                        one["floor_us"], at_most=MOST_OF_LISTS.get(which, 1.4))
