"""Whoever edits what measures instead of what is measured gets no verdict, and whoever measures
honestly needs no override."""

from __future__ import annotations

import os
import sys
import time

import pytest

PY = sys.executable
BENCH = (
    "import time, model\n"
    "print('{\"loss\": %r}' % (3.30 + time.time_ns() % 4096 / 1e6 + model.DELTA))\n"
)


def _modelled(lab):
    """A program that measures a model beside it."""
    lab.ok("metric", "loss", "--direction", "lower")
    lab.write("bench.py", BENCH)
    lab.write("model.py", "DELTA = 0.0\n")
    lab.git("add", ".")
    lab.git("commit", "-qm", "a model and what measures it")


def _two_states(lab):
    """Two measured code states: P-001, the baseline, and P-002."""
    _modelled(lab)
    lab.ok("baseline", "set", measure(lab))
    edit(lab, "model.py", "0.0", "-1.0")
    measure(lab)


def _measured(lab):
    _modelled(lab)
    measure(lab, repeat=1)


@pytest.fixture
def lab(as_built):
    return as_built(_modelled)


@pytest.fixture
def measured(as_built):
    return as_built(_measured)


def measure(lab, *args, repeat=3, command=("bench.py",)):
    given = ("run", "--quiet", "--repeat", str(repeat), *args, "--", PY, *command)
    return lab.json(*given)["data"]["experiment"]


def edit(lab, name, old, new):
    path = lab.repo / name
    path.write_text(path.read_text().replace(old, new))


def judged(lab, a, b, *args):
    """(the codes of the refusals, verdict of loss, the answer in words, what to type next)."""
    done = lab.run("compare", a, b, "--axis", "code", "--metric", "loss", *args)
    data = lab.json("compare", a, b, "--axis", "code", "--metric", "loss", *args)["data"]
    codes = [r["code"] for r in data["refusals"]]
    return codes, data["metrics"][0]["verdict"], done.stdout, done.stderr


def claimed(lab, predicate):
    row = lab.json("claim", "the new code has a lower loss", "--that", predicate)["data"]
    return row["label"], " ".join(row["why"])


def test_an_edited_evaluator_is_a_confound_named_by_file(lab):
    first = measure(lab)
    edit(lab, "bench.py", "3.30 +", "0.97 * 3.30 +")
    second = measure(lab)
    codes, verdict, told, following = judged(lab, first, second)
    assert codes == ["ruler-changed"] and verdict == "cannot be compared"
    assert "bench.py: -print" in told and "bench.py: +print" in told
    assert f"next: leadline measure protect bench.py && leadline measure again {first}" in following
    label, why = claimed(lab, f"loss({second}) < loss({first})")
    assert label == "exploratory" and "what measures changed between these runs: bench.py" in why
    codes, *_ = judged(lab, second, first)  # whichever side it was edited on
    assert codes == ["ruler-changed"]


def test_a_changed_model_under_one_evaluator_goes_through(lab):
    first = measure(lab)
    edit(lab, "model.py", "0.0", "-1.0")
    second = measure(lab)
    codes, verdict, told, _ = judged(lab, first, second)
    assert codes == [] and verdict == "better"
    assert "tree: model.py changed" in told
    assert "what measures loss is not declared: leadline measure protect bench.py" in told
    assert claimed(lab, f"loss({second}) < loss({first})")[0] == "replicated"


def test_one_declaration_says_that_the_program_is_what_is_tested(lab):
    lab.write("score.py", "def of(x):\n    return 2 * x\n")
    lab.write("train.py", "import json, score\nprint(json.dumps({'loss': score.of(1.5)}))\n")
    first = measure(lab, command=("train.py",))
    edit(lab, "train.py", "1.5", "0.5")
    second = measure(lab, command=("train.py",))
    assert judged(lab, first, second)[0] == ["ruler-changed"]
    lab.ok("measure", "protect", "score.py", "--metric", "loss")
    codes, verdict, told, _ = judged(lab, first, second)
    assert codes == [] and verdict == "better" and "tree: train.py changed" in told
    edit(lab, "score.py", "2 * x", "1 * x")
    third = measure(lab, command=("train.py",), repeat=1)
    codes, _, told, following = judged(lab, second, third)
    assert codes == ["ruler-changed"] and "score.py" in told
    assert f"next: leadline measure again {second}" in following


