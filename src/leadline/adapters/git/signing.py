"""Signatures as the user's git settings want them: made without a question, in five seconds, or not
at all; and checked against a list of whose keys count.

Git itself would ask: gpg by a window, ssh-keygen at the terminal. So the three programs that git
would start are started here, by the same settings, apart from any terminal and told to fail instead
of asking. What they cannot do is not tried again before the next seal or sync (a file says so): a
signer that hangs costs one verb its five seconds, and not each.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

from leadline.adapters.files import read_bytes, write_atomically
from leadline.adapters.git import objects
from leadline.adapters.git.program import GitProgram, base_environment, end_group
from leadline.core.errors import LeadlineError
from leadline.core.plain import one_line
from leadline.core.typed import NamedTuple
from leadline.ports.vcs import Checked, Signature, Signed

LIMIT_S = 5.0
_NAMESPACE = "git"  # allowed-signers files often restrict a key to it
_PROGRAMS = {"openpgp": "gpg", "x509": "gpgsm", "ssh": "ssh-keygen"}
_BEGINS = {
    "openpgp": ("-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----"),
    "x509": ("-----BEGIN SIGNED MESSAGE-----",),
    "ssh": ("-----BEGIN SSH SIGNATURE-----",),
}
_ASKS = ("DISPLAY", "WAYLAND_DISPLAY", "GPG_TTY", "SSH_ASKPASS")  # where a question would appear


COMMITS = ("commit.gpgsign",)
TAGS = ("tag.gpgsign", "tag.forcesignannotated")


class Signing(NamedTuple):
    """How the settings want something signed."""

    format: str
    program: str
    key: str
    key_command: str
    signer: str  # who commits


class _Failed(Exception):
    """Why there is no signature."""


def wanted(
    settings: Mapping[str, str], names: Sequence[str], by: Mapping[str, str]
) -> Signing | None:
    """``names``: the settings one of which has to be on."""
    if not any(_on(settings, name) for name in names):
        return None
    format = settings.get("gpg.format", "openpgp").lower()
    program = settings.get(f"gpg.{format}.program", "")
    if format == "openpgp" and not program:
        program = settings.get("gpg.program", "")
    return Signing(
        format,
        program or _PROGRAMS.get(format, ""),
        settings.get("user.signingkey", ""),
        settings.get("gpg.ssh.defaultkeycommand", ""),
        f"{by['GIT_COMMITTER_NAME']} <{by['GIT_COMMITTER_EMAIL']}>",
    )


def _on(settings: Mapping[str, str], name: str) -> bool:
    """As git reads a truth value; a name without a value is one."""
    value = settings.get(name, "false").lower()
    return value in ("", "true", "yes", "on") or (value.isdigit() and int(value) != 0)


class Signer:
    """Signs what one repository's settings want signed. ``tell``: a line for the user."""

    def __init__(self, git: GitProgram, tell: Callable[[str], None]) -> None:
        self.git, self.tell = git, tell
        self._given_up = os.path.join(git.common_dir, "leadline", "cache", "unsigned")

    def again(self) -> None:
        """Try once more, whatever failed before."""
        with contextlib.suppress(OSError):
            os.unlink(self._given_up)

    def commit(self, made: str, settings: Mapping[str, str], by: Mapping[str, str]) -> str:
        """The commit with a signature in its header where the settings want one; else itself."""
        signing = wanted(settings, COMMITS, by)
        if signing is None:
            return made
        return _with_signature(self.git, made, lambda payload: self.sign(signing, payload))

    def tag(
        self,
        settings: Mapping[str, str],
        by: Mapping[str, str],
        name: str,
        target: str,
        message: bytes,
    ) -> str | None:
        """A signed tag as an object that no ref names yet; None where there is to be no signature,
        or none can be had."""
        signing = wanted(settings, TAGS, by)
        if signing is None:
            return None
        tagger = self.git.line(["var", "GIT_COMMITTER_IDENT"], extra=by)
        head = f"object {target}\ntype commit\ntag {name}\ntagger {tagger}\n\n"
        payload = head.encode() + message
        return self._signed_tag(signing, payload)

    def tag_again(self, name: str) -> bool:
        """See ``Vcs.sign_tag``."""
        settings = objects.commit_settings(self.git)
        by = objects.committer(self.git, settings)
        signing, ref = wanted(settings, TAGS, by), f"refs/tags/{name}"
        with objects.ObjectReader(self.git) as reader:
            found = reader.read(ref)
        if signing is None or found is None or found[1] != "tag" or _of_tag(found[2])[1]:
            return False
        made = self._signed_tag(signing, found[2])
        if made is not None:
            objects.update_ref(self.git, ref, made, found[0], "leadline: signed", by)
        return made is not None

    def _signed_tag(self, signing: Signing, payload: bytes) -> str | None:
        signature = self.sign(signing, payload)
        if signature is None:
            return None
        whole = payload + signature.text.rstrip("\n").encode() + b"\n"
        return self.git.line(["mktag"], data=whole, writes=True)

    def head(self, payload: bytes) -> Signature | None:
        """Of the end of a record, where commits or tags are signed."""
        settings = objects.commit_settings(self.git)
        by = objects.committer(self.git, settings)
        return self.sign(wanted(settings, COMMITS + TAGS, by), payload)

    def wanted(self, settings: Mapping[str, str]) -> bool:
        """Whether the settings want anything signed, and nothing keeps it from being tried."""
        on = any(_on(settings, name) for name in COMMITS + TAGS)
        return on and not os.path.exists(self._given_up)

    def sign(self, signing: Signing | None, payload: bytes) -> Signature | None:
        """None where nothing is wanted, or it cannot be had now (which is said once)."""
        if signing is None or os.path.exists(self._given_up):
            return None
        try:
            made = _made(signing, payload, self.git.work_tree or self.git.git_dir)
        except _Failed as failed:
            why = one_line(str(failed))
            with contextlib.suppress(LeadlineError):
                write_atomically(self._given_up, why.encode())
            self.tell(
                f"not signed: {why}; nobody is asked, so what follows stays unsigned "
                "until the next `leadline seal` or `leadline sync`"
            )
            return None
        return Signature(signing.format, made, signing.signer)


