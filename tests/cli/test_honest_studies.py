"""Honest studies, from the first run to the claim, by the commands that a study takes: none is
refused, and none needs an override."""

from __future__ import annotations

import json
import sys

import pytest

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


EVALUATE = """import argparse, json, random
known = argparse.ArgumentParser()
known.add_argument("--prompt")
known.add_argument("--seed", type=int)
args = known.parse_args()
right = 0.8 if args.prompt == "worked" else 0.6
dice = random.Random(f"{args.prompt} {args.seed}")
with open("answers.jsonl", "w") as file:
    for i in range(200):
        print(json.dumps({"question": f"q{i:03d}", "correct": int(dice.random() < right)}), file=file)
"""


def test_an_evaluation_with_items(lab):
    """Two prompts over the same questions, each with several seeds; one test was invalid: told of, and
    withdrawn."""
    committed(lab, "evaluate.py", EVALUATE)
    committed(lab, ".gitignore", "answers.jsonl\n")
    lab.ok("start", "t", "--prefix", "T", "--goal", "g", "--success", "accuracy::higher")
    spec = "answers.jsonl:accuracy=correct,items=question"

    def evaluate(prompt: str, seed: int) -> str:
        command = [sys.executable, "evaluate.py", "--prompt", prompt, "--seed", str(seed)]
        run = lab.json("run", "--config-from-args", "--metrics", spec, "--", *command)["data"]
        return run["runs"][0]["id"]

    invalid = evaluate("plain", 9)
    told = "no test of the model: {{T-001.accuracy}} came from the cache of another one"
    lab.ok("note", "T-001", "--interpretation", told)
    lab.ok("retract", invalid, "--why", "the cache of another model answered")
    for seed in range(1, 6):
        for prompt in ("plain", "worked"):
            evaluate(prompt, seed)
    compared = lab.json("compare", "prompt=plain", "prompt=worked", "--over", "seed")["data"]
    [metric] = compared["metrics"]
    assert compared["refusals"] == [] and metric["verdict"] == "better"
    claim = [
        *(
            "claim",
            "worked examples help",
            "--that",
            "accuracy(prompt=worked) > accuracy(prompt=plain)",
        ),
        *("--across", "seed=1,2,3,4,5"),
    ]
    made = lab.json(*claim)["data"]
    assert made["label"] == "stable" and not made["override"] and made["contrary"] == []
    assert lab.json("verify")["data"]["faults"] == []


def test_an_old_table_continued(lab):
    """A table from before Leadline is taken in as reported, and runs go on from its best row."""
    committed(lab, "train.py", TRAIN)
    lab.ok("start", "t", "--prefix", "T", "--goal", "g", "--success", "val_loss::lower")
    rows = [f"{arm},{seed},{loss}" for arm, loss in (("old", 3.2), ("new", 3.1)) for seed in (1, 2)]
    lab.write("old.csv", "\n".join(["arm,seed,val_loss", *rows]) + "\n")
    taken = lab.json("import", "old.csv", "--config", "arm,seed")["data"]
    assert taken
    lab.ok("note", "the table was made by hand; its best arm is run again here")
    for seed in range(1, 6):
        for arm in ("old", "new"):
            command = [sys.executable, "train.py", "--arm", arm, "--seed", str(seed)]
            lab.ok("run", "--quiet", "--config-from-args", "--", *command)
    made = lab.json(
        *("claim", "the new arm learns faster", "--that", "val_loss(arm=new) < val_loss(arm=old)"),
        *("--across", "seed=1,2,3,4,5"),
    )["data"]
    assert made["label"] == "stable" and made["n_sides"] == ["n = 5 against 5"]
    assert not made["override"] and len(made["not_counted"]) == 4
    assert set(made["not_counted"].values()) == {"reported: Leadline did not see it measured"}
    assert lab.json("verify")["data"]["faults"] == []


SORTS = """import argparse, json, random, time
known = argparse.ArgumentParser()
known.add_argument("--algo")
args = known.parse_args()
def insertion(items):
    out = []
    for item in items:
        at = len(out)
        while at and out[at - 1] > item:
            at -= 1
        out.insert(at, item)
    return out
items = [random.Random(1).random() for _ in range(1)] + [random.Random(i).random() for i in range(600)]
began = time.process_time()
(insertion if args.algo == "insertion" else sorted)(items)
print(json.dumps({"time_ms": 1000 * (time.process_time() - began)}))
"""


@pytest.mark.long
def test_sort_timings_on_a_busy_machine(lab):
    """Sides in turns bear a label however busy the machine is."""
    committed(lab, "sorts.py", SORTS)
    lab.ok("start", "t", "--prefix", "T", "--goal", "g", "--success", "time_ms:ms:lower")
    predicate = "time_ms(algo=builtin) < 0.5 * time_ms(algo=insertion)"
    lab.ok("hypothesis", "add", "the built-in sort takes less than half", "--predict", predicate)
    measured = lab.json(
        *("ab", "--a", "algo=insertion", "--b", "algo=builtin", "--metric", "time_ms"),
        *("--blocks", "10", "--", sys.executable, "sorts.py", "--algo", "{algo}"),
    )["data"]
    assert measured["verdict"] == "better"
    made = lab.json("claim", "the built-in sort takes less than half", "--that", predicate)["data"]
    assert made["label"] == "replicated" and not made["override"]
    assert made["preregistered"] == "T-H1"


STEP = """import time
def work(items):
    return sum(sum(abs(a - b) for b in items) for a in items)
"""
FASTER = """def work(items):
    total = before = 0
    for at, item in enumerate(sorted(items)):
        total += item * at - before
        before += item
    return 2 * total
"""
BENCH = """import json, time
from step import work
items = list(range(500))
began = time.process_time()
work(items)
print(json.dumps({"time_ms": 1000 * (time.process_time() - began)}))
"""


@pytest.mark.long
def test_a_code_change_that_is_ten_times_faster(lab):
    """The comparison names what settles it, and that command settles it."""
    committed(lab, "step.py", STEP)
    committed(lab, "bench.py", BENCH)
    lab.ok("start", "t", "--prefix", "T", "--goal", "g", "--success", "time_ms:ms:lower")
    lab.ok("run", "--quiet", "--repeat", "3", "--", sys.executable, "bench.py")
    lab.ok("baseline", "set", "T-001")
    committed(lab, "step.py", FASTER)
    lab.ok("run", "--quiet", "--repeat", "3", "--", sys.executable, "bench.py")
    compared = lab.run("compare", "baseline", "T-002", "--axis", "code", "--json")
    settle = json.loads(compared.stdout)["next"][0]
    assert settle == "leadline ab T-001 T-002 --metric time_ms"
    lab.ok(*settle.split()[1:])
    made = lab.json(
        *("claim", "the new code takes at most a fifth"),
        *("--that", "time_ms(T-002) <= 0.2 * time_ms(T-001)"),
    )["data"]
    # Other work came with one side.
    one_sided = made["label"] == "exploratory" and "contended" in made["sentence"]
    assert (made["label"] == "replicated" or one_sided) and not made["override"]
    assert lab.git("status", "--short").strip() == ""