def test_a_program_in_one_file_needs_no_declaration(lab):
    lab.write("sort.py", "import json\nprint(json.dumps({'loss': 10.0}))\n")
    first = measure(lab, command=("sort.py",))
    edit(lab, "sort.py", "10.0", "1.0")
    second = measure(lab, command=("sort.py",))
    codes, verdict, *_ = judged(lab, first, second)
    assert codes == [] and verdict == "better"
    label, why = claimed(lab, f"loss({second}) < loss({first})")
    assert "sort.py changed and measures itself" in why and label != "none"


def test_that_nothing_measures_apart_is_said_with_a_reason(lab):
    first = measure(lab)
    edit(lab, "bench.py", "3.30 +", "0.97 * 3.30 +")
    second = measure(lab)
    refused = lab.run("measure", "none")
    assert refused.returncode == 2 and "leadline measure none --why" in refused.stderr
    lab.ok("measure", "none", "--why", "bench.py is what is tested")
    codes, verdict, *_ = judged(lab, first, second)
    assert codes == [] and verdict == "better"
    _, why = claimed(lab, f"loss({second}) < loss({first})")
    assert "bench.py is what is tested" in why
    assert "nothing apart from the code: bench.py is what is tested" in lab.ok("brief")


@pytest.mark.parametrize("at_start", [False, True])
def test_data_that_git_ignores_is_known_by_its_digest(thread_lab, at_start):
    lab = thread_lab
    lab.write(".gitignore", "data/\n")
    lab.write("data/val/a.txt", "1.0\n")
    lab.write("data/val/deep/b.txt", "1.0\n")
    lab.write("bench.py", "print('{\"loss\": %s}' % open('data/val/a.txt').read().strip())\n")
    protect = ("measure", "protect", "bench.py", "data/val/**", "--metric", "loss")
    lab.ok("metric", "loss", "--direction", "lower")
    if at_start:
        lab.ok(*protect)
    first = measure(lab, "--set", "arm=old", repeat=1)
    if not at_start:
        told = lab.json(*protect)["data"]
        assert told["beside"] == ["data/val/a.txt", "data/val/deep/b.txt"]
        assert told["unknown"] == []  # it has not changed since the runs began
    same = measure(lab, "--set", "arm=new", repeat=1)
    compared = lab.json("compare", first, same, "--axis", "arm")["data"]
    assert "ruler-changed" not in [r["code"] for r in compared["refusals"]]
    lab.write("data/val/deep/b.txt", "2.0\n")
    third = measure(lab, "--set", "arm=other", repeat=1)
    compared = lab.json("compare", first, third, "--axis", "arm")["data"]
    assert [r["code"] for r in compared["refusals"]] == ["ruler-changed"]
    [row] = [row for row in compared["diff"]["rows"] if row["area"] == "ruler"]
    assert row["key"] == "data/val/**" and "data/val/deep/b.txt" in " ".join(row["details"])
    told = lab.run("run", "--experiment", third, "--", PY, "bench.py")
    assert told.returncode == 0
    refused = lab.run("run", "--experiment", first, "--", PY, "bench.py")
    assert refused.returncode != 0 and "what measures changed" in refused.stderr
    for verb in ("brief", "status", "logbook"):
        assert f"hanged at {third}" in lab.ok(verb), verb
    assert f"ruler changed at {third}" in lab.ok("issue")


def test_data_that_changed_before_it_was_declared_is_not_known(lab):
    lab.write(".gitignore", "data/\n")
    lab.write("data/val.txt", "1.0\n")
    first = measure(lab, repeat=1)
    time.sleep(0.01)
    lab.write("data/val.txt", "2.0\n")
    assert lab.json("measure", "protect", "data/val.txt")["data"]["unknown"] == [first]
    edit(lab, "model.py", "0.0", "1.0")
    second = measure(lab, repeat=1)
    codes, _, told, _ = judged(lab, first, second)
    assert codes == ["ruler-changed"] and "not known of all runs: data/val.txt" in told


