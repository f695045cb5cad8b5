"""Figures of Deja, most of them beside a limit or a peer that was measured in the same round."""

import statistics
import subprocess
import sys


class Figure:
    """One measure: a value for each round, and where there is a limit its value in that round."""

    def __init__(self, what, unit, beside, at_least, at_most):
        self.what, self.unit, self.beside = what, unit, beside
        self.at_least, self.at_most = at_least, at_most
        self.values, self.limits = [], []

    def judged(self):
        """What is wanted of: the ratios where there is a limit, else the values."""
        if self.beside:
            return [value / limit for value, limit in zip(self.values, self.limits)]
        return self.values

    def wanted(self):
        if self.at_least is not None:
            return f"≥ {number(self.at_least)}"
        return f"≤ {number(self.at_most)}" if self.at_most is not None else ""

    def met(self):
        """None where nothing is wanted."""
        median = statistics.median(self.judged())
        if self.at_least is not None:
            return median >= self.at_least
        return median <= self.at_most if self.at_most is not None else None

    def cells(self):
        judged = self.judged()
        spread = f"({number(min(judged))}–{number(max(judged))})"
        value = f"{number(statistics.median(self.values))} {self.unit}"
        wanted = self.wanted() + ("" if self.met() in (None, True) else " **missed**")
        if not self.beside:
            return [self.what, f"{value} {spread}", "", "", wanted]
        limit = f"{self.beside}: {number(statistics.median(self.limits))}"
        return [self.what, value, limit, f"{number(statistics.median(judged))} {spread}", wanted]

    def as_json(self):
        told = {"what": self.what, "unit": self.unit, "deja": self.values, "wanted": self.wanted(),
                "met": self.met()}
        if self.beside:
            told |= {"beside": self.beside, "limit": self.limits, "ratios": self.judged()}
        return told


class Figures:
    """All of them, in the order in which they were first seen."""

    HEADS = ["", "Deja", "beside", "ratio", "wanted"]

    def __init__(self, rounds):
        self.rounds = rounds
        self.all = {}

    def each_round(self, part):
        """The rounds' numbers, told as they begin."""
        for number_of in range(self.rounds):
            print(f"{part}: round {number_of + 1} of {self.rounds}", file=sys.stderr, flush=True)
            yield number_of

    def add(self, what, unit, value, beside=None, limit=None, at_least=None, at_most=None):
        """A round's value of `what`, and of the limit `beside` which it stands."""
        figure = self.all.setdefault(what, Figure(what, unit, beside, at_least, at_most))
        figure.values.append(value)
        if beside:
            figure.limits.append(limit)

    def table(self):
        """In Markdown, its columns as wide as their cells."""
        rows = [self.HEADS, *(figure.cells() for figure in self.all.values())]
        widths = [max(len(row[at]) for row in rows) for at in range(len(self.HEADS))]
        lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
                 for row in rows]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join(lines)

    def as_json(self):
        return [figure.as_json() for figure in self.all.values()]


def number(value):
    """To three digits."""
    size = abs(value)
    if size >= 1000:
        return f"{round(value, -max(0, len(str(int(size))) - 3)):,.0f}"
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def output_of(*command, **options):
    """What a program prints; its own words on a failure."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout
