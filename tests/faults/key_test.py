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
        for arguments in [[], ["--nope"], ["--jsonl", "--nope"], ["--jsonl", "file"]]:
            done = self.deja("key", *arguments, status=2, input="{}\n")
            self.assertEqual(done.stdout, "")
            self.assert_one_line(done.stderr, "deja key --help")

    def test_keys_that_cannot_be_written_are_a_failure(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([DEJA, "key", "--jsonl"], input="{}\n", stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assert_one_line(done.stderr, "cannot write")


if __name__ == "__main__":
    unittest.main(verbosity=2)
