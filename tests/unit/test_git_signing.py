"""Signatures by whatever program the settings name: told not to ask, ended in time, kept as git
keeps them."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from leadline.adapters.git import signing
from leadline.adapters.git.repo import Git
from leadline.core.errors import LeadlineError

FAKE = """#!/bin/sh
printf '%s\\n' "$*" >> {told}; env >> {told}.env
( : </dev/tty ) 2>/dev/null && echo tty >> {told}
cat > {told}.payload
{then}
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("DISPLAY", ":99")
    folder = tmp_path / "repo"
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    for name, value in {"user.name": "Ada", "user.email": "ada@example.org"}.items():
        git(folder, "config", name, value)
    return folder


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def signer(repo: Path, format: str, then: str) -> Path:
    """What was told to a signer of ``format`` that does ``then``."""
    told, program = repo.parent / "told", repo.parent / "signer"
    program.write_text(FAKE.format(told=told, then=then))
    program.chmod(0o755)
    settings = {"commit.gpgsign": "true", "tag.gpgsign": "yes", "gpg.format": format}
    settings |= {f"gpg.{format}.program": str(program), "user.signingkey": "KEY"}
    for name, value in settings.items():
        git(repo, "config", name, value)
    return told


def good(format: str) -> str:
    begin = signing._BEGINS[format][0]
    return f"printf '%s\\n' '{begin}' abc '{begin.replace('BEGIN', 'END')}'"


def opened(repo: Path) -> tuple[Git, list[str]]:
    said: list[str] = []
    return Git.discover(str(repo), said.append), said


def committed(vcs: Git, text: bytes = b"1\n", ref: str = "refs/heads/r") -> str:
    return vcs.commit_files(ref, {"a": text}, "title\n\nbody\n", expected_old=vcs.ref(ref))


@pytest.mark.parametrize("format", ["openpgp", "x509", "ssh"])
def test_the_signature_is_where_git_looks_for_it(repo: Path, format: str) -> None:
    told = signer(repo, format, good(format))
    vcs, said = opened(repo)
    commit = committed(vcs)
    payload = (told.parent / "told.payload").read_bytes()
    signed = vcs.signed(commit)
    assert signed is not None and signed.payload == payload and signed.signature.endswith("-----\n")
    assert "abc" in git(repo, "log", "-1", "--format=raw", commit)
    assert git(repo, "log", "-1", "--format=%s|%b", commit) == "title|body"
    vcs.create_tag("s1", commit, "sealed")
    of_tag = vcs.signed("refs/tags/s1")
    assert of_tag is not None and of_tag.payload == (told.parent / "told.payload").read_bytes()
    assert of_tag.payload.endswith(b"\n\nsealed\n") and "abc" in of_tag.signature
    git(repo, "fsck", "--strict")
    with pytest.raises(LeadlineError) as caught:
        vcs.create_tag("s1", commit, "again")
    assert caught.value.code == "tag-exists" and not said


@pytest.mark.parametrize("format", ["openpgp", "x509", "ssh"])
def test_nobody_can_be_asked(repo: Path, format: str) -> None:
    told = signer(repo, format, good(format))
    committed(opened(repo)[0])
    words = told.read_text().split()
    assert "tty" not in words
    if format == "ssh":
        assert words == ["-Y", "sign", "-n", "git", "-f", str(repo / "KEY")]
    else:
        assert words == [
            "--batch",
            "--no-tty",
            "--pinentry-mode",
            "error",
            "--status-fd=2",
            "-bsau",
            "KEY",
        ]
    environment = (told.parent / "told.env").read_text().splitlines()
    assert "SSH_ASKPASS_REQUIRE=never" in environment
    assert not [line for line in environment if line.startswith(("DISPLAY=", "SSH_ASKPASS=."))]


@pytest.mark.parametrize(
    ("then", "why"),
    [
        ("sleep 60 & wait", "no answer within 0.3 s"),
        ("echo 'No pinentry' >&2; exit 2", "No pinentry"),
        ("echo nonsense", "wrote no signature"),
        ("kill -9 $$", "ended by signal 9"),
    ],
)
def test_what_cannot_be_signed_is_made_unsigned_and_said_once(
    repo: Path, monkeypatch: pytest.MonkeyPatch, then: str, why: str
) -> None:
    monkeypatch.setattr(signing, "LIMIT_S", 0.3)
    told = signer(repo, "openpgp", then)
    vcs, said = opened(repo)
    started = time.monotonic()
    first = committed(vcs)
    second = committed(opened(repo)[0], b"2\n")  # another verb, which does not try again
    vcs.create_tag("s1", second, "sealed")
    assert time.monotonic() - started < 20
    assert [vcs.signed(name).signature for name in (first, second, "s1")] == ["", "", ""]
    assert len(said) == 1 and why in said[0]
    assert told.read_text().count("-bsau") == 1
    vcs.sign_again()
    signer(repo, "openpgp", good("openpgp"))
    assert vcs.signed(committed(vcs, b"3\n")).signature


def test_a_program_that_is_not_there_is_said(repo: Path) -> None:
    signer(repo, "openpgp", "")
    git(repo, "config", "gpg.openpgp.program", "no-such-program")
    vcs, said = opened(repo)
    assert vcs.signed(committed(vcs)).signature == ""
    assert "no-such-program cannot be started" in said[0]


@pytest.mark.parametrize(
    ("value", "signs"), [("true", True), ("1", True), ("on", True), ("false", False), ("0", False)]
)
def test_a_truth_value_is_read_as_git_does(repo: Path, value: str, signs: bool) -> None:
    signer(repo, "openpgp", good("openpgp"))
    git(repo, "config", "commit.gpgsign", value)
    git(repo, "config", "tag.gpgsign", "false")
    vcs, _ = opened(repo)
    assert vcs.signs() is signs and bool(vcs.signed(committed(vcs)).signature) is signs
    assert (vcs.sign(b"x") is not None) is signs


def test_a_public_key_in_the_settings_is_given_as_a_file(repo: Path) -> None:
    told = signer(repo, "ssh", good("ssh"))
    git(repo, "config", "--unset", "user.signingkey")
    git(repo, "config", "gpg.ssh.defaultKeyCommand", "echo key::ssh-ed25519 AAAA")
    vcs, said = opened(repo)
    assert vcs.signed(committed(vcs)).signature and not said
    assert told.read_text().split()[-1] == "-U"


def test_code_states_are_not_signed(repo: Path) -> None:
    told = signer(repo, "openpgp", good("openpgp"))
    (repo / "new.py").write_text("1")
    opened(repo)[0].capture(run_ref="refs/leadline/code/x")
    assert not told.exists()


def test_a_repository_of_long_names_is_signed_too(repo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "long"
    subprocess.run(["git", "init", "-q", "--object-format=sha256", folder], check=True)
    signer(folder, "openpgp", good("openpgp"))
    vcs, _ = opened(folder)
    commit = committed(vcs)
    assert len(commit) == 64 and vcs.signed(commit).signature
    assert "gpgsig-sha256 " in git(folder, "cat-file", "commit", commit)