def test_a_ruler_changed_through_what_it_reads(lab):
    """A config file, an imported module, a file behind a link: what is declared is held, all of it."""
    outside = lab.repo.parent / "scale.json"
    outside.write_text("1.0")
    os.symlink(outside, lab.repo / "scale.json")
    lab.write("metrics.py", "def of(x):\n    return x\n")
    lab.write("eval.toml", "scale = 1\n")
    lab.write("bench.py", "import json, metrics\nprint(json.dumps({'loss': metrics.of(1.0)}))\n")
    lab.ok("measure", "protect", "bench.py", "metrics.py", "eval.toml", "scale.json")
    before = measure(lab, repeat=1)
    for name, old, new in (("metrics.py", "return x", "return x / 2"), ("eval.toml", "1", "2")):
        edit(lab, name, old, new)
        now = measure(lab, repeat=1)
        codes, _, told, _ = judged(lab, before, now)
        assert codes == ["ruler-changed"] and name in told
        before = now
    outside.write_text("0.5")
    now = measure(lab, "--set", "arm=2", repeat=1)
    told = lab.json("compare", before, now, "--axis", "arm")["data"]
    assert [r["code"] for r in told["refusals"]] == ["ruler-changed"]
    assert "scale.json" in told["refusals"][0]["what"]


def test_a_renamed_ruler_is_another(lab):
    lab.ok("measure", "protect", "*.py", "--metric", "loss")
    first = measure(lab, repeat=1)
    lab.git("mv", "bench.py", "bench2.py")
    second = measure(lab, command=("bench2.py",), repeat=1)
    codes, _, told, _ = judged(lab, first, second)
    assert "ruler-changed" in codes and "bench.py, bench2.py" in told


@pytest.mark.parametrize(
    ("args", "code", "remedy"),
    [
        (("nothing/**",), "ruler-matches-nothing", "git ls-files"),
        (("../elsewhere",), "ruler-outside", "leadline measure holdout"),
        (("/etc/passwd",), "ruler-outside", "leadline measure holdout"),
        ((".git/config",), "bad-pattern", "leadline measure protect"),
        (("bench.py", "--metric", "losss"), "no-such-metric", "leadline metric"),
    ],
)
def test_what_cannot_be_a_ruler_is_refused(measured, args, code, remedy):
    told = measured.json("measure", "protect", *args)
    assert told["error"]["code"] == code and remedy in str(told["next"])


def test_the_kickoff_declares_it(lab):
    lab.ok("start", "other", "--prefix", "O", "--no-branch", "--protect", "bench.py")
    told = lab.json("measure", "show", "--thread", "other")["data"]
    assert told[0]["patterns"] == ["bench.py"] and told[0]["files"] == 1
    refused = lab.run("start", "third", "--no-branch", "--protect", "nothing.py")
    assert refused.returncode != 0 and "matches no file" in refused.stderr
    assert "third" not in lab.ok("status")


def test_a_sweep_and_turns_record_the_ruler_too(lab):
    lab.write("bench.py", "import sys, model\nprint('{\"loss\": %s}' % sys.argv[1])\n")
    lab.ok("measure", "protect", "bench.py")
    lab.ok("sweep", "--axis", "x=1,2", "--", PY, "bench.py", "{x}")
    one, two = (("--", PY, "bench.py", x) for x in "12")
    lab.ok("ab", "--blocks", "1", "--warmup", "0", "--metric", "loss", *one, *two)
    rows = lab.json("compare", "P-001", "P-003", "--metric", "loss")["data"]["diff"]["rows"]
    assert all(row["area"] != "ruler" for row in rows)
    edit(lab, "bench.py", "loss", "loss ")
    lab.ok("sweep", "--axis", "x=3", "--", PY, "bench.py", "{x}")
    rows = lab.json("compare", "P-001", "P-005", "--metric", "loss")["data"]["diff"]["rows"]
    assert [row["key"] for row in rows if row["area"] == "ruler"] == ["bench.py"]


