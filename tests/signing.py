"""Keys made for a test, and git settings that sign with them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Lab

needs_ssh = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")
needs_gpg = pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not installed")


def ssh_key(folder: Path, name: str, passphrase: str = "") -> Path:
    key = folder / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", str(key)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return key


def allowed(file: Path, **keys: Path) -> Path:
    """git's allowed signers: ``name@example.org`` for each key."""
    lines = [
        f'{name}@example.org namespaces="git" {key.with_suffix(".pub").read_text()}'
        for name, key in keys.items()
    ]
    file.write_text("".join(lines))
    return file


def sign_by_ssh(lab: Lab, key: Path | str) -> None:
    settings = {"gpg.format": "ssh", "user.signingkey": str(key)}
    for name, value in (settings | {"commit.gpgsign": "true", "tag.gpgsign": "true"}).items():
        lab.git("config", name, value)


@contextmanager
def gpg_home(address: str, passphrase: str = "") -> Iterator[dict[str, str]]:
    """The environment of a keyring with one key, trusted; short, since a socket's path has to be."""
    home = tempfile.mkdtemp(prefix="gpg-")
    environment = {"GNUPGHOME": home, "PATH": "/usr/bin:/bin"}
    # As few rounds as there may be: else the agent works a second to find out how many are slow.
    Path(home, "gpg-agent.conf").write_text("s2k-count 65536\n")
    try:
        quiet = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback"]
        made = [
            "--passphrase",
            passphrase,
            "--quick-gen-key",
            f"Ada <{address}>",
            "ed25519",
            "sign",
        ]
        subprocess.run([*quiet, *made, "never"], check=True, env=environment, capture_output=True)
        # What making the key left unlocked would be asked for again.
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=environment, check=True)
        yield {"GNUPGHOME": home}
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=False)
        shutil.rmtree(home, ignore_errors=True)
