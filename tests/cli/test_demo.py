"""The demo is a test: the whole thread, at a small size, through the command line."""

from __future__ import annotations

import io
import json
import subprocess

import pytest

from leadline.demo.study import Study, carry_out
from tests.forked import run


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Each command in a fork of the loaded program."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Study, "answer", lambda self, words: run(words, self.repo, self.env, 60))
        folder = tmp_path_factory.mktemp("demo")
        return carry_out(folder, passes=2, corpus_kib=256, show=io.StringIO())


def ask(study, *args):
    return json.loads(run([*args, "--json"], study.repo, study.env, 60).stdout)


@pytest.mark.long
def test_it_ends_finished_and_verified(study):
    assert ask(study, "status")["data"]["finished"] is True
    assert ask(study, "verify")["ok"]
    assert ask(study, "issue")["data"]["state"] == "closed"


def test_one_hypothesis_is_decided_each_way_and_by_the_numbers(study):
    states = {h["id"]: h["state"] for h in ask(study, "hypothesis", "list")["data"]}
    assert states["SRC-H2"] == "falsified"  # a window of 32 KiB cannot reach over blocks of 16
    assert states["SRC-H1"] in ("supported", "falsified")


def test_a_claim_is_replicated_and_a_label_was_refused(study):
    """Where other work came with one side, or with the reproduction, none is replicated, and it is said."""
    claims = {c["id"]: c for c in ask(study, "claims")["data"]}
    first, other = claims["SRC-C1"], claims["SRC-C2"]
    noise = any(word in first["sentence"] for word in ("contended", "disagrees"))
    assert first["label"] == "replicated" or (first["label"] == "exploratory" and noise)
    assert other["label"] == "exploratory"
    assert ask(study, "tried", "lzma")["counts"]["hits"] > 0


def test_reset_clean_and_checkout_leave_the_story_whole(study):
    for command in (
        ["git", "reset", "-q", "--hard"],
        ["git", "clean", "-fdxq"],
        ["git", "checkout", "-q", "main"],
    ):
        subprocess.run(command, cwd=study.repo, env=study.env, check=True)
    text = ask(study, "brief")["data"]["text"]
    assert "Choose codec" in text and "SRC-C1" in text
    assert ask(study, "verify")["ok"]