# ---- made ----------------------------------------------------------------------------------------


def _made(signing: Signing, payload: bytes, folder: str) -> str:
    deadline = time.monotonic() + LIMIT_S
    if signing.format not in _PROGRAMS:
        raise _Failed(f"gpg.format is {signing.format!r}")
    program = _placed(signing.program, folder) if "/" in signing.program else signing.program
    if signing.format == "ssh":
        text = _by_ssh(signing, program, payload, folder, deadline)
    else:
        quiet = ["--batch", "--no-tty", "--pinentry-mode", "error", "--status-fd=2"]
        argv = [program, *quiet, "-bsau", signing.key or signing.signer]
        text = _output(argv, payload, deadline)
    if not text.startswith(_BEGINS[signing.format]):
        raise _Failed(f"{program} wrote no signature")
    return text


def _by_ssh(signing: Signing, program: str, payload: bytes, folder: str, deadline: float) -> str:
    key = signing.key
    if not key and signing.key_command:
        said = _output(shlex.split(signing.key_command), b"", deadline)
        key = next((line for line in said.splitlines() if _literal(line)), "")
    if not key:
        raise _Failed("user.signingkey names no key")
    if not (literal := _literal(key)):
        return _output(_ssh_argv(program, _placed(key, folder)), payload, deadline)
    with tempfile.NamedTemporaryFile("w", prefix="leadline-key-") as file:
        file.write(literal + "\n")
        file.flush()
        return _output([*_ssh_argv(program, file.name), "-U"], payload, deadline)


def _ssh_argv(program: str, key_file: str) -> list[str]:
    return [program, "-Y", "sign", "-n", _NAMESPACE, "-f", key_file]


def _literal(key: str) -> str:
    """The public key that the setting is, and no file's name."""
    return key.removeprefix("key::") if key.startswith(("key::", "ssh-")) else ""


def _placed(path: str, folder: str) -> str:
    return os.path.join(folder, os.path.expanduser(path))


def _output(argv: Sequence[str], data: bytes, deadline: float) -> str:
    returncode, out, errors = _run(argv, data, deadline)
    if returncode:
        raise _Failed(f"{argv[0]}: {_reason(errors) or f'ended with status {returncode}'}")
    return out.decode("utf-8", "replace").replace("\r\n", "\n")


def _reason(errors: bytes) -> str:
    lines = errors.decode("utf-8", "replace").splitlines()
    said = [line for line in lines if line.strip() and not line.startswith("[GNUPG:]")]
    return said[-1].strip() if said else ""


