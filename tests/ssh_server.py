"""An sshd of the tests' own on loopback: own port, own keys, own known hosts; ended by its pid."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leadline.testing.executor_contract import wait_until

HOST = "far"


def absent() -> str:
    """Why there is no server to test with; "" when there is one."""
    found = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
    return "" if found and shutil.which("ssh") else "openssh-server is not installed"


@contextmanager
def ssh_server(folder: Path) -> Iterator[Path]:
    """The config file for ``ssh -F``, in which the server is called ``far``."""
    if why := absent():
        # Where everything is to be tested, a counterpart that is not there is a failure.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("host", "user"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(key, check=True)
    shutil.copy(folder / "user.pub", folder / "authorized")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\n"
        f"AuthorizedKeysFile {folder}/authorized\nPidFile none\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin prohibit-password\nStrictModes no\nMaxSessions 50\nMaxStartups 100\n"
        # A home of its own, and a bash that takes itself for an inner one reads no start-up files.
        f"SetEnv HOME={folder} SHLVL=1\n"
    )
    public = (folder / "host.pub").read_text().split()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
    config = folder / "config"
    user = f"  IdentityFile {folder}/user\n  IdentitiesOnly yes\n"
    user += "  KexAlgorithms curve25519-sha256\n"  # four times as quick as the default
    config.write_text(
        f"Host {HOST}\n  HostName 127.0.0.1\n  Port {port}\n{user}"
        f"  UserKnownHostsFile {folder}/known\n  GlobalKnownHostsFile /dev/null\n"
    )
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)  # sshd will not start without it
    sshd = shutil.which("sshd") or "/usr/sbin/sshd"
    with open(folder / "sshd.log", "wb") as log:
        server = subprocess.Popen(
            [sshd, "-D", "-e", "-f", str(folder / "sshd_config")], stdout=log, stderr=log
        )
    try:
        wait_until(lambda: answers(port), "sshd to answer")
        yield config
    finally:
        server.kill()
        server.wait()


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
