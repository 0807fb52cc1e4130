"""What tools/gpu-run has found, as Markdown."""

import rounds

MOST_KINDS = 8  # of a profile


def facts(document):
    device = document["steps"].get("device", {}).get("figures")
    if device is None:
        return ["No device was found: %s" % document["steps"].get("device", {}).get("message", "the step has not run")]
    lines = []
    for backend in device["devices"]["backends"]:
        for each in backend["devices"]:
            note = ", a driver that computes on the CPU" if each["software_gpu"] else ""
            lines.append("- %s: %s, %s%s" % (backend["name"], each["name"], each["driver"], note))
    lines.append("- processor: %s" % device["processor"])
    if device["nvidia_smi"]:
        lines.append("- nvidia-smi: %s" % device["nvidia_smi"].replace("\n", "; "))
    pytorch = document["steps"].get("pytorch", {})
    if pytorch.get("figures"):
        lines.append("- PyTorch %(torch)s on %(device)s" % pytorch["figures"])
    else:
        lines.append("- PyTorch: %s" % pytorch.get("message", "not asked for yet"))
    lines.append("- tuff %s, %s" % (device["devices"]["tuff"], "with --precision mixed" if device["mixed"]["bench"]
                                    else "without --precision: its figures are of float32"))
    return lines


def of_kind(document, name):
    """The figures of the steps that are done and whose name begins so."""
    return [(key, entry["figures"]) for key, entry in document["steps"].items()
            if key.startswith(name) and entry.get("state") == "done"]


def conformance(document):
    rows = []
    for name, figures in of_kind(document, "check"):
        if "totals" in figures:
            totals = figures["totals"]
            rows.append([name, figures["result"], str(totals["passed"]), str(totals["failed"]), str(totals["unsupported"])])
        else:
            rows.append([name, figures["lines"][-1].replace("|", "/"), "", "", ""])
    return rows and [rounds.table(["check", "result", "passed", "failed", "unsupported"], rows)]


def ceilings(document):
    rows = []
    for name, figures in of_kind(document, "peak") + of_kind(document, "profile"):
        peak, copy, dispatch = figures["peak"], figures["copy"], figures["dispatch"]
        rows.append([
            name,
            "%s GFLOP/s" % rounds.digits(peak["gflops"]) if peak else "-",
            "%s GB/s" % rounds.digits(copy["gbytes_per_second"]) if copy else "-",
            rounds.duration(dispatch["dependent_seconds"]) if dispatch else "-",
            rounds.duration(dispatch["independent_seconds"]) if dispatch else "-",
        ])
    return rows and [rounds.table(["measured in", "matrix product", "copy", "dispatch, dependent", "independent"], rows)]


def speeds(document):
    """One table of what counts, one of every configuration."""
    ratios, everything = [], []
    for _, figures in of_kind(document, "speed ") + of_kind(document, "compiled "):
        sides = [side for side in figures["sides"] if side["seconds"]]
        for side in figures["sides"]:
            taken = "unusable: %s" % side["unusable"].replace("|", "/") if "unusable" in side else spread(side["seconds"])
            memory = rounds.mebibytes(side["bytes"]) if "bytes" in side else ""
            everything.append([figures["net"], str(figures["batch"]), side["precision"], side["label"], taken, memory])
        for precision in ("float32", "TF32", "mixed"):
            # tuff has no TF32: its float32 is beside both, and beside mixed where it has no other.
            ours = rounds.fastest_of(sides, "tuff", precision) or rounds.fastest_of(sides, "tuff", "float32")
            theirs = rounds.fastest_of(sides, "PyTorch", precision)
            if ours and (theirs or ours["precision"] == precision):
                ratios.append([figures["net"], str(figures["batch"]), ours["precision"], spread(ours["seconds"])]
                              + ([precision, theirs["label"], spread(theirs["seconds"]), ratio(theirs, ours)] if theirs
                                 else ["-"] * 4))
    header = ["net", "batch", "tuff in", "tuff", "PyTorch in", "PyTorch's best", "PyTorch", "tuff is faster by"]
    whole = ["net", "batch", "computed in", "program", "step", "memory"]
    return ratios and [rounds.table(header, ratios), "Every configuration:", rounds.table(whole, everything)]


def spread(seconds):
    median, least, most = rounds.spread(seconds)
    return "%s (%s to %s)" % (rounds.duration(median), rounds.duration(least), rounds.duration(most))


def ratio(theirs, ours):
    return "%s (%s to %s)" % tuple(rounds.digits(value)
                                   for value in rounds.spread(rounds.ratios(theirs["seconds"], ours["seconds"])))


def epochs(document):
    lines = []
    for _, figures in of_kind(document, "epochs"):
        rows = []
        for run in figures["runs"]:
            if "unusable" in run:
                rows.append([run["label"], "unusable: %s" % run["unusable"].replace("|", "/"), "", ""])
            else:
                rows.append([run["label"], rounds.duration(run["train_seconds"]), rounds.duration(run["test_seconds"]),
                             "%.2f%%" % (100 * run["accuracy"])])
        lines.append("%d epochs of %s in batches of %d, each followed by an evaluation; in the order of the runs:"
                     % (figures["epochs"], figures["data"], figures["batch"]))
        lines.append(rounds.table(["program", "training", "evaluation", "accuracy"], rows))
    return lines


def profiles(document):
    lines = []
    for name, figures in of_kind(document, "peak") + of_kind(document, "profile"):
        profile = figures["profile"]
        rows = []
        for kind in profile["kinds"][:MOST_KINDS]:
            share = "-" if kind["of_peak"] is None else "%.0f%% of %s" % (
                100 * kind["of_peak"], {"flops": "FLOP", "bytes": "bytes"}[kind["bound_by"]])
            rows.append([kind["op"], str(kind["calls"]), rounds.duration(kind["seconds"]), "%.1f%%" % (100 * kind["share"]),
                         share])
        lines.append("%s, batch %d: a replayed step %s, the ops one by one %s (%s)."
                     % (figures["model"], figures["batch"], rounds.duration(figures["step"]["median_seconds"]),
                        rounds.duration(profile["sum_seconds"]), name))
        lines.append(rounds.table(["op", "calls", "median", "share", "of peak"], rows))
    return lines


def troubles(document):
    return ["- %s: %s%s" % (name, entry["state"], ", " + entry["message"] if "message" in entry else "")
            for name, entry in document["steps"].items() if entry["state"] != "done"]


def markdown(document):
    parts = ["# tuff on this GPU", "\n".join(facts(document))]
    if document["quick"]:
        parts.append("A run with --quick: it shows that everything works. No figure in it is worth quoting.")
    for title, content in (
        ("Conformance", conformance(document)),
        ("Training steps", speeds(document)),
        ("Epochs", epochs(document)),
        ("What the device can do", ceilings(document)),
        ("Where the time goes", profiles(document)),
    ):
        if content:
            parts += ["## " + title] + content
    lacking = troubles(document)
    if lacking:
        parts += ["## What is not here", "\n".join(lacking)]
    return "\n\n".join(parts) + "\n"