def _run(argv: Sequence[str], data: bytes, deadline: float) -> tuple[int, bytes, bytes]:
    """A program that has no terminal and no window to ask at. Raises _Failed."""
    environment = {k: v for k, v in base_environment().items() if k not in _ASKS}
    environment |= {"SSH_ASKPASS_REQUIRE": "never", "TZ": "UTC"}
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise _Failed(f"{argv[0]} cannot be started: {error}") from None
    try:
        out, errors = process.communicate(data, timeout=max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        end_group(process)
        raise _Failed(f"{argv[0]} gave no answer within {LIMIT_S:g} s") from None
    except BaseException:
        end_group(process)
        raise
    if process.returncode < 0:
        raise _Failed(f"{argv[0]} was ended by signal {-process.returncode}")
    return process.returncode, out, errors


# ---- in an object --------------------------------------------------------------------------------


def _with_signature(git: GitProgram, commit: str, sign: Callable[[bytes], Signature | None]) -> str:
    raw = git.run(["cat-file", "commit", commit]).stdout
    signature = sign(raw)
    if signature is None:
        return commit
    name = "gpgsig" if len(commit) == 40 else "gpgsig-sha256"
    header = f"{name} " + signature.text.rstrip("\n").replace("\n", "\n ") + "\n"
    before, _, after = raw.partition(b"\n\n")
    signed = before + b"\n" + header.encode() + b"\n" + after
    return git.line(["hash-object", "-t", "commit", "-w", "--stdin"], data=signed, writes=True)


def taken_apart(git: GitProgram, revision: str) -> Signed | None:
    """See ``Vcs.signed``."""
    with objects.ObjectReader(git) as reader:
        found = reader.read(revision)
    if found is None:
        return None
    payload, signature = _of_tag(found[2]) if found[1] == "tag" else _of_commit(found[2])
    return Signed(payload, signature)


def _of_tag(raw: bytes) -> tuple[bytes, str]:
    for begin in (b"\n" + begin.encode() for begins in _BEGINS.values() for begin in begins):
        at = raw.rfind(begin)
        if at >= 0:
            return raw[: at + 1], raw[at + 1 :].decode("utf-8", "replace")
    return raw, ""


def _of_commit(raw: bytes) -> tuple[bytes, str]:
    head, blank, message = raw.partition(b"\n\n")
    kept: list[bytes] = []
    signature: list[bytes] = []
    inside = False
    for line in head.split(b"\n"):
        begins = line.startswith((b"gpgsig ", b"gpgsig-sha256 "))
        inside = begins or (inside and line.startswith(b" "))
        if inside:
            signature.append(line.partition(b" ")[2])
        else:
            kept.append(line)
    text = b"\n".join(signature).decode("utf-8", "replace")
    return b"\n".join(kept) + blank + message, text + "\n" if text else ""


# ---- checked -------------------------------------------------------------------------------------


def check(settings: Mapping[str, str], signed: Signed, signers: str, at: str) -> Checked:
    """See ``Vcs.check_signature``."""
    payload, signature = signed
    format = next((f for f, begins in _BEGINS.items() if signature.startswith(begins)), "")
    if not format:
        return Checked("", "it is no signature")
    deadline = time.monotonic() + 4 * LIMIT_S
    program = settings.get(f"gpg.{format}.program", "") or _PROGRAMS[format]
    with tempfile.NamedTemporaryFile("w", prefix="leadline-signature-") as file:
        file.write(signature)
        file.flush()
        try:
            if format == "ssh":
                return _checked_by_ssh(program, payload, file.name, signers, at, deadline)
            if format == "openpgp":
                program = settings.get("gpg.openpgp.program", settings.get("gpg.program", program))
            return _checked_by_gpg(program, payload, file.name, signers, deadline)
        except _Failed as failed:
            return Checked("", str(failed), unknown=True)


def _checked_by_ssh(
    program: str, payload: bytes, signature: str, signers: str, at: str, deadline: float
) -> Checked:
    when = f"-Overify-time={''.join(c for c in at if c.isdigit())[:14]}"
    whose = [program, "-Y", "find-principals", "-f", signers, "-s", signature, when]
    returncode, out, errors = _run(whose, b"", deadline)
    principals = out.decode("utf-8", "replace").split("\n")
    for principal in filter(None, map(str.strip, principals)) if not returncode else ():
        argv = [program, "-Y", "verify", "-n", _NAMESPACE, "-f", signers, "-I", principal]
        returncode, _, errors = _run([*argv, "-s", signature, when], payload, deadline)
        if not returncode:
            return Checked(principal, "")
    return Checked("", _reason(errors) or "its key is nobody's in the list")


def _checked_by_gpg(
    program: str, payload: bytes, signature: str, signers: str, deadline: float
) -> Checked:
    """A key of the user's own keyring that is trusted there, whose address the list names."""
    argv = [program, "--batch", "--no-tty", "--status-fd=1", "--verify", signature, "-"]
    _, out, errors = _run(argv, payload, deadline)
    words = [line.split(" ", 3) for line in out.decode("utf-8", "replace").splitlines()]
    said = {line[1]: line[-1] for line in words if line[0] == "[GNUPG:]" and len(line) > 1}
    if "GOODSIG" not in said:
        return Checked("", _reason(errors) or "the signature is not good")
    if not said.keys() & {"TRUST_FULLY", "TRUST_ULTIMATE"}:
        return Checked("", f"the key of {said['GOODSIG']} is not trusted in the keyring")
    address = said["GOODSIG"].rpartition("<")[2].rstrip(">")
    if not any(_names(pattern, address) for pattern in _principals(signers)):
        return Checked("", f"{address} is not in the list")
    return Checked(address, "")


def _principals(signers: str) -> list[str]:
    """The first field of each line: patterns, separated by commas."""
    lines = (read_bytes(signers) or b"").decode("utf-8", "replace").splitlines()
    fields = (line.split(None, 1)[0] for line in lines if line.strip() and line[:1] != "#")
    return [field.strip('"') for field in fields]


def _names(patterns: str, address: str) -> bool:
    parts = patterns.split(",")
    denied = any(p.startswith("!") and fnmatchcase(address, p[1:]) for p in parts)
    return not denied and any(fnmatchcase(address, p) for p in parts)