def test_an_older_code_is_measured_again_by_the_present_ruler(lab):
    lab.write(".gitignore", "data/\n")
    lab.write("data/offset.txt", "3.30")
    lab.write(
        "bench.py",
        "import json, model\n"
        "print(json.dumps({'loss': float(open('data/offset.txt').read()) + model.DELTA}))\n",
    )
    first = measure(lab)
    refused = lab.json("measure", "again", first)
    assert refused["error"]["code"] == "no-ruler"
    edit(lab, "bench.py", "model.DELTA", "2 * model.DELTA + 1")
    edit(lab, "model.py", "0.0", "-1.0")
    second = measure(lab)
    lab.ok("measure", "protect", "bench.py", "data/offset.txt")
    assert lab.json("measure", "again")["data"] == [first]
    done = lab.run("measure", "again", first, "--quiet")
    assert done.returncode == 0, done.stderr
    assert f"next: leadline compare P-003 {second} --axis code" in done.stderr
    codes, verdict, told, _ = judged(lab, "P-003", second)
    assert codes == [] and verdict == "better" and "tree: model.py changed" in told
    runs = lab.json("status", "--runs")["data"]
    assert [r["metrics"]["loss"] for r in runs if r["experiment"] == "P-003"] == [4.3] * 3
    assert lab.json("measure", "again")["data"] == []
    assert "by the ruler as it is now" in lab.ok("logbook")
    assert not (lab.repo / ".git" / "leadline" / "reproduce").exists() or not os.listdir(
        lab.repo / ".git" / "leadline" / "reproduce"
    )
    done = lab.run("measure", "again", second)
    assert done.returncode == 6 and "the present ruler measured it" in done.stdout


def test_a_code_state_without_the_command_is_said_and_not_run(lab):
    lab.write(".gitignore", "local.py\n")
    lab.write("local.py", "print('{\"loss\": 1}')\n")
    first = measure(lab, repeat=1, command=("local.py",))
    edit(lab, "bench.py", "3.30", "3.3")
    lab.ok("measure", "protect", "bench.py")
    edit(lab, "bench.py", "3.3", "3.31")
    done = lab.run("measure", "again", first)
    assert (
        done.returncode == 6 and f"local.py is not in the code state of {first}-r1" in done.stdout
    )


def test_the_baseline_against_itself_is_evidence_of_nothing_else(lab):
    told = lab.json("measure", "null", "--blocks", "1")
    assert told["error"]["code"] == "no-baseline"
    first = measure(lab)
    lab.ok("baseline", "set", first)
    lab.ok("measure", "protect", "bench.py")
    done = lab.run("measure", "null", "--blocks", "1", "--metric", "loss")
    assert done.returncode == 0 and "1 blocks in turns are too few" in done.stdout
    assert "Ruler of loss: the baseline against itself" in lab.ok("logbook")
    assert lab.json("status")["counts"]["experiments"] == 3
    assert "P-002" not in lab.ok("brief")
    assert "measured: every metric by bench.py\n" in lab.ok("status")


HELD = (
    "import json, sys\n"
    "sys.path.insert(0, '.')\n"
    "import model\n"
    "print(json.dumps({'loss': 5.0 + %s * model.DELTA}))\n"
)


@pytest.fixture
def held(as_built):
    """(lab, first, second, hold): two measured code states, and what declares a holdout that finds
    so much of their difference."""
    lab, first, second = as_built(_two_states), "P-001", "P-002"
    folder = lab.repo.parent / "held"

    def hold(share):
        folder.mkdir(exist_ok=True)
        (folder / "eval.py").write_text(HELD % share)
        return lab.json("measure", "holdout", "--command", f"{PY} {folder}/eval.py", str(folder))

    return lab, first, second, hold


def claim(lab, second, *args):
    return lab.run(
        "claim", "the loss is lower", "--that", f"loss({second}) < loss(baseline)", *args
    )


