"""Invented keys by every way into Leadline: none lies anywhere afterwards, nor was any sent.

Looked through are all files below the git directory, every object of the repository and of the
remote, the logbook, the report, the folder of the tracker, and what each verb says. Left out are
what a command wrote by itself (its output and its own series, for their owner alone) and what the
user committed.
"""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.campaign.fault import Faults, Tally, lab_with_remote
from tests.conftest import WHATEVER_IS_MISSING, Lab
from tests.invented_keys import NAMED, SHAPES, drawn, private_key

RAW = ("stdout.log", "stderr.log", "metrics.jsonl")
KINDS = (
    "github-pat", "github-fine-grained-pat", "gitlab-pat", "huggingface-access-token", "openai-project-key",
    "anthropic-api-key", "aws-access-token", "gcp-api-key", "slack-bot-token", "stripe-access-token",
    "npm-access-token", "pypi-upload-token", "jwt", "sendgrid-api-token", "telegram-bot-api-token",
    "vault-service-token", "databricks-api-token",
)  # fmt: skip


def key_of(number: int, chance: random.Random) -> tuple[str, str, str]:
    """What holds the key in a text, the key itself, and its sort."""
    sorts = [*KINDS, "private-key", *NAMED]
    sort = sorts[number % len(sorts)]
    if sort == "private-key":
        key = private_key(chance)
        return key, key.split("\n")[2], sort
    if sort in NAMED:
        form, shape = NAMED[sort]
        key = drawn(shape, chance)
        return form % key, key, sort
    key = drawn(SHAPES[sort], chance)
    return key, key, sort


def channels(lab: Lab, held: str, key: str) -> dict[str, Callable[[], object]]:
    """Each way in, by name; ``held`` is a text with the key in it."""

    def file(name: str, text: str) -> None:
        lab.write(name, text)

    def code(name: str, text: str) -> Callable[[], object]:
        def run() -> object:
            file(name, text)
            return lab.run("run", "--quiet", "--", "true", name)

        return run

    def prints(to: str) -> Callable[[], object]:
        program = f"import sys; print({held!r}, file=sys.{to}); print('{{\"time_ms\": 2.5}}')"
        return lambda: printed(program + ("; sys.exit(3)" if to == "stderr" else ""))

    def printed(program: str) -> object:
        file("print.py", program)
        return lab.run("run", "--quiet", "--", "python3", "print.py")

    def config_file() -> object:
        try:
            said = json.loads(held)
        except ValueError:
            said = held
        file("config.json", json.dumps({"note": said}))
        return lab.run("run", "--quiet", "--config", "config.json", "--", "true", "config")

    def makes(name: str, text: str) -> object:
        file("print.py", f"open({'made/' + name!r}, 'w').write({text!r})")
        return lab.run("run", "--quiet", "--artifact", "made/*", "--", "python3", "print.py")

    def artifact_name() -> object:
        return makes(key if held == key and len(key) < 200 else "plain.txt", "x")

    def environment() -> object:
        lab.env["CAMPAIGN_TOKEN"] = key
        try:
            return lab.run(
                "run", "--quiet", "--env", "CAMPAIGN_TOKEN", "--", "python3", "-c",
                "import os, base64, urllib.parse as u; k = os.environ['CAMPAIGN_TOKEN']\n"
                "print(k, base64.b64encode(k.encode()).decode(), u.quote(k, safe=''))",
            )  # fmt: skip
        finally:
            del lab.env["CAMPAIGN_TOKEN"]

    def actor() -> object:
        lab.env["LEADLINE_ACTOR"] = held
        try:
            return lab.run("note", "by somebody")
        finally:
            del lab.env["LEADLINE_ACTOR"]

    metric = json.dumps({held: 1.5, "time_ms": 1.0})
    notebook = {"cells": [{"cell_type": "code", "source": ["x = 1\n"], "outputs": [
        {"output_type": "stream", "text": [held + "\n"]}]}]}  # fmt: skip
    return {
        "note": lambda: lab.run("note", f"it was {held}"),
        "reported": lambda: lab.run("note", "it was 3", "--reported", held),
        "decide": lambda: lab.run("decide", f"use {held}", "--no-evidence", "none yet"),
        "decide, why": lambda: lab.run("decide", "use it", "--no-evidence", held),
        "hypothesis": lambda: lab.run("hypothesis", "add", f"with {held} it is faster"),
        "claim": lambda: lab.run("claim", f"faster with {held}", "--that", "time_ms(T-001) < 2"),
        "correct": lambda: lab.run("correct", "T-N1", f"text=it was {held}", "--why", held),
        "retract --why": lambda: lab.run("retract", "T-N1", "--why", held),
        "update": lambda: lab.run("update", "--change", held, "--next", held),
        "seal -m": lambda: lab.run("seal", "-m", held),
        "scope": lambda: lab.run("start", "u", "--prefix", "U", "--no-branch", "--goal", held),
        "kickoff title": lambda: lab.run(
            "start", "v", "--prefix", "V", "--no-branch", "--title", held
        ),
        "title": lambda: lab.run("run", "--quiet", "--title", held, "--", "true"),
        "argv": lambda: lab.run("run", "--quiet", "--secret-argv-ok", "--", "true", held),
        "argv, word by word": lambda: lab.run(
            "run", "--quiet", "--secret-argv-ok", "--", "true", *held.split()
        ),
        "argv, refused": lambda: lab.run("run", "--quiet", "--", "true", f"--x={held}"),
        "--set value": lambda: lab.run("run", "--quiet", "--set", f"about={held}", "--", "true"),
        "--set key": lambda: lab.run("run", "--quiet", "--set", f"{held}=1", "--", "true"),
        "--config": config_file,
        "metric definition": lambda: lab.run("metric", "m2", "--description", held),
        "metric name": lambda: printed(f"print({metric!r})"),
        "stdout": prints("stdout"),
        "stderr": prints("stderr"),
        "environment": environment,
        "artifact": lambda: makes("out.txt", "x = 1\n" * 60_000 + held),
        "artifact name": artifact_name,
        "tracked edit": code("code.py", f"# {held}\nK = {held!r}\n"),
        "untracked file": code("fresh.py", f"K = {held!r}\n"),
        "large file": code("large.txt", "x = 1\n" * 400_000 + held + "\n" + "y = 2\n" * 100_000),
        "notebook": code("book.ipynb", json.dumps(notebook)),
        "actor": actor,
        "finish": lambda: lab.run(
            "finish", "--override", WHATEVER_IS_MISSING, held, "--conclusion", held
        ),
    }


