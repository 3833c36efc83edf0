"""Through the real program: a contrary configuration is named, and what no command saw earns
nothing."""

from __future__ import annotations

import sys

import pytest

PROGRAM = """import json, random, sys
args = dict(a.split("=", 1) for a in sys.argv[1:] if "=" in a)
noise = random.Random(str(sys.argv) + args.get("nonce", "")).gauss(0, float(args.get("sd", 0.01)))
print(json.dumps({"loss": float(args.get("mean", 1)) + noise}))
"""


def _programmed(lab):
    lab.write("b.py", PROGRAM)
    lab.git("add", "b.py")
    lab.git("commit", "-qm", "a program")
    lab.ok("start", "t", "--prefix", "T", "--goal", "g", "--success", "loss::lower", "--no-branch")


@pytest.fixture
def study(as_built, lab_template):
    lab = as_built(_programmed, lab_template)

    def run(mean: float, n: int, told: str, **config: object) -> None:
        """``n`` runs at ``mean``, each with a nonce that only its noise comes from."""
        sets = [part for key, value in config.items() for part in ("--set", f"{key}={value}")]
        words = told.split() or [f"{key}={value}" for key, value in config.items()]
        for nonce in range(n):
            words_now = [*words, f"mean={mean}", f"nonce={nonce}"]
            lab.ok("run", "--quiet", *sets, "--", sys.executable, "b.py", *words_now)

    return lab, run


def said(row):
    return "; ".join(row["why"])


def test_a_contrary_configuration_takes_stable_away(study):
    lab, run = study
    for shape, mean in enumerate((4.3, 5.7, 7.1), 1):
        run(mean, 3, "", k="v", shape=shape)
    claim = ["claim", "k=v reaches its aim", "--that", "loss(k=v) >= 4"]
    made = lab.json(*claim, "--across", "shape=1,2,3")["data"]
    assert made["label"] == "stable"
    run(2.9, 3, "", k="v", mode="slow")
    [row] = lab.json("claims")["data"]
    assert row["label"] == "exploratory" and "contrary at mode slow (T-0" in said(row)


def test_what_the_scope_leaves_out_is_said(study):
    lab, run = study
    for shape in (1, 2, 3):
        run(1.0, 3, "", arm="old", shape=shape)
        run(0.5 if shape < 3 else 1.5, 3, "", arm="new", shape=shape)
    lab.ok(
        *("claim", "the new arm lowers the loss", "--that", "loss(arm=new) < loss(arm=old)"),
        *("--nuisance", "command", "--across", "shape=1,2"),
    )
    [row] = lab.json("claims")["data"]
    assert "holds for shape 1, 2; contrary at shape 3 (T-0" in said(row)


def test_what_no_command_saw_earns_no_label_and_is_no_difference(study):
    lab, _ = study
    for arm, mean in (("new", 0.5), ("old", 0.6)):
        for trial in (1, 2, 3):
            sets = ["--set", f"arm={arm}", "--set", f"trial={trial}"]
            command = [sys.executable, "b.py", arm, f"mean={mean}"]
            lab.ok("run", "--quiet", *sets, "--", *command)
    made = lab.json(
        *("claim", "the new arm lowers the loss", "--that", "loss(arm=new) < loss(arm=old)"),
        *("--nuisance", "command", "--across", "trial=1,2,3"),
    )["data"]
    assert made["label"] == "exploratory" and made["n"] == 1
    assert "trial reaches no command" in said(made)
    assert lab.json("show", "T-001-r1")["data"]["tags"] == ["trial"]
    shown = [line.split() for line in lab.ok("show", "T-001-r1").splitlines()]
    assert ["tags", "trial", "=", "1"] in shown and ["config", "arm", "=", "new"] in shown
    assert "trial (tag)" in lab.ok("status", "--runs")
    rows = lab.json("compare", "T-005", "T-001", "--axis", "arm")["data"]["diff"]["rows"]
    assert {row["key"]: row["class"] for row in rows}["trial"] == "tag"
    assert "tag (reaches no" in lab.run("compare", "T-005", "T-001", "--axis", "arm").stdout
    refused = lab.json("compare", "T-001", "T-002")["data"]["refusals"]
    assert [r["code"] for r in refused] == ["nothing-differs"]
    why = lab.ok("claims", "--why", "T-C1")
    assert "seed=" not in why


def test_groups_are_sides_of_a_comparison(study):
    lab, run = study
    for seed in (1, 2, 3):
        for arm, mean in (("old", 1.0), ("new", 0.5)):
            run(mean + seed, 1, f"arm={arm} seed={seed}", arm=arm, seed=seed)
    nuisance = ("--nuisance", "command")
    done = lab.run("compare", "arm=old", "arm=new", "--over", "seed", *nuisance)
    assert done.returncode == 0 and "arm=new against arm=old" in done.stdout
    assert "each value of seed holds both sides (3 pairs)" in done.stdout
    data = lab.json("compare", "arm=old,seed=1", "arm=new,seed=1", *nuisance)["data"]
    assert (data["a_name"], data["b_name"]) == ("arm=old, seed=1", "arm=new, seed=1")
    assert lab.json("compare", "T-001", "arm=new", "--over", "seed", *nuisance)["data"]["b_runs"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["arm=old", "arm=none"], "no-such-runs"),
        (["arm=old", "arm="], "bad-predicate"),
        (["arm=old", "arm=old"], "same-side"),
        (["arm=old", "seed=1"], "same-side"),
        (["arm=old", "arm=new", "--over", "sed"], "no-such-axis"),
    ],
)
def test_groups_that_are_none_are_told(study, words, code):
    lab, run = study
    run(1.0, 1, "arm=old seed=1", arm="old", seed=1)
    run(0.5, 1, "arm=new seed=1", arm="new", seed=1)
    error = lab.json("compare", *words)["error"]
    assert error["code"] == code
    assert error["next"]


def test_a_variable_that_is_not_recorded_reaches_the_command(study):
    lab, _ = study
    for arm in ("old", "new"):
        command = [sys.executable, "b.py"]
        lab.ok("run", "--quiet", "--set", f"arm={arm}", "--", *command, env={"MY_ARM": arm})
    assert lab.json("show", "T-001-r1")["data"]["tags"] == []


def test_a_config_file_that_git_ignores_reaches_the_command_that_names_it(study):
    lab, _ = study
    lab.write(".gitignore", "conf.toml\n")
    for lr in (1, 2):
        lab.write("conf.toml", f"lr = {lr}\n")
        command = [sys.executable, "b.py", "--config", "conf.toml"]
        lab.ok("run", "--quiet", "--config", "conf.toml", "--", *command)
    assert lab.json("show", "T-001-r1")["data"]["tags"] == []
    lab.ok("run", "--quiet", "--set", "lr=3", "--", *command)
    assert lab.json("show", "T-002-r1")["data"]["tags"] == ["lr"]