def test_a_claim_looks_at_the_holdout_once_and_each_look_is_counted(held):
    lab, _, second, hold = held
    told = claim(lab, second, "--holdout")
    assert told.returncode != 0 and "no holdout is declared" in told.stderr
    assert lab.json("claims")["data"] == []  # nothing was claimed that could not be looked at
    assert hold("0.5")["data"]["files"] == 1
    told = claim(lab, second, "--holdout")
    assert told.returncode == 0 and "holdout agrees, look 1" in told.stdout, told.stderr
    assert "replicated" in told.stdout
    logbook = lab.ok("logbook")
    assert "Holdout, look 1, for P-C1" in logbook and f"`loss({second})` 4.5" in logbook
    sealed = lab.json("seal", "--holdout")
    assert sealed["ok"] and lab.ok("logbook").count("Holdout, look") == 1  # it was looked already
    claim(lab, second)
    lab.ok("seal", "--holdout")
    assert "Holdout, look 2, for P-C2" in lab.ok("logbook")
    kept = lab.repo / ".git" / "leadline"
    assert (kept / "holdouts" / "demo.json").stat().st_mode & 0o077 == 0
    for file in (kept / "threads").rglob("*.jsonl"):
        assert "held/eval.py" not in file.read_text()
    assert "fault" not in lab.ok("verify").replace("no fault", "")


def test_a_holdout_that_says_otherwise_holds_the_label_down(held):
    lab, _, second, hold = held
    hold("-1")
    told = claim(lab, second, "--holdout")
    assert "exploratory" in told.stdout and "the holdout says otherwise" in told.stdout
    hold("1")
    assert "the holdout says otherwise" in lab.ok("claims")  # the look that was taken stands
    evaluator = lab.repo.parent / "held" / "eval.py"
    evaluator.write_text("print('nothing')\n")
    told = claim(lab, second, "--holdout")
    assert told.returncode != 0 and "the holdout is not what was declared" in told.stderr
    lab.ok("measure", "holdout", "--command", f"{PY} {evaluator}", str(evaluator))
    assert "the holdout gave no answer" in claim(lab, second, "--holdout").stdout
    (lab.repo / ".git" / "leadline" / "holdouts" / "demo.json").unlink()
    assert "another machine" in claim(lab, second, "--holdout").stderr


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--command", "true", "bench.py"), "holdout-inside"),
        (("--command", "true", ".git"), "holdout-inside"),
        (("--command", "true", "../nothing"), "no-such-file"),
        (("--command", "'", ".."), "bad-command"),
        (("..",), "missing-field"),
    ],
)
def test_what_cannot_be_a_holdout_is_refused(lab, args, code):
    assert lab.json("measure", "holdout", *args)["error"]["code"] == code


def test_a_helper_that_only_the_ruler_loads_measures_as_it_does(lab):
    """Whoever edits what the evaluator imports edits the evaluator; what the program imports is tested."""
    lab.write(
        "train.py", "import evaluate, model\nprint('{\"loss\": %r}' % evaluate.of(model.DELTA))\n"
    )
    lab.write(
        "evaluate.py", "from helper import scale\n\n\ndef of(x):\n    return scale(3.3 + x)\n"
    )
    lab.write("helper.py", "def scale(x):\n    return float(open('scale.cfg').read()) * x\n")
    lab.write("scale.cfg", "1.0")
    lab.ok("measure", "protect", "evaluate.py")
    first = measure(lab, command=("train.py",), repeat=1)
    edit(lab, "helper.py", "* x", "* x * 0.9")
    second = measure(lab, command=("train.py",), repeat=1)
    codes, _, told, following = judged(lab, first, second)
    assert codes == ["ruler-changed"] and "what measures changed: helper.py" in told
    assert f"measure protect evaluate.py helper.py && leadline measure again {first}" in following
    label, why = claimed(lab, f"loss({second}) < loss({first})")
    assert label == "exploratory" and "what measures changed between these runs: helper.py" in why
    edit(lab, "model.py", "0.0", "-1.0")
    third = measure(lab, command=("train.py",), repeat=1)
    assert judged(lab, second, third)[0] == []
    codes, *_ = judged(lab, first, second, "--nuisance", "ruler.helper.py")
    assert codes == []  # it is what is tested, said as that
    edit(lab, "scale.cfg", "1.0", "0.8")
    fourth = measure(lab, command=("train.py",), repeat=1)
    assert "what measures changed: scale.cfg" in judged(lab, third, fourth)[2]