def lying(place: Path, key: str) -> list[str]:
    """Files and objects below ``place`` (a repository) that hold the key."""
    found = []
    needle = key.encode()
    for path in place.rglob("*"):
        raw = path.name in RAW and "runs" in path.parts
        if not path.is_file() or raw or "objects" in path.parts:
            continue
        if needle in path.read_bytes() or key in path.name:
            found.append(str(path.relative_to(place)))
    listed = subprocess.run(
        ["git", "cat-file", "--batch", "--batch-all-objects", "--unordered"],
        cwd=place, capture_output=True, check=False,
    )  # fmt: skip
    if needle in listed.stdout:
        found.append("an object of git")
    return found


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    number = 0
    while tally.tries < tries:
        with lab_with_remote() as lab:
            remote = lab.repo.parent / "remote"
            lab.env["LEADLINE_THREAD"] = "t"
            lab.ok("note", "a first one")
            lab.ok("run", "--quiet", "--", "python3", "code.py")
            folder = lab.repo.parent / "shared"
            folder.mkdir()
            lab.run("tracker", "set", "leadline", "p", "--at", str(folder))
            (lab.repo / "made").mkdir()
            lab.write(".git/info/exclude", "print.py\nmade\nconfig.json\n")
            held, key, sort = key_of(number, chance)
            number += 1
            before: set[str] = set()
            for channel, give in channels(lab, held, key).items():
                if tally.tries >= tries:
                    break
                tally.tries += 1
                done = give()
                said = f"{getattr(done, 'stdout', '')}{getattr(done, 'stderr', '')}"
                tally.saw(f"{sort} by {channel}", said)
                if key in said:
                    tally.leaked.append(f"{sort} by {channel}: shown")
                if found := set(lying(lab.repo / ".git", key)) - before:
                    before |= found
                    tally.leaked.append(f"{sort} by {channel}: {', '.join(sorted(found)[:4])}")
            lab.run("sync", "--code")
            lab.run("tracker", "push")
            lab.run("report", "--out", str(lab.repo.parent / "report.html"))
            for place in (remote, folder):
                if found := lying(place, key):
                    tally.leaked.append(f"{sort}: sent to {place.name}: {', '.join(found[:4])}")
            report = lab.repo.parent / "report.html"
            if report.exists() and key in report.read_text():
                tally.leaked.append(f"{sort}: in the report")
            for page in (lab.repo / ".agents").rglob("*.md"):
                if key in page.read_text():
                    tally.leaked.append(f"{sort}: in the logbook")


FAULTS = Faults("a secret by each way in", make, tries=50 * 32, share=32)
