"""Honest studies, from the first run to the claim, by the commands that a study takes: none is
refused, and none needs an override."""

from __future__ import annotations

import sys

TRAIN = """import argparse, json, random
known = argparse.ArgumentParser()
known.add_argument("--arm")
known.add_argument("--seed", type=int)
args = known.parse_args()
noise = random.Random(args.seed).gauss(0, 0.02) + random.Random(f"{args.arm} {args.seed}").gauss(0, 0.004)
print(json.dumps({"val_loss": (3.2 if args.arm == "old" else 3.1) + noise}))
"""


def committed(lab, name: str, text: str) -> None:
    lab.write(name, text)
    lab.git("add", name)
    lab.git("commit", "-qm", f"Add {name}")


def test_training_seeds_with_arms(lab):
    """An experiment for each arm and seed: the difference is shown within pairs, and the claim holds
    for every seed."""
    committed(lab, "train.py", TRAIN)
    lab.ok("start", "t", "--prefix", "T", "--goal", "g", "--success", "val_loss::lower")
    lab.ok(
        *("hypothesis", "add", "the new arm learns faster"),
        *("--predict", "val_loss(arm=new) < val_loss(arm=old)"),
    )
    for seed in range(1, 6):
        for arm in ("old", "new"):
            command = [sys.executable, "train.py", "--arm", arm, "--seed", str(seed)]
            lab.ok("run", "--quiet", "--config-from-args", "--", *command)
    compared = lab.json("compare", "arm=old", "arm=new", "--over", "seed")["data"]
    assert compared["refusals"] == [] and compared["over"] == ["seed"]
    [metric] = compared["metrics"]
    assert metric["verdict"] == "better" and metric["pairs"] == 5
    assert metric["rule"] == "paired t: each value of seed holds both sides"
    claim = [
        *("claim", "the new arm learns faster", "--that", "val_loss(arm=new) < val_loss(arm=old)"),
        *("--across", "seed=1,2,3,4,5", "--label", "stable"),
    ]
    made = lab.json(*claim)["data"]
    assert made["label"] == "stable" and made["n_sides"] == ["n = 5 against 5"]
    assert not made["override"] and made["contrary"] == []
