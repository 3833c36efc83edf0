"""Talks to remotes, with a time limit and without a prompt; an unreachable one is an error that
says why."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence

from leadline.adapters.git import objects
from leadline.adapters.git.history import check_full_ref
from leadline.adapters.git.program import (
    LOCK_WAITS_S,
    GitProgram,
    Outcome,
    any_status,
    end_group,
    patiently,
    without_credentials,
)
from leadline.adapters.own_programs import NOWHERE, program
from leadline.core.errors import LeadlineError, not_found, remote
from leadline.core.publish.remote_url import at_host
from leadline.core.publish.remote_url import parse as remote_url_parts
from leadline.core.ref_name import is_object_name

_DENIED = (
    "permission denied",
    "authentication failed",
    "could not read username",
    "could not read password",
    "error: 403",
    "error: 401",
    "access denied",
    "host key verification failed",
    "not authorized",
    "write access",
)

# What transports say of a remote that is not there. Anything else went wrong although it is.
_AWAY = (
    "could not read from remote repository",
    "does not appear to be a git repository",
    "could not resolve",
    "couldn't resolve",
    "name or service not known",
    "unable to access",
    "unable to look up",
    "unable to connect",
    "failed to connect",
    "couldn't connect",
    "connection refused",
    "connection reset",
    "connection closed",
    "timed out",
    "no route to host",
    "network is unreachable",
    "not found",
    "hung up",
    "early eof",
    "unexpected disconnect",
)


def remotes(git: GitProgram) -> list[str]:
    return os.fsdecode(git.run(["remote"]).stdout).split()


def remote_url(git: GitProgram, name: str) -> str | None:
    done = git.run(["remote", "get-url", "--", name], ok=any_status)
    if done.returncode != 0:
        return None
    return _at_its_host(git, without_credentials(os.fsdecode(done.stdout).strip()))


_SSH_CONFIG_WAIT_S = 5
# Objects that each is compared with for a pack, where git takes 10: what repeats itself among records
# are versions of one file, which lie beside each other. As small, in two thirds of the time.
COMPARED = 3
# What nobody names a host of their own; the question costs a process.
_PUBLIC = frozenset(("github.com", "ssh.github.com", "gitlab.com", "altssh.gitlab.com"))


def _at_its_host(git: GitProgram, url: str) -> str:
    """``url`` with the host that the user's own SSH settings mean by its name
    (``git@github.com-work:o/r`` with ``Host github.com-work``); as it is where ssh does not tell."""
    parsed = remote_url_parts(url)
    if parsed is None or not parsed.by_ssh or parsed.host.lower() in _PUBLIC:
        return url
    try:
        first, *options = shlex.split(_ssh_command(git) or "ssh")
        ssh = first if "/" in first else program(first)
        done = subprocess.run(
            [ssh, *options, "-G", "--", parsed.host],
            cwd=NOWHERE,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SSH_CONFIG_WAIT_S,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return url
    for line in os.fsdecode(done.stdout).splitlines():
        keyword, _, host = line.partition(" ")
        if keyword == "hostname" and host and host.lower() != parsed.host.lower():
            return at_host(url, host)
    return url


def _ssh_command(git: GitProgram) -> str:
    """The user's own ssh command line; "" where git starts plain ``ssh``."""
    setting = ["config", "core.sshCommand"]
    return (
        os.environ.get("GIT_SSH_COMMAND")
        or os.fsdecode(git.run(setting, ok=any_status).stdout).strip()
    )


def remote_refs(git: GitProgram, remote: str, timeout_s: float) -> dict[str, str]:
    """See ``Vcs.remote_refs``."""
    done = _talk(git, remote, ["ls-remote", "--quiet", "--", remote], timeout_s)
    if done.returncode != 0:
        raise _remote_error(remote, done)
    found: dict[str, str] = {}
    for line in os.fsdecode(done.stdout).splitlines():
        name, _, ref = line.partition("\t")
        if ref.startswith("refs/"):
            found[ref.removesuffix("^{}")] = name  # a peeled tag follows the tag itself
    return found


def fetch_ref(git: GitProgram, remote: str, ref: str, into: str, timeout_s: float) -> str | None:
    """See ``Vcs.fetch_ref``."""
    for name in (ref, into):
        check_full_ref(name)
    arguments = [
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-recurse-submodules",
        "--no-auto-maintenance",
        "--",
        remote,
        f"+{ref}:{into}",
    ]
    done = _talk(git, remote, arguments, timeout_s)
    for wait_s in LOCK_WAITS_S:
        if b"cannot lock ref" not in done.stderr or done.returncode == 0:
            break
        time.sleep(wait_s)  # another fetch moved it at this moment
        done = _talk(git, remote, arguments, timeout_s)
    if done.returncode != 0:
        if b"couldn't find remote ref" in done.stderr:
            return None
        raise _remote_error(remote, done)
    return objects.read_ref(git, into)


