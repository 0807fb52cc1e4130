"""Rounds of programs that take turns, and what they say of each other: for tools/bench-vs-pytorch and tools/gpu-run."""

import statistics


def ratios(theirs, ours):
    """How many times as long theirs took, round by round."""
    return [a / b for a, b in zip(theirs, ours)]


def spread(values):
    """(median, least, greatest)."""
    return statistics.median(values), min(values), max(values)


def fastest(results, group):
    """Of the results of a group the one with the least median of "seconds"."""
    return min((result for result in results if result["group"] == group),
               key=lambda result: statistics.median(result["seconds"]))


def fastest_of(sides, who, precision):
    """Of a program's configurations that compute in this precision the one with the least median; None: there is none."""
    chosen = [side for side in sides if side["who"] == who and side["precision"] == precision]
    return min(chosen, key=lambda side: statistics.median(side["seconds"]), default=None)


def digits(value):
    """Three or four of them: 0.123, 1.23, 12.3, 1234."""
    return "%.0f" % value if value >= 999.5 else "%.3g" % value


def duration(seconds):
    """With a unit that suits it."""
    for unit, scale in (("us", 1e6), ("ms", 1e3)):
        if seconds * scale < 999.5:
            return "%s %s" % (digits(seconds * scale), unit)
    return "%s s" % digits(seconds)


def mebibytes(count):
    return "%.0f MiB" % (count / 2**20)


def turns(count, rounds):
    """In which order `count` programs run in each round: every other one backwards, so that none always follows the
    same neighbour."""
    for number in range(rounds):
        yield list(range(count)) if number % 2 == 0 else list(reversed(range(count)))


def table(header, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
