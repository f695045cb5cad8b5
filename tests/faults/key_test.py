"""`deja key` from outside."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import DEJA, Case

VECTORS = pathlib.Path(__file__).parents[1] / "messages" / "vectors"


class Key(Case):
    def answers(self, text):
        """What the program writes for these lines."""
        lines = self.deja("key", "--jsonl", input=text).stdout.split("\n")
        self.assertEqual(lines.pop(), "")
        return [json.loads(line) for line in lines]

    def test_makes_the_keys_that_flyte_makes(self):
        lines = "".join(file.read_text() for file in sorted(VECTORS.glob("*.jsonl")))
        vectors = [json.loads(line) for line in lines.split("\n")[:-1]]
        self.assertGreater(len(vectors), 0)
        answers = self.answers(lines)
        self.assertEqual(len(answers), len(vectors))
        for vector, answer in zip(vectors, answers):
            if "key" in vector:
                self.assertEqual(answer, {"key": vector["key"]})
            else:
                self.assertEqual(set(answer), {"error", "code"})
                self.assertEqual(answer["code"], "invalid_argument")

    def test_answers_each_line_also_after_a_wrong_one(self):
        good = '{"identifier":"","interface":"","inputs":""}'
        answers = self.answers(f"{good}\nnonsense\n\n[1]\n{good}")
        self.assertEqual(["key" in answer for answer in answers], [True, False, False, False, True])

    def test_answers_nothing_with_nothing(self):
        self.assertEqual(self.answers(""), [])

    def test_what_is_no_utf_8_is_an_error_of_ours_alone(self):
        done = self.deja("key", "--jsonl",
                         input='{"identifier":"IgH/","interface":"","inputs":""}\n')
        self.assertEqual(json.loads(done.stdout)["code"], "invalid_argument")
        self.assertEqual(done.stderr, "")

    def test_wrong_usage_exits_with_2(self):
        for arguments, named in [([], "TASK"), (["--nope"], "--nope"), (["--jsonl", "--nope"], "--nope"),
                                 (["--jsonl", "file"], "--jsonl"), (["--diff", "file"], "--diff"),
                                 (["file", "--diff", "a", "b"], "--diff"), (["--jsonl", "--json"], "--json")]:
            done = self.deja("key", *arguments, status=2, input="{}\n")
            self.assertEqual(done.stdout, "")
            self.assert_one_line(done.stderr, named, "deja key --help")

    def test_keys_that_cannot_be_written_are_a_failure(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([DEJA, "key", "--jsonl"], input="{}\n", stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assert_one_line(done.stderr, "cannot write")


TASK = {
    "identifier": {"resourceType": "TASK", "project": "p", "domain": "d", "name": "train", "version": "v7"},
    "interface": {"inputs": {"variables": [{"key": "x", "value": {"type": {"simple": "INTEGER"}}}]}},
    "inputs": {"literals": {"x": {"scalar": {"primitive": {"integer": "1"}}},
                            "y": {"hash": "abc", "scalar": {"primitive": {"stringValue": "s"}}},
                            "seed": {"scalar": {"primitive": {"integer": "7"}}}}},
    "cache_version": "1.0", "cache_ignore_input_vars": ["seed"]}


class TaskFiles(Case):
    def write(self, name, **changes):
        (self.work / name).write_text(json.dumps({**TASK, **changes}))

    def inputs(self, **values):
        return {"literals": {name: {"scalar": {"primitive": {"integer": str(value)}}}
                             for name, value in values.items()}}

    def test_a_task_is_shown_with_what_went_into_each_part(self):
        self.write("a.json")
        shown = self.deja("key", "a.json").stdout
        told = json.loads(self.deja("key", "--json", "a.json").stdout)
        self.assertEqual(shown.split("\n")[0].split()[1], told["key"])
        for words in ["resource_type    TASK", "v7  (not in the key)", "stands for it", "ignored by"]:
            self.assertIn(words, shown)
        self.assertEqual({i["name"]: i["counts_by"] for i in told["inputs"]["values"]},
                         {"seed": "ignored", "x": "value", "y": "hash"})
        for part in told["identifier"], told["interface"]["inputs"], told["interface"]["outputs"], told["inputs"]:
            self.assertIn(part["hash"], told["key"])

    def test_two_tasks_are_compared_part_by_part(self):
        self.write("a.json")
        self.write("b.json", inputs=self.inputs(x=2, seed=8, more=1), cache_version="1.1")
        done = self.deja("key", "--diff", "a.json", "b.json", status=1)
        self.assertEqual([line.split() for line in done.stdout.splitlines()],
                         [["inputs", "x", "differs"], ["inputs", "y", "only", "in", "a.json"],
                          ["inputs", "more", "only", "in", "b.json"], ["cache", "version", "differs"]])
        told = json.loads(self.deja("key", "--diff", "a.json", "b.json", "--json", status=1).stdout)
        self.assertEqual((told["same"], len(told["differences"])), (False, 4))

    def test_what_is_not_in_the_key_makes_no_difference(self):
        self.write("a.json")
        self.write("b.json", identifier={**TASK["identifier"], "version": "v8"})
        self.assertIn("the same key: ", self.deja("key", "--diff", "a.json", "b.json").stdout)

    def test_what_can_not_be_read_is_told(self):
        self.write("a.json")
        (self.work / "bad.json").write_bytes(b'{"inputs": {"literals":\n {"x": {"hash": "\xff"}}}}')
        self.write("none.json", inputs=None)
        for file, words in [("bad.json", "line 2, column 18, in inputs.literals.x.hash"),
                            ("absent.json", "No such file"), ("none.json", "no inputs are given")]:
            self.assert_one_line(self.deja("key", file, status=1).stderr, file, words)
            for pair in [("a.json", file), (file, "a.json")]:
                self.assert_one_line(self.deja("key", "--diff", *pair, status=2).stderr, file, words)


if __name__ == "__main__":
    unittest.main(verbosity=2)
