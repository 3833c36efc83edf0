"""Signed where the user signs, without a question; and told whose the record is."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from leadline.core.record.event import parse_line
from leadline.testing.builders import ThreadBuilder
from tests.conftest import Lab, sealed_environment
from tests.signing import allowed, gpg_home, needs_gpg, needs_ssh, sign_by_ssh, ssh_key


@pytest.fixture
def remote(thread_lab: Lab, tmp_path: Path) -> Path:
    bare = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
    thread_lab.git("remote", "add", "origin", str(bare))
    return bare


def cloned(remote: Path, folder: Path) -> Lab:
    lab = Lab(folder / "clone", sealed_environment(folder / "home"))
    folder.mkdir()
    subprocess.run(["git", "clone", "-q", str(remote), str(lab.repo)], check=True, env=lab.env)
    return lab


def findings(lab: Lab, signers: Path) -> tuple[set[str], set[str]]:
    """Codes of faults and of notes that a list of signers gives."""
    codes = {"unsigned-records", "unsigned-commits", "unsigned-seal", "foreign-signature"}
    codes.add("signed-record-missing")
    data = lab.json("verify", "--signers", str(signers))["data"]
    return tuple({f["code"] for f in data[name]} & codes for name in ("faults", "notes"))


def heads_signed(lab: Lab) -> int:
    folder = lab.repo / ".git/leadline/threads/demo/events"
    lines = [line for file in folder.glob("*.jsonl") for line in file.read_bytes().splitlines()]
    return sum(parse_line(line).kind == "heads-signed" for line in lines)


@needs_ssh
def test_what_is_shared_is_signed_and_a_clone_knows_whose_it_is(
    thread_lab: Lab, remote: Path, tmp_path: Path
) -> None:
    key = ssh_key(tmp_path, "ada")
    signers = allowed(tmp_path / "signers", ada=key)
    sign_by_ssh(thread_lab, key)
    thread_lab.ok("note", "first")
    thread_lab.ok("seal", "one")
    thread_lab.ok("sync")
    trusted = ("-c", f"gpg.ssh.allowedSignersFile={signers}")
    for check in (
        "verify-commit leadline/records",
        "verify-commit HEAD",
        "verify-tag leadline/demo/one",
    ):
        thread_lab.git(*trusted, *check.split())
    assert findings(thread_lab, signers) == (set(), set())
    # Nothing new to sign: nothing is added.
    before = heads_signed(thread_lab)
    thread_lab.ok("sync")
    assert heads_signed(thread_lab) == before
    # Not sent yet is no fault; another machine has no note of it.
    thread_lab.ok("note", "second")
    assert findings(thread_lab, signers) == (set(), {"unsigned-records"})
    other = cloned(remote, tmp_path / "other")
    other.ok("sync")
    assert findings(other, signers) == (set(), set())


def test_where_nobody_signs_nothing_is_added_and_a_list_names_it(
    thread_lab: Lab, remote: Path, tmp_path: Path
) -> None:
    thread_lab.ok("note", "first")
    thread_lab.ok("seal", "one")
    thread_lab.ok("sync")
    assert heads_signed(thread_lab) == 0
    assert "gpgsig" not in thread_lab.git("cat-file", "commit", "leadline/records")
    (tmp_path / "signers").write_text("")
    faults, _ = findings(thread_lab, tmp_path / "signers")
    assert faults == {"unsigned-records", "unsigned-commits", "unsigned-seal"}
    done = thread_lab.run("verify", "--signers", str(tmp_path / "none"))
    assert done.returncode == 3 and "there is no file" in done.stderr


@needs_ssh
def test_a_key_that_would_have_to_be_asked_for_costs_a_sentence(
    thread_lab: Lab, remote: Path, tmp_path: Path
) -> None:
    locked = ssh_key(tmp_path, "ada", passphrase="secret")
    key = ssh_key(tmp_path, "open")
    sign_by_ssh(thread_lab, locked)
    thread_lab.env |= {"DISPLAY": ":99", "SSH_ASKPASS": "/bin/true"}
    started = time.monotonic()
    done = thread_lab.run("sync")
    assert done.returncode == 0 and done.stderr.count("not signed: ") == 1
    assert time.monotonic() - started < 20
    # Given up until the next seal or sync: not said again, and not tried.
    said = thread_lab.run("decide", "this", "--no-evidence", "it is a test")
    assert said.returncode == 0 and "not signed" not in said.stderr
    sign_by_ssh(thread_lab, key)
    thread_lab.ok("seal", "one")
    thread_lab.ok("sync")
    signers = allowed(tmp_path / "signers", ada=key)
    assert findings(thread_lab, signers) == (set(), set())


@needs_ssh
def test_who_writes_under_anothers_name_is_named(
    thread_lab: Lab, remote: Path, tmp_path: Path
) -> None:
    key, other_key = ssh_key(tmp_path, "ada"), ssh_key(tmp_path, "eve")
    signers = allowed(tmp_path / "signers", ada=key)
    sign_by_ssh(thread_lab, key)
    thread_lab.ok("note", "Ada's")
    thread_lab.ok("sync")
    eve = cloned(remote, tmp_path / "eve-folder")
    eve.ok("sync")
    # Eve puts a line under Ada's name, with a chain that holds, and sends it.
    (file,) = (eve.repo / ".git/leadline/threads/demo/events").glob("*.jsonl")
    last = parse_line(file.read_bytes().splitlines()[-1])
    forged = ThreadBuilder("demo", "P", at=last.at, writer=last.writer, started=False)
    forged.records.append(last)
    forged.record("note", {"id": "P-N2", "text": "not Ada's", "about": [], "role": ""})
    with open(file, "ab") as stream:
        stream.write(forged.records[-1].line())
    eve.ok("sync")
    reader = cloned(remote, tmp_path / "reader")
    reader.ok("sync")
    assert "not Ada's" in reader.ok("logbook")
    assert findings(reader, signers)[0] == {"unsigned-records", "unsigned-commits"}
    # A signature by a key that the list does not have, or has for somebody else, does not help.
    sign_by_ssh(eve, other_key)
    eve.ok("note", "Eve's own")
    eve.ok("sync")
    reader.ok("sync")
    assert "foreign-signature" in findings(reader, signers)[0]
    both = allowed(tmp_path / "both", ada=key, eve=other_key)
    faults = reader.json("verify", "--signers", str(both))["data"]["faults"]
    told = [f["what"] for f in faults if f["code"] == "unsigned-records"]
    assert len(told) == 1 and "a name of ada@example.org" in told[0]


@needs_ssh
def test_a_signed_record_that_was_taken_away_is_missed(
    thread_lab: Lab, remote: Path, tmp_path: Path
) -> None:
    key = ssh_key(tmp_path, "ada")
    sign_by_ssh(thread_lab, key)
    thread_lab.ok("note", "one")
    thread_lab.ok("sync")
    thread_lab.ok("note", "two")
    thread_lab.ok("sync")
    (file,) = (thread_lab.repo / ".git/leadline/threads/demo/events").glob("*.jsonl")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    signed = [n for n, line in enumerate(lines) if line["kind"] == "heads-signed"]
    kept = [line for n, line in enumerate(lines) if not signed[0] < n < signed[1]]
    file.write_text("".join(json.dumps(line) + "\n" for line in kept))
    faults, _ = findings(thread_lab, allowed(tmp_path / "signers", ada=key))
    assert "signed-record-missing" in faults


@needs_gpg
@pytest.mark.long
def test_gpg_signs_without_its_window(thread_lab: Lab, remote: Path, tmp_path: Path) -> None:
    for name in ("commit.gpgsign", "tag.gpgsign"):
        thread_lab.git("config", name, "true")
    signers = tmp_path / "signers"
    signers.write_text("*@example.org ssh-ed25519 AAAA\n")
    with gpg_home("ada@example.org") as home:
        thread_lab.env |= home
        thread_lab.ok("seal", "one")
        done = thread_lab.run("sync")
        assert done.returncode == 0 and "not signed" not in done.stderr, done.stderr
        thread_lab.git("verify-commit", "leadline/records")
        thread_lab.git("verify-tag", "leadline/demo/one")
        assert findings(thread_lab, signers) == (set(), set())
        signers.write_text("ada@elsewhere.org ssh-ed25519 AAAA\n")
        assert "foreign-signature" in findings(thread_lab, signers)[0]
    with gpg_home("ada@example.org", "secret") as home:
        thread_lab.env |= home | {"DISPLAY": ":99", "GPG_TTY": "/dev/tty"}
        thread_lab.ok("note", "more")
        done = thread_lab.run("sync")
        assert done.returncode == 0 and done.stderr.count("not signed: gpg: ") == 1, done.stderr


@needs_ssh
def test_a_seal_left_unsigned_is_signed_at_the_next_and_not_once_it_was_sent(
    thread_lab: Lab, remote: Path, tmp_path: Path
) -> None:
    locked = ssh_key(tmp_path, "locked", passphrase="secret")
    key = ssh_key(tmp_path, "ada")
    signers = allowed(tmp_path / "signers", ada=key)
    sign_by_ssh(thread_lab, locked)

    def tag(name: str) -> str:
        return thread_lab.git("cat-file", "tag", f"refs/tags/leadline/demo/{name}")

    thread_lab.ok("seal", "sent")
    thread_lab.ok("sync")
    thread_lab.ok("seal", "by-hand")
    thread_lab.git("push", "-q", "origin", "leadline/demo/by-hand")
    said = thread_lab.run("seal", "kept").stderr
    assert said.count("not signed: ") == 1
    before = {name: tag(name) for name in ("sent", "by-hand", "kept")}
    assert not any("BEGIN SSH" in text for text in before.values())
    sign_by_ssh(thread_lab, key)
    thread_lab.ok("seal", "next")
    trusted = ("-c", f"gpg.ssh.allowedSignersFile={signers}")
    for name in ("kept", "next"):
        thread_lab.git(*trusted, "verify-tag", f"leadline/demo/{name}")
    assert tag("kept").startswith(before["kept"]), "and otherwise as it was"
    assert tag("sent") == before["sent"]
    # Somebody else's tag that came with a fetch is nobody's to sign; a tag that the remote has
    # already stays as it is there.
    assert "failed" not in str(thread_lab.json("sync")["data"]["tags"])
    assert {name: tag(name) for name in ("sent", "by-hand")} == {
        name: before[name] for name in ("sent", "by-hand")
    }
    assert findings(thread_lab, signers) == (set(), {"unsigned-seal"})
    other = cloned(remote, tmp_path / "other")
    other.ok("sync")
    sign_by_ssh(other, ssh_key(tmp_path, "eve"))
    other.ok("seal", "theirs", "--thread", "demo")
    assert other.git("cat-file", "tag", "refs/tags/leadline/demo/sent") == before["sent"].strip()


@needs_ssh
def test_a_seal_waits_for_its_signature_no_longer_than_for_the_sync(
    thread_lab: Lab, remote: Path, tmp_path: Path
) -> None:
    key = ssh_key(tmp_path, "ada")
    sign_by_ssh(thread_lab, ssh_key(tmp_path, "locked", passphrase="secret"))
    thread_lab.ok("seal", "one")
    sign_by_ssh(thread_lab, key)
    thread_lab.ok("sync")
    sent = thread_lab.git("--git-dir", str(remote), "cat-file", "tag", "leadline/demo/one")
    assert "BEGIN SSH SIGNATURE" in sent
