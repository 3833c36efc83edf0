"""What a profile asks of a run, what its file may say, and what of it waits for somebody's word."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from leadline.adapters.profiles.source import SHIPPED_FOLDER, ProfileFiles
from leadline.core.agent.measuring import measuring
from leadline.core.check.profile_file import read_profile
from leadline.core.errors import LeadlineError
from leadline.core.evidence.of_thread import evidence_of
from leadline.core.profile import SHIPPED, defaults_of, diverged, known_metric, unsaid
from leadline.services.agreed_profile import agree, is_agreed
from leadline.services.run.profiled import looked_at, with_defaults
from leadline.services.thread.profile_check import asked_at, asked_at_kickoff
from leadline.testing.builders import ThreadBuilder
from leadline.testing.fake_context import context

FILES = sorted(Path(SHIPPED_FOLDER).glob("*.toml"))
DTYPE = {"keys": {"dtype": {"about": "of inputs", "required": True, "aliases": ["precision"]}}}


def profile(**data):
    return read_profile(data, "mine", "a file")


# ---- what it asks --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "argv"),
    [
        ({"dtype": "bf16"}, []),
        ({"model.dtype": "bf16"}, []),
        ({"Precision": "bf16"}, []),
        ({}, ["bench", "--dtype", "bf16"]),
        ({}, ["bench", "--precision=bf16"]),
    ],
)
def test_a_key_is_said_by_the_config_by_another_name_or_by_the_command(config, argv):
    assert unsaid(profile(**DTYPE), config, argv) == []


def test_a_key_that_only_a_value_names_is_not_said():
    assert unsaid(profile(**DTYPE), {"x": "dtype"}, ["bench", "dtype"]) == ["dtype"]
    assert unsaid(profile(**DTYPE), {}, [], axes=["dtype"]) == []


def test_a_default_fills_what_is_not_said_and_nothing_else():
    made = profile(keys={"dtype": {"required": True, "default": "bf16"}})
    assert defaults_of(made, {}, []) == {"dtype": "bf16"}
    assert defaults_of(made, {"dtype": "fp8"}, []) == {}
    assert defaults_of(made, {}, ["bench", "--dtype=fp8"]) == {}
    assert defaults_of(made, {}, [], axes=["dtype"]) == {}


def test_a_metric_is_known_by_its_name_before_a_pattern():
    made = profile(metrics={"*_ms": {"unit": "ms"}, "odd_ms": {"unit": "s"}})
    assert known_metric(made, "odd_ms")["unit"] == "s"
    assert known_metric(made, "step_ms") == {"name": "step_ms", "unit": "ms"}
    assert known_metric(made, "steps") is None
    assert known_metric(profile(metrics={"ab*ba": {}}), "aba") is None


# ---- its file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_shipped_profile_can_be_meant_and_has_a_page_for_the_agent(path):
    made = read_profile(tomllib.loads(path.read_text()), path.stem, "shipped")
    assert made["about"] and made["skill"].count("\n- ") >= 3
    assert made["keys"] and made["metrics"] and made["ruler"] and made["measuring"]
    assert not made.get(
        "acts"
    )  # it starts nothing: nobody has to agree to what comes with the program
    aliases = [n for name, key in made["keys"].items() for n in (name, *key.get("aliases", ()))]
    assert len(aliases) == len(set(aliases)), "two keys are said by one name"
    for command in re.findall(r"`(leadline [^`]+)`", made["skill"]):
        assert command.split()[1] in (
            "ab",
            "check",
            "claim",
            "jobs",
            "measure",
            "metric",
            "note",
            "run",
            "sweep",
        )


def test_those_that_are_shipped_are_those_that_are_named():
    assert tuple(path.stem for path in FILES) == SHIPPED


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ({"key": {}}, "'key'"),
        ({"keys": {"a": {"requierd": True}}}, "keys.a.requierd"),
        ({"keys": {"a": {"required": "yes"}}}, "keys.a.required"),
        ({"keys": {"a": {"default": [1]}}}, "keys.a.default"),
        ({"metrics": {"m": {"direction": "up"}}}, "metrics.m"),
        ({"metrics": {"m": {"reduce": "average"}}}, "metrics.m"),
        ({"metrics": {"m": {"limit": "small"}}}, "metrics.m"),
        ({"metrics": {"*a*": {}}}, "'*a*'"),
        ({"environment": ["A*"]}, "'A*'"),
        ({"environment": "CUDA_HOME"}, "environment"),
        ({"preflight": [{"name": "x"}]}, "preflight"),
        ({"preflight": [{"name": "x", "command": ["a"], "call": "b:c"}]}, "preflight"),
        ({"check": [{"name": "x", "command": ["a"], "at": "night"}]}, "'night'"),
        ({"check": {"name": "x"}}, "check"),
        ({"strict": 1}, "strict"),
    ],
)
def test_what_cannot_be_meant_is_named(data, word):
    with pytest.raises(LeadlineError) as caught:
        profile(**data)
    assert caught.value.code == "bad-profile" and word in caught.value.what


def test_a_checkout_can_add_a_name_and_not_take_one(tmp_path):
    tree = tmp_path / "tree" / ".agents" / "profiles"
    tree.mkdir(parents=True)
    (tree / "kernel.toml").write_text("about = 'a stranger'\n")
    (tree / "ours.toml").write_text("about = 'ours'\n")
    files = ProfileFiles(str(tmp_path / "root"), str(tmp_path / "tree"))
    assert files.read("kernel")[0]["source"] == "shipped"
    assert files.read("ours")[0]["source"] == "the checkout"
    assert files.read(str(tree / "kernel.toml"))[0]["source"] == "the checkout"
    own = tmp_path / "root" / "profiles"
    own.mkdir(parents=True)
    (own / "kernel.toml").write_text("about = 'mine'\n")
    assert files.read("kernel")[0]["about"] == "mine"


@pytest.mark.parametrize("text", ["a = [", "\udcff", "x = 1\n" * 300_000])
def test_a_file_that_is_none_is_said_with_its_path(tmp_path, text):
    path = tmp_path / "odd.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(LeadlineError, match="odd"):
        ProfileFiles(str(tmp_path), "").read(str(path))


def test_the_mark_of_utf_8_is_none_of_its_text(tmp_path):
    path = tmp_path / "marked.toml"
    path.write_text("about = 'ours'\n", encoding="utf-8-sig")
    assert ProfileFiles(str(tmp_path), "").read(str(path))[0]["about"] == "ours"


# ---- a run ---------------------------------------------------------------------------------------


def test_a_run_that_lacks_a_key_is_warned_of_with_the_command_that_says_it(tmp_path):
    told: list[str] = []
    lab = context(str(tmp_path), warn=told.append)
    with_defaults(lab, profile(**DTYPE), {}, ["./bench", "a b"])
    assert told == [
        "profile mine: this run does not say dtype (of inputs): leadline run --set dtype=VALUE -- ./bench 'a b'"
    ]


def test_only_a_strict_one_refuses(tmp_path):
    with pytest.raises(LeadlineError) as caught:
        with_defaults(context(str(tmp_path)), profile(strict=True, **DTYPE), {}, ["./bench"])
    assert caught.value.code == "profile-key-missing"
    assert caught.value.next[0] == "leadline run --set dtype=VALUE -- ./bench"


def act_on(tmp_path, script: str):
    (tmp_path / "idle.sh").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "idle.sh").chmod(0o755)
    told: list[str] = []
    files = ProfileFiles(str(tmp_path / "root"), str(tmp_path))
    lab = context(str(tmp_path), warn=told.append, profiles=files)
    return lab, profile(preflight=[{"name": "idle", "command": ["./idle.sh"]}]), told


def test_a_preflight_says_that_the_machine_is_not_fit(tmp_path):
    lab, made, _ = act_on(tmp_path, "echo one; echo 'fan is loud' >&2; exit 3")
    agree(lab, made)
    seen = looked_at(lab, made, {"contended": False, "reasons": []})
    assert seen["contended"] and seen["reasons"] == ["profile mine, idle: fan is loud"]


def test_a_preflight_that_finds_nothing_changes_nothing(tmp_path):
    lab, made, _ = act_on(tmp_path, "exit 0")
    agree(lab, made)
    assert looked_at(lab, made, {"contended": None}) == {"contended": None}


def test_nothing_is_started_before_somebody_agreed_nor_when_a_byte_changed(tmp_path):
    lab, made, told = act_on(tmp_path, f"touch {tmp_path}/started")
    looked_at(lab, made, {})
    assert "leadline profile agree" in told[0] and not (tmp_path / "started").exists()
    agree(lab, made)
    (tmp_path / "idle.sh").write_text(f"#!/bin/sh\ntouch {tmp_path}/started # and more\n")
    assert not is_agreed(lab, made)
    looked_at(lab, made, {})
    assert not (tmp_path / "started").exists()


def test_what_a_profile_records_of_the_environment_needs_a_word_too(tmp_path):
    lab = context(str(tmp_path))
    made = profile(environment=["HOST_SECRET"])
    assert not is_agreed(lab, made)
    agree(lab, made)
    assert is_agreed(lab, made) and not is_agreed(lab, profile(environment=["OTHER_SECRET"]))


def test_what_is_shipped_is_agreed_to_and_what_only_says_so_is_not(tmp_path):
    lab = context(str(tmp_path), profiles=ProfileFiles(str(tmp_path), ""))
    kernel, _ = lab.profiles.read("kernel")
    assert is_agreed(lab, kernel)
    assert not is_agreed(lab, {**kernel, "environment": ["AWS_PROFILE"]})


def test_code_of_the_checkout_is_not_loaded(tmp_path, monkeypatch):
    (tmp_path / "mine_here.py").write_text("raise SystemExit('loaded')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    files = ProfileFiles(str(tmp_path / "root"), str(tmp_path))
    said = files.ask({"name": "x", "at": "kickoff", "call": "mine_here:f"}, str(tmp_path))
    assert "is code of the checkout" in said


def test_a_function_of_a_package_says_what_is_wrong_and_never_raises(tmp_path, monkeypatch):
    (tmp_path / "mine_there.py").write_text(
        "def f(folder): return ['one', '', 'two']\ndef g(folder): raise ValueError('no')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    files = ProfileFiles(str(tmp_path / "root"), str(tmp_path / "tree"))
    ask = {"name": "x", "at": "kickoff"}
    assert files.ask({**ask, "call": "mine_there:f"}, "/") == "one; two"
    assert "no" in files.ask({**ask, "call": "mine_there:g"}, "/")
    assert files.ask({**ask, "call": "nowhere_at_all:g"}, "/")


# ---- claims, hooks -------------------------------------------------------------------------------


def test_a_claim_says_what_its_runs_do_not_state():
    b = ThreadBuilder()
    b.record(
        "profile", {"name": "kernel", "source": "shipped", "keys": {"dtype": {"stated": True}}}
    )
    b.run("a", {"time_ms": 3.0}, {"dtype": "bf16"})
    b.run("b", {"time_ms": 2.0}, {"block": 2})
    b.claim("b is faster", ["P-002"], "time_ms(P-002) < time_ms(P-001)")
    b.claim("a is short", ["P-001"], "time_ms(P-001) < 9")
    thread = b.thread()
    whole, one = (evidence_of(thread, item.body, item.uid).sentence for item in thread.claims)
    assert "profile kernel: dtype not stated by all runs" in "; ".join(whole.parts)
    assert "not stated" not in "; ".join(one.parts)


NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "worse"),
    [([3, 2, 1], False), ([3, 9, 2], False), ([3, 1, 4], True), ([3, 2, NAN], True), ([3], False)],
)
def test_a_curve_that_ends_no_better_than_it_began_is_said(values, worse):
    curves = profile(curves=["loss", "*_loss"])
    points = {"sample": [[step, value] for step, value in enumerate(values)]}
    assert bool(diverged(curves, {"val_loss": points}, {"val_loss"})) == worse
    assert not diverged(curves, {"step_time_s": points}, {"step_time_s"})


GUARDED = {"name": "kernel", "source": "shipped", "guards": ["max_err*", "is_correct"]}


def judged(b, predicate: str):
    b.claim("it is faster", ["P-001"], predicate)
    thread = b.thread()
    return evidence_of(thread, thread.claims[-1].body, thread.claims[-1].uid)


def codes(found) -> set[str]:
    return {mark.code for mark in found.marks}


def test_a_claim_says_that_nobody_looked_whether_the_result_is_right():
    b = ThreadBuilder()
    b.record("profile", GUARDED)
    b.run("a", {"time_ms": 3.0}, {"block": 1})
    b.run("b", {"time_ms": 2.0, "max_err_bf16": 0.1}, {"block": 2})
    assert "unguarded" in codes(judged(b, "time_ms(P-001) < 9"))
    assert "unguarded" not in codes(judged(b, "time_ms(P-002) < 9"))


def test_a_claim_about_a_result_beyond_a_limit_says_so_and_is_no_more_than_exploratory():
    b = ThreadBuilder()
    b.record("metric-defined", {"name": "max_err", "direction": "lower", "limit": "<=1e-3"})
    for seed in range(5):
        b.run("a", {"time_ms": 3.0 + seed, "max_err": 1.0 if seed else 1e-6}, {"seed": seed})
    found = judged(b, "time_ms(P-002) < 99")
    assert "beyond-limit" in codes(found) and found.label == "exploratory"
    assert "beyond-limit" not in codes(judged(b, "time_ms(P-001) < 99"))
    assert "beyond-limit" not in codes(judged(b, "max_err(P-002) > 1e-3")), "it is said itself"


def test_the_kickoff_wants_a_limit_and_posting_a_word(tmp_path):
    made = context(str(tmp_path))
    b = ThreadBuilder()
    b.record("profile", {**GUARDED, "told": ["contamination"]})
    thread = b.thread()
    assert "profile-guards" in {m["code"] for m in asked_at_kickoff(made, thread)}
    assert [m["code"] for m in asked_at(made, thread, "post")] == ["profile-contamination"]
    b.record("metric-defined", {"name": "max_err", "limit": "<=1e-3"})
    b.note("Contamination: none of the items is in the crawl.")
    thread = b.thread()
    assert "profile-guards" not in {m["code"] for m in asked_at_kickoff(made, thread)}
    assert asked_at(made, thread, "close") == []


def test_a_command_measures_as_the_profile_has_it():
    patterns = ["*autotune*.py*", "ncu *"]
    assert measuring("cd x && python autotune_gemm.py --n 3", patterns)
    assert measuring("CUDA_VISIBLE_DEVICES=0 /opt/bin/ncu ./k", patterns)
    for command in ("cat autotune.py", "git add autotune.py", "leadline run -- python autotune.py"):
        assert not measuring(command, patterns)
    assert not measuring("python autotune.py")