def push(
    git: GitProgram, remote: str, refs: Mapping[str, str], timeout_s: float, run_hooks: bool
) -> dict[str, dict[str, str]]:
    """See ``Vcs.push``."""
    if not refs:
        return {}
    for source, destination in refs.items():
        check_full_ref(destination)
        if not is_object_name(source):
            check_full_ref(source)
    arguments = [
        "push",
        "--porcelain",
        "--no-follow-tags",
        "--no-recurse-submodules",
        "--no-signed",
    ]
    arguments += [] if run_hooks else ["--no-verify"]
    specs = [f"{source}:{destination}" for source, destination in refs.items()]
    done = _talk(git, remote, [*arguments, "--", remote, *specs], timeout_s, hooks=run_hooks)
    results: dict[str, dict[str, str]] = {}
    for line in os.fsdecode(done.stdout).splitlines():
        flag, tab, rest = line.partition("\t")
        names, second_tab, summary = rest.partition("\t")
        if not tab or not second_tab or len(flag) != 1:
            continue
        results[names.rpartition(":")[2]] = _push_result(flag, summary)
    if done.returncode != 0 and not any(
        result["status"] not in ("ok", "up-to-date") for result in results.values()
    ):
        if b"src refspec" in done.stderr:
            raise objects.no_such_object(", ".join(refs))
        raise _remote_error(remote, done)
    return results


def _push_result(flag: str, summary: str) -> dict[str, str]:
    if flag == "=":
        return {"status": "up-to-date", "reason": ""}
    if flag in " *+-":
        return {"status": "ok", "reason": ""}
    reason = summary.partition("(")[2].rstrip(")") or summary
    moved = reason in (
        "non-fast-forward",
        "fetch first",
        "stale info",
        "needs force",
        "already exists",
    ) or ("cannot lock ref" in reason or "failed to update ref" in reason)
    return {
        "status": "non-fast-forward" if moved and reason != "already exists" else "rejected",
        "reason": without_credentials(reason),
    }


def _talk(
    git: GitProgram, remote: str, arguments: Sequence[str], timeout_s: float, hooks: bool = False
) -> Outcome:
    """Run a network command; ends it with all its children after ``timeout_s``."""
    if remote not in remotes(git):
        raise not_found(
            "no-such-remote", f"There is no remote called {remote}.", do="git remote -v"
        )
    extra: dict[str, str] = {}
    if not (os.environ.get("GIT_SSH") or _ssh_command(git)):
        extra["GIT_SSH_COMMAND"] = (
            f"ssh -o BatchMode=yes -o ConnectTimeout={max(1, int(min(timeout_s, 30)))}"
        )
    return patiently(lambda: _once(git, remote, arguments, timeout_s, hooks, extra))


def _once(
    git: GitProgram,
    remote: str,
    arguments: Sequence[str],
    timeout_s: float,
    hooks: bool,
    extra: Mapping[str, str],
) -> Outcome:
    process = git.start_apart(
        arguments,
        extra=extra,
        writes=True,
        hooks=hooks,
        config=(
            "gc.auto=0",
            "maintenance.auto=false",
            "credential.interactive=false",
            f"pack.window={COMPARED}",
        ),
    )
    try:
        stdout, stderr = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        end_group(process)
        raise _unreachable(remote, f"It did not answer within {timeout_s:g} s.") from None
    except BaseException:
        end_group(process)
        raise
    return Outcome(process.returncode, stdout, stderr)


def _unreachable(name: str, why: str) -> LeadlineError:
    return remote(
        "remote-unreachable",
        f"The remote {name} cannot be reached.",
        why=why,
        do=f"git ls-remote {name}",
        details={"remote": name},
    )


def _remote_error(name: str, done: Outcome) -> LeadlineError:
    text_lines = done.stderr.decode("utf-8", "replace").splitlines()
    line = next(
        (line for line in text_lines if any(word in line.lower() for word in _DENIED)), None
    )
    if line is not None:
        return remote(
            "remote-denied",
            f"The remote {name} refused access.",
            why=without_credentials(line.removeprefix("fatal: ").removeprefix("remote: ")),
            do=f"git ls-remote {name}",
            details={"remote": name},
        )
    why = _cause(text_lines) or done.last_line
    said = done.stderr.decode("utf-8", "replace").lower()
    if any(words in said for words in _AWAY):
        return _unreachable(name, why)
    return remote(
        "exchange-failed",
        f"git could not finish its exchange with {name}.",
        why=why,
        do=f"git fetch {name}",
        details={"remote": name},
    )


def _cause(lines: list[str]) -> str:
    """What the transport said, which git follows with sentences of its own."""
    own = (
        "could not read from remote repository",
        "please make sure you have",
        "and the repository exists",
    )
    said = [
        line.strip()
        for line in lines
        if line.strip() and not any(sentence in line.lower() for sentence in own)
    ]
    return without_credentials(said[-1].removeprefix("fatal: ")) if said else ""
