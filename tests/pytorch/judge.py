"""judge.py eval|predict TUFFS PYTORCHS: whether what tuff printed as JSON is what PyTorch computed, to five digits."""

import json
import sys

what, ours, theirs = sys.argv[1], json.load(open(sys.argv[2])), json.load(open(sys.argv[3]))
if what == "eval":
    print("loss %.9g, PyTorch's %.9g; %d and %d right" % (ours["loss"], theirs["loss"], ours["correct"], theirs["correct"]))
    assert abs(ours["loss"] - theirs["loss"]) < 1e-5
    assert ours["correct"] == theirs["correct"]
else:
    worst = 0.0
    for prediction in ours["predictions"]:
        logits = theirs["logits"][prediction["index"]]
        assert len(logits) == len(prediction["logits"])
        worst = max([worst] + [abs(a - b) for a, b in zip(prediction["logits"], logits)])
    print("logits of %d images differ by %.2g at most" % (len(ours["predictions"]), worst))
    assert len(ours["predictions"]) == 6 and worst < 1e-5
