"""`deja run --depfile` with a real compiler: a C++ program of many files, built again and again."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from deja import Case

FILES = 30
GROUPS = 5


class Program(Case):
    """Sources `part00.cc` … in `src`. Each includes `all.h` by a relative path, a header of its group
    with a blank in its name by -I, and one with an odd name where it is the first of its group."""

    def setUp(self):
        super().setUp()
        self.write("include/all.h", '#pragma once\n#include "deep.h"\n')
        self.write("include/deep.h", "#pragma once\n#define DEEP 1\n")
        self.write("include/odd#$ name.h", "#define ODD 1\n")
        for group in range(GROUPS):
            self.write(f"include/group {group}.h", f"#pragma once\n#define GROUP {group}\n")
        for number in range(FILES):
            group = number % GROUPS
            odd = '#include "odd#$ name.h"\n' if number < GROUPS else ""
            self.write(f"src/part{number:02}.cc",
                       f'#include "../include/all.h"\n#include <group {group}.h>\n#include <stddef.h>\n{odd}'
                       f"int part{number}() {{ return DEEP * 100 + GROUP + (int)sizeof(size_t) * {number}; }}\n")
        calls = "".join(f" + part{number}()" for number in range(FILES))
        declared = "".join(f"int part{number}();\n" for number in range(FILES))
        self.write("src/main.cc", f"{declared}int main() {{ return (0{calls}) % 251; }}\n")
        self.names = sorted(path.stem for path in (self.work / "src").iterdir())

    def write(self, name, text):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @staticmethod
    def compiler(name):
        return ["g++", "-Iinclude", "-MD", "-MP", "-MF", f"build/{name}.d", "-c", f"src/{name}.cc",
                "-o", f"build/{name}.o"]

    def wipe(self):
        shutil.rmtree(self.work / "build", ignore_errors=True)
        (self.work / "build").mkdir()

    def compile(self, name, *options, **more):
        report = self.folder / f"report-{name}"
        report.unlink(missing_ok=True)
        where = () if "env" in more else ("--data", self.data)
        done = self.deja("run", *where, "-i", f"src/{name}.cc", "-o", f"build/{name}.o",
                         "-o", f"build/{name}.d", "--depfile", f"build/{name}.d", "--report", report,
                         *options, "--", *self.compiler(name), **more)
        self.assertEqual(done.stdout, "")
        return json.loads(report.read_text())["outcome"], done.stderr

    def build(self, *options, **more):
        """Builds it all from a wiped folder: which parts were computed; the others were hits."""
        self.wipe()
        computed = set()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for name, (outcome, said) in zip(self.names, pool.map(
                    lambda one: self.compile(one, *options, **more), self.names)):
                self.assertEqual(said, "")
                self.assertIn(outcome, ["hit", "computed_and_stored"], name)
                if outcome != "hit":
                    computed.add(name)
        return computed

    def products(self):
        """All that was built, with the program that is linked of it."""
        objects = [f"build/{name}.o" for name in self.names]
        subprocess.run(["g++", *objects, "-o", "build/program"], cwd=self.work, check=True)
        return {path.name: path.read_bytes() for path in (self.work / "build").iterdir()}

    def clean_build(self):
        """The same without Deja."""
        self.wipe()
        for name in self.names:
            subprocess.run(self.compiler(name), cwd=self.work, check=True)
        return self.products()

    def parts_of(self, group):
        return {f"part{number:02}" for number in range(FILES) if number % GROUPS == group}

    def all_parts(self):
        return {name for name in self.names if name != "main"}


class Depfile(Program):
    def test_a_program_is_built_again_as_a_clean_build_would(self):
        self.assertEqual(self.build(), set(self.names))
        first = self.products()
        self.assertEqual(self.build(), set())
        self.assertEqual(self.products(), first)
        self.assertEqual(self.clean_build(), first)

        # A header that one group includes, then one that reaches all through another.
        self.write("include/group 2.h", "#pragma once\n#define GROUP 77\n")
        self.assertEqual(self.build(), self.parts_of(2))
        edited = self.products()
        self.assertNotEqual(edited["part02.o"], first["part02.o"])
        self.assertEqual(self.clean_build(), edited)
        self.write("include/deep.h", "#pragma once\n#define DEEP 2\n")
        self.assertEqual(self.build(), self.all_parts())
        self.assertEqual(self.build(), set())

        # Back again: the states from before are remembered still.
        self.write("include/deep.h", "#pragma once\n#define DEEP 1\n")
        self.assertEqual(self.build(), set())
        self.assertEqual(self.products(), edited)
        self.write("include/group 2.h", "#pragma once\n#define GROUP 2\n")
        self.assertEqual(self.build(), set())
        self.assertEqual(self.products(), first)

    def test_through_a_service_as_well(self):
        self.names = self.names[:4]
        env = {"DEJA_SERVER": self.service().url}
        self.assertEqual(self.build(env=env), set(self.names))
        self.write("include/deep.h", "#pragma once\n#define DEEP 2\n")
        self.assertEqual(self.build(env=env), self.all_parts())
        self.write("include/deep.h", "#pragma once\n#define DEEP 1\n")
        self.assertEqual(self.build(env=env), set())

    def test_names_that_make_escapes_are_followed(self):
        self.wipe()
        self.assertEqual(self.compile("part00")[0], "computed_and_stored")
        self.write("include/odd#$ name.h", "#define ODD 2\n")
        outcome, said = self.compile("part00", "--explain")
        self.assertEqual(outcome, "computed_and_stored")
        self.assert_one_line(said, "miss", "differs in include/odd#$ name.h")

    def test_checkouts_below_their_roots_share(self):
        self.names = ["main", "part00"]
        self.assertEqual(self.build("--root", self.work), set(self.names))
        shutil.copytree(self.work, self.folder / "other")
        self.work = self.folder / "other"
        self.assertEqual(self.build("--root", self.work), set())
        self.write("include/deep.h", "#pragma once\n#define DEEP 2\n")
        self.assertEqual(self.build("--root", self.work), {"part00"})

    def test_a_header_that_changes_while_it_is_compiled_is_told(self):
        self.wipe()
        script = " ".join(f"'{word}'" for word in self.compiler("part00"))
        for _ in range(2):
            done = self.deja("run", "--data", self.data, "-i", "src/part00.cc", "-o", "build/part00.o",
                             "-o", "build/part00.d", "--depfile", "build/part00.d", "--report",
                             self.folder / "report", "--", "/bin/sh", "-c",
                             f"{script} && echo '#define DEEP 3' >include/deep.h")
            self.assert_one_line(done.stderr, "include/deep.h", "not remembered")
            self.assertTrue((self.work / "build/part00.o").exists())
        lines = (self.folder / "report").read_text().splitlines()
        self.assertEqual([json.loads(line)["outcome"] for line in lines], ["not_stored"] * 2)

    def test_a_depfile_from_before_is_not_taken_for_this_runs(self):
        self.write("old.d", "out: include/all.h\n")
        done = self.deja("run", "--data", self.data, "-o", "out", "--depfile", "old.d", "--", "touch", "out")
        self.assert_one_line(done.stderr, "old.d", "did not write")
        self.assertTrue((self.work / "out").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
