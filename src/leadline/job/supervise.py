"""Runs one command in one attempt folder: ``python -I -S supervise.py ATTEMPT_DIR``.

Every executor, near or far, starts exactly this program, so what a run means does not depend on the
engine: the folder is the truth, the engine only launches. It therefore stands alone: one file,
standard library only.

It is started once per trial, so start-up time is spent with care: ``json``, ``signal`` and
``ctypes`` cost 12 ms together, their C halves (``_json``, ``_signal``, ``_ctypes``) 0.7 ms. Those
names are private to CPython, so each is used behind a fallback to the public module. Without
``/proc`` or ``prctl`` (not Linux) it still runs and ends commands, but only signals the command's
process group, and the facts it cannot measure are null.

An attempt starts at most once, ever: its ``alive.lock`` appears by ``link(2)``, already locked, and
is never removed. Locks are open-file-description locks, which can be asked about without being
taken. ``alive.lock`` belongs to this process alone, ``tree.lock`` to the command and whatever it
starts, so that a tree outliving its supervisor is seen.

Exit status: 0 ``result.json`` was written; 64 usage; 65 ``spec.json`` unusable; 73 no space for the
result, nothing was started; 75 this attempt was started before, nothing was touched; 76 a device that
it needs is taken, nothing was started; 74 the result could not be written.
"""

from __future__ import annotations

import errno
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as sig
    from collections.abc import Mapping
    from typing import Any, NoReturn, TypedDict

    from leadline.core.record.bodies import During, Preflight
    from leadline.ports.attempt import FileWritten, Result, Spec

    class Reading(TypedDict):
        pressure_s: float | None
        memory_s: float | None
        cpus: bytes
        throttle: dict[str, int] | None
        load_1m: float | None

    class CpuSeconds(TypedDict):
        busy_s: float | None
        steal_s: float | None
else:
    try:
        import _signal as sig
    except ImportError:
        import signal as sig

PRIVATE = "spec.private.json"
EXIT_USAGE, EXIT_BAD_SPEC, EXIT_NO_SPACE, EXIT_NOT_WRITTEN, EXIT_TAKEN = 64, 65, 73, 74, 75
EXIT_DEVICE = 76
PROC = "/proc"
SYS = "/sys/devices/system/cpu"
RESULT_RESERVE_BYTES = 16384
OWNER_RESERVE_BYTES = 4096
FULL_BYTES = 65536
CHECK_EVERY_S = 0.5
FIRST_LOOK_S = 0.005  # at what the command has loaded; then at doubling distances
SYNC_METRICS_EVERY_S = 0.5
KILL_AGAIN_S = 0.1
GIVE_UP_KILLING_S = 5.0
TREE_LOCK_FD = 100
IN_MODIFY = 2
IN_REPLACED = 0x40 | 0x80 | 0x100 | 0x200 | 0x8000  # moved from, moved to, made, removed, gone
S_IFREG, S_IFMT = 0o100000, 0o170000
DIGESTED_BYTES = 64 << 20
FILES_IN_FOLDER = 10_000
NETWORK_SLACK_NS = 2_000_000_000
NETWORKED = (
    b"nfs",
    b"cifs",
    b"smb",
    b"9p",
    b"ceph",
    b"lustre",
    b"afs",
    b"beegfs",
    b"gpfs",
    b"fuse",
    b"virtiofs",
)
WRITTEN = ("new", "rewritten", "appended")
STOP_SIGNALS = (sig.SIGTERM, sig.SIGINT, sig.SIGQUIT)
ENGINE_SIGNAL_WAIT_S = 2.0
FORWARDED_SIGNALS = (sig.SIGUSR1, sig.SIGUSR2)
# Of an engine's job: it is cancelled by whoever put this file there, and a signal is the engine's own.
ASKED = "cancel.asked"
OF_ENGINE = False
AHEAD = "-"  # in place of the folder: it comes on stdin
LOOKED: Preflight | None = None  # what a pilot saw of the machine a moment ago
PILOT = ""  # the place that runs it, where many short runs share one job of an engine
WATCHED = (sig.SIGCHLD, *STOP_SIGNALS, *FORWARDED_SIGNALS)


class Refused(Exception):
    """Nothing was started. ``args`` is (exit status, sentence)."""


# --- small pieces ---------------------------------------------------------------------------------


def decode_json(text: str) -> Any:
    try:
        import _json

        class Settings:
            strict, object_hook, object_pairs_hook = True, None, None
            parse_float, parse_int, parse_constant = float, int, float
            memo: dict[str, str] = {}  # noqa: RUF012

        if text[:1] != "{":
            raise ValueError("it is not a JSON object")
        return _json.make_scanner(Settings)(text, 0)[0]  # type: ignore[arg-type]
    except (ImportError, AttributeError, TypeError, StopIteration, SystemError):
        import json

        return json.loads(text)


def encode_json(value: Mapping[str, object]) -> bytes:
    try:
        import _json

        quote = _json.encode_basestring_ascii
        encoder = _json.make_encoder(None, str, quote, None, ":", ",", False, False, True)
        return "".join(encoder(value, 0)).encode() + b"\n"
    except (ImportError, AttributeError, TypeError):
        import json

        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def read_start(path: str) -> bytes:
    """The first 64 KiB of a file; empty when it cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(fd, 65536)
    except OSError:
        return b""
    finally:
        os.close(fd)


def stat_fields(pid: int | str) -> list[bytes]:
    """Fields of ``/proc/PID/stat`` from the third on (state, ppid, ...); empty when there is no
    such process."""
    text = read_start(f"{PROC}/{pid}/stat")
    return text[text.rindex(b")") + 2 :].split() if b")" in text else []


def boot_id() -> str:
    """Which start of which machine this is; empty where the kernel does not say."""
    return read_start(f"{PROC}/sys/kernel/random/boot_id").decode().strip()


def start_ticks(pid: int) -> int | None:
    fields = stat_fields(pid)
    return int(fields[19]) if len(fields) > 19 else None


def call_libc(function: str, *arguments: int | bytes) -> int:
    """What a function of Linux's C library returns; -1 where there is none."""
    if sys.platform != "linux":
        return -1
    try:
        import _ctypes

        address = _ctypes.dlsym(_ctypes.dlopen(None, 0), function)  # type: ignore[arg-type]
        return int(_ctypes.call_function(address, arguments))
    except (ImportError, AttributeError, TypeError, OSError):
        try:
            import ctypes

            return int(getattr(ctypes.CDLL(None), function)(*arguments))
        except (ImportError, AttributeError, OSError):
            return -1


def prctl(option: int, value: int) -> bool:
    """Linux ``prctl``; false where there is none."""
    return call_libc("prctl", option, value, 0, 0, 0) == 0


def take_lock(fd: int) -> bool:
    """Locks the whole open file for writing; false when this file system or platform has no such
    locks."""
    try:
        import fcntl

        # struct flock: l_type, then whole file
        request = fcntl.F_WRLCK.to_bytes(2, sys.byteorder) + bytes(30)
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, request)
        return True
    except (ImportError, AttributeError, OSError):
        return False


def _epoch_s() -> float:
    """Seconds since 1970; of a clock so far off that Python has no number for it, those of 2100."""
    try:
        return time.time()
    except OverflowError:
        return 4_102_444_800.0


def rfc3339(epoch_s: float) -> str:
    ms = int(epoch_s * 1000)
    t = time.gmtime(ms // 1000)
    return f"{t[0]:04d}-{t[1]:02d}-{t[2]:02d}T{t[3]:02d}:{t[4]:02d}:{t[5]:02d}.{ms % 1000:03d}Z"


def signal_name(number: int) -> str:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def children_of(pid: int) -> list[int] | None:
    """Children of every thread of a process; None where the kernel does not list them."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"{PROC}/{pid}/task"):
            with open(f"{PROC}/{pid}/task/{thread}/children", "rb") as f:
                found += [int(word) for word in f.read().split()]
    except ProcessLookupError:
        return found
    except OSError:
        return found if not os.path.exists(f"{PROC}/{pid}/task") else None
    return found


def descendants(root: int) -> list[int]:
    """Every living process below ``root``; zombies are not listed, but what is below them is."""
    found: list[int] = []
    todo = [root]
    while todo:
        below = children_of(todo.pop())
        if below is None:
            return descendants_by_parent(root)
        todo += below
        found += below
    return [pid for pid in found if stat_fields(pid)[:1] not in ([b"Z"], [b"X"], [])]


def descendants_by_parent(root: int) -> list[int]:
    """The same from the parent of every process, for kernels without ``/proc/PID/task/*/children``."""
    try:
        table = {int(name): stat_fields(name) for name in os.listdir(PROC) if name.isdigit()}
    except OSError:
        return []
    family = {root}
    grew = True
    while grew:
        new = {
            pid
            for pid, fields in table.items()
            if pid not in family and fields and int(fields[1]) in family
        }
        family |= new
        grew = bool(new)
    return [pid for pid in family if pid != root and table[pid][0] not in (b"Z", b"X")]


def load_all() -> None:
    """What every attempt would load after its fork: a third of what one costs."""
    import fcntl  # noqa: F401

    try:
        import resource  # noqa: F401  for what ``wait4`` returns
    except ImportError:
        pass
    call_libc("getpid")
    decode_json(encode_json({}).decode())
    try:
        import gc

        gc.freeze()  # what is never freed need not be copied by each fork to find that out
    except (ImportError, AttributeError):
        pass


# --- files of the attempt -------------------------------------------------------------------------


def open_own(folder: str, name: str, flags: int) -> int:
    """Open a file of the attempt, made if need be: as open as its folder is, whatever our umask, and
    never through a link that somebody put in its place."""
    rights = os.stat(folder).st_mode
    mode = rights & 0o666
    fd = os.open(f"{folder}/{name}", flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    # the set-group-id bit of the folder says that it is shared
    if rights & 0o2000 and os.fstat(fd).st_uid == os.geteuid():
        os.fchmod(fd, mode)
    return fd


def open_again(folder: str) -> None:
    """Give the folders of the attempt back the owner's rights that the command took from them."""
    for path in (folder, f"{folder}/series", f"{folder}/artifacts"):
        try:
            mode = os.lstat(path).st_mode
            if mode & 0o170000 == 0o040000 and mode & 0o700 != 0o700:
                os.chmod(path, mode & 0o7777 | 0o700)
        except OSError:
            continue


def is_full(folder: str) -> bool:
    """Whether a command could write next to nothing more where its output goes."""
    try:
        about = os.statvfs(folder)
    except (OSError, AttributeError):
        return False
    return about.f_bavail * about.f_frsize < FULL_BYTES


def sync_folder(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as e:
        # file systems that cannot sync a folder
        if e.errno not in (errno.EINVAL, errno.EBADF):
            raise
    finally:
        os.close(fd)


def open_stdin(spec: Spec) -> int:
    """What the command reads: the file, pipe or terminal that it is given, else nothing. It is no
    terminal of ours, and a pipe whose other side is gone is not waited for."""
    offset = spec.get("stdin_offset") or 0
    try:
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        fd = os.open(spec.get("stdin") or os.devnull, flags)
        if offset:
            os.lseek(fd, offset, os.SEEK_SET)
    except OSError:
        fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.set_blocking(fd, True)
    return fd


class ReservedFile:
    """A file whose space is taken now, under a temporary name, and which gets its content and its
    name later."""

    def __init__(self, folder: str, name: str, tag: str, size_bytes: int) -> None:
        self.folder, self.final = folder, f"{folder}/{name}"
        self.temporary = f"{folder}/.{name}.{tag}"
        self.fd = open_own(folder, f".{name}.{tag}", os.O_RDWR | os.O_EXCL)
        try:
            self._reserve(size_bytes)
        except OSError:
            self.discard()
            raise

    def _reserve(self, size_bytes: int) -> None:
        try:
            os.posix_fallocate(self.fd, 0, size_bytes)
        except (OSError, AttributeError) as e:
            if getattr(e, "errno", 0) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
                raise
            self._write(b" " * size_bytes)

    def _write(self, content: bytes) -> None:
        offset = 0
        while offset < len(content):
            offset += os.pwrite(self.fd, content[offset:], offset)

    def publish(self, content: bytes, sync: bool) -> None:
        self._write(content)
        os.ftruncate(self.fd, len(content))
        if sync:
            os.fsync(self.fd)
        try:
            os.rename(self.temporary, self.final)
        except IsADirectoryError:  # the command made it
            os.rename(self.final, f"{self.temporary}.aside")
            os.rename(self.temporary, self.final)
        os.close(self.fd)
        if sync:
            sync_folder(self.folder)

    def discard(self) -> None:
        os.close(self.fd)
        os.unlink(self.temporary)


def take_attempt(folder: str, tag: str) -> tuple[int, bool]:
    """Makes this process the attempt's only supervisor. Returns the tree lock's descriptor and
    whether locks work."""
    flags = os.O_RDWR | os.O_EXCL
    alive, tree = f"{folder}/.alive.{tag}", f"{folder}/.tree.{tag}"
    alive_fd = open_own(folder, f".alive.{tag}", flags)  # stays open and locked until we end
    try:
        tree_fd = open_own(folder, f".tree.{tag}", flags)
        try:
            locked = take_lock(alive_fd) and take_lock(tree_fd)
            try:
                os.link(alive, f"{folder}/alive.lock")
            except FileExistsError:
                raise
            except OSError:  # no hard links here: created, then locked, with a moment in between
                locked = take_lock(open_own(folder, "alive.lock", flags)) and locked
        except FileExistsError:
            os.unlink(tree)
            raise Refused(EXIT_TAKEN, "this attempt has a supervisor already") from None
        os.rename(tree, f"{folder}/tree.lock")
    finally:
        os.unlink(alive)
    import fcntl

    # out of the way of scripts that use 3 to 9, where so many files may be open
    try:
        high = fcntl.fcntl(tree_fd, fcntl.F_DUPFD_CLOEXEC, TREE_LOCK_FD)
    except OSError:
        return tree_fd, locked
    os.close(tree_fd)
    return high, locked


def read_spec(folder: str) -> Spec:
    try:
        with open(f"{folder}/spec.json", encoding="utf-8") as f:
            spec: Spec = decode_json(f.read())
        if os.path.exists(f"{folder}/{PRIVATE}"):
            with open(f"{folder}/{PRIVATE}", encoding="utf-8") as f:
                spec |= decode_json(f.read())  # what no file may hold for long
        argv, env = spec["argv"], spec.get("env") or {}
        if not argv or not all(isinstance(a, str) and "\0" not in a for a in argv):
            raise ValueError("argv must be a list of at least one string, without NUL")
        for name, value in env.items():
            if not name or "=" in name or "\0" in name + (value or ""):
                raise ValueError(f"the environment variable {name!r} cannot be set")
        if not all(isinstance(path, str) and "\0" not in path for path in spec.get("files") or []):
            raise ValueError("files must be a list of paths")
        if not isinstance(spec["run"], str) or not isinstance(spec["cwd"], str):
            raise ValueError("run and cwd must be strings")
        for key in ("timeout_s", "grace_s", "leftover_grace_s", "max_output_bytes"):
            if not isinstance(spec.get(key), (int, float, type(None))):
                raise ValueError(f"{key} must be a number or null")
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as e:
        raise Refused(EXIT_BAD_SPEC, f"spec.json cannot be used: {type(e).__name__}: {e}") from None
    return spec


# --- measuring ------------------------------------------------------------------------------------


def pressure_s(kind: str) -> float | None:
    """How long some task of the machine has waited for it; None where this system does not say."""
    for word in read_start(f"{PROC}/pressure/{kind}").split(b"\n")[0].split():
        if word.startswith(b"total="):
            return int(word[6:]) / 1e6
    return None


def machine_reading() -> Reading:
    """Counters of the whole machine, in seconds; None where this system does not say. ``cpus`` is
    the raw text of the per-CPU counters, which are taken apart only when the run turns out to be
    pinned."""
    load = read_start(f"{PROC}/loadavg").split()
    return {
        "pressure_s": pressure_s("cpu"),
        "memory_s": pressure_s("memory"),
        "cpus": read_start(f"{PROC}/stat"),
        "throttle": throttle_counts(),
        "load_1m": float(load[0]) if load else None,
    }


def cpu_seconds(text: bytes, cpus: list[int] | None) -> CpuSeconds:
    """Busy and stolen time in /proc/stat, of all CPUs or of those listed; None where it is not said
    of each."""
    wanted = [b"cpu"] if cpus is None else [b"cpu%d" % n for n in cpus]
    busy, stolen, seen = 0, 0, 0
    for line in text.split(b"\n"):
        cpu = line.split()
        if len(cpu) > 8 and cpu[0] in wanted:
            user, nice, system, _idle, _wait, irq, softirq, steal = (int(word) for word in cpu[1:9])
            busy, stolen, seen = (
                busy + user + nice + system + irq + softirq,
                stolen + steal,
                seen + 1,
            )
    if seen < len(wanted):
        return {"busy_s": None, "steal_s": None}
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    return {"busy_s": busy * tick_s, "steal_s": stolen * tick_s}


def throttle_counts() -> dict[str, int] | None:
    """Thermal throttle events since boot, summed over the CPUs; None where nothing counts them
    (virtual machines)."""
    if not os.path.exists(f"{SYS}/cpu0/thermal_throttle/core_throttle_count"):
        return None
    counts = {"core": 0, "package": 0}
    for cpu in range(min(os.cpu_count() or 1, 256)):
        for kind in counts:
            counts[kind] += int(
                read_start(f"{SYS}/cpu{cpu}/thermal_throttle/{kind}_throttle_count").strip() or b"0"
            )
    return counts


def pinned_to(pid: int) -> list[int] | None:
    """The CPUs that a process may use, when they are only some of those there are; it may have
    ended (a zombie)."""
    try:
        allowed = sorted(os.sched_getaffinity(pid))
    except (OSError, AttributeError):
        return None
    return allowed if len(allowed) < (os.cpu_count() or 1) else None


def grown(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(after - before, 6)


def told(folder: str, spec: Spec, cookie: str) -> dict[str, str]:
    """What every run finds in its environment."""
    return {
        "LEADLINE_RUN": spec["run"],
        "LEADLINE_ATTEMPT": str(spec.get("attempt") or 1),
        "LEADLINE_RUN_DIR": folder,
        "LEADLINE_METRICS": f"{folder}/metrics.jsonl",
        "LEADLINE_SERIES": f"{folder}/series",
        "LEADLINE_COOKIE": cookie,
    }


def contention(
    before: Reading,
    after: Reading,
    own_busy_s: float,
    pinned: list[int] | None,
    queue_wait_s: float | None,
) -> During:
    """How the machine was between two readings, in which ``own_busy_s`` of it were the run's."""
    first, last = (cpu_seconds(reading["cpus"], pinned) for reading in (before, after))
    busy_s = grown(first["busy_s"], last["busy_s"])
    return {
        "run_queue_wait_s": queue_wait_s,
        "cpu_pressure_s": grown(before["pressure_s"], after["pressure_s"]),
        "others_cpu_s": None if busy_s is None else round(max(0.0, busy_s - own_busy_s), 6),
        "steal_s": grown(first["steal_s"], last["steal_s"]),
        "memory_pressure_s": grown(before["memory_s"], after["memory_s"]),
        "throttle_counts_start": before["throttle"],
        "throttle_counts_end": after["throttle"],
        "pinned_to": pinned,
        "load_1m_start": before["load_1m"],
        "load_1m_end": after["load_1m"],
        "cpu_count": os.cpu_count(),
    }


class Usage:
    """What the reaped processes used, added up (the peak is the largest single process)."""

    def __init__(self) -> None:
        self.user_s = self.system_s = 0.0
        self.peak = self.voluntary = self.involuntary = self.major_faults = 0

    def add(self, usage: Any) -> None:
        self.user_s += usage.ru_utime
        self.system_s += usage.ru_stime
        self.peak = max(self.peak, usage.ru_maxrss)
        self.voluntary += usage.ru_nvcsw
        self.involuntary += usage.ru_nivcsw
        self.major_faults += usage.ru_majflt

    def facts(self) -> dict[str, float | None]:
        return {
            "user_s": round(self.user_s, 6),
            "system_s": round(self.system_s, 6),
            "max_rss_bytes": self.peak * (1 if sys.platform == "darwin" else 1024),
            "voluntary_switches": self.voluntary,
            "involuntary_switches": self.involuntary,
            "major_faults": self.major_faults,
        }


# --- files that the run is to write ---------------------------------------------------------------


def digest_of_start(path: str, size_bytes: int) -> str:
    """Of the first ``size_bytes`` of a file: of all of them, or where that would take long of their
    beginning and end. Empty when it cannot be read."""
    try:
        from _sha2 import sha256  # type: ignore[import-not-found] # 2 ms less than hashlib
    except ImportError:
        from hashlib import sha256
    hasher = sha256()
    parts = [(0, size_bytes)]
    if size_bytes > DIGESTED_BYTES:
        parts = [(0, DIGESTED_BYTES // 2), (size_bytes - DIGESTED_BYTES // 2, size_bytes)]
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        for at, end in parts:
            while at < end:
                piece = os.pread(fd, min(end - at, 1 << 20), at)
                if not piece:
                    return ""
                hasher.update(piece)
                at += len(piece)
    except OSError:
        return ""
    finally:
        os.close(fd)
    return str(hasher.hexdigest())


def regular(path: str) -> os.stat_result | None:
    """What the file at ``path`` (or that its link leads to) is; None for what is no regular file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found if found.st_mode & S_IFMT == S_IFREG else None


def below(folder: str) -> list[str]:
    """The first regular files below a folder."""
    names: list[str] = []
    for where, folders, files in os.walk(folder):
        folders.sort()
        names += [os.path.join(where, name) for name in sorted(files)]
        if len(names) > FILES_IN_FOLDER:
            break
    return names[:FILES_IN_FOLDER]


class Changes:
    """What was done to files, as the kernel tells: one that is written anew with what it held, or
    taken away and made again, looks like one that was only touched. ``known`` is false where the
    kernel does not say."""

    def __init__(self) -> None:
        self.fd = call_libc("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
        self.known = self.fd >= 0
        self.watched: dict[int, str] = {}

    def watch(self, path: str) -> None:
        """A file, or the files of a folder."""
        wd = call_libc("inotify_add_watch", self.fd, os.fsencode(path), IN_MODIFY | IN_REPLACED)
        self.known = self.known and wd >= 0
        self.watched[wd] = path

    def told(self) -> dict[str, int]:
        """What happened to which path so far; asked once, at the end."""
        found: dict[str, int] = {}
        while self.known:
            try:
                events = os.read(self.fd, 65536)
            except OSError:
                break
            at = 0
            while at < len(events):
                wd, mask, _cookie, length = (
                    int.from_bytes(events[at + n : at + n + 4], sys.byteorder, signed=n == 0)
                    for n in (0, 4, 8, 12)
                )
                name = os.fsdecode(events[at + 16 : at + 16 + length].rstrip(b"\0"))
                self.known = wd in self.watched  # else the queue was too short
                path = self.watched.get(wd, "")
                path = os.path.join(path, name) if name else path
                found[path] = found.get(path, 0) | mask
                at += 16 + length
        if self.fd >= 0:
            os.close(self.fd)
        return found


class FilesToWrite:
    """What lay where the run's metrics are to be read, taken before the command starts, and what
    the command made of it. ``paths``: as declared, from ``cwd``; files and folders."""

    def __init__(self, cwd: str, paths: list[str]) -> None:
        self.cwd, self.paths = cwd, paths
        self.before: dict[str, tuple[os.stat_result, str]] = {}
        self.changes = Changes() if any(os.path.exists(self.at(p)) for p in paths) else None
        for path in map(self.at, paths):
            if os.path.isdir(path):
                for file in below(path):
                    self._take(file, os.path.dirname(file))
            else:
                self._take(path, path)
        self.started_ns = file_clock_ns()

    def at(self, path: str) -> str:
        return os.path.realpath(os.path.join(self.cwd, path))

    def _take(self, path: str, watched: str) -> None:
        found = regular(path)
        if found is None or self.changes is None:
            return
        if watched not in self.changes.watched.values():
            self.changes.watch(watched)
        self.before[path] = found, digest_of_start(path, found.st_size)

    def after(self) -> dict[str, FileWritten]:
        """By declared path."""
        changes = self.changes.told() if self.changes else {}
        told: dict[str, FileWritten] = {}
        for shown in self.paths:
            path = self.at(shown)
            if not os.path.isdir(path):
                told[shown] = self._of_one(path, changes)
                continue
            names = [
                os.path.relpath(file, path)
                for file in below(path)
                if self._of_one(file, changes)["how"] in WRITTEN
            ]
            told[shown] = {"how": "folder", "written": names}
        return told

    def _of_one(self, path: str, changes: Mapping[str, int]) -> FileWritten:
        now = regular(path)
        if now is None:
            return {"how": "absent"}
        about: FileWritten = {"how": "new", "size_bytes": now.st_size, "mtime_ns": now.st_mtime_ns}
        then, digest = self.before.get(path, (None, ""))
        done = changes.get(path, 0)
        if then is None or not os.path.samestat(then, now) or done & IN_REPLACED:
            if now.st_mtime_ns < self.started_ns - clock_slack_ns(path):
                about["how"] = "older"
            return about
        kept = now.st_size >= then.st_size and digest == digest_of_start(path, then.st_size) != ""
        if kept and now.st_size > then.st_size:
            return {**about, "how": "appended", "before_bytes": then.st_size}
        known = self.changes is not None and self.changes.known
        written = bool(done & IN_MODIFY) if known else now.st_mtime_ns != then.st_mtime_ns
        about["how"] = "rewritten" if written or not kept else "same"
        return about


def clock_slack_ns(path: str) -> int:
    """By how much the times of files may lie before those of this machine: those of a network file
    system are its server's."""
    try:
        here = os.stat(path).st_dev
        device = b"%d:%d" % (os.major(here), os.minor(here))
        with open(f"{PROC}/self/mountinfo", "rb") as f:
            mounts = [line.split() for line in f]
    except (OSError, AttributeError):
        return NETWORK_SLACK_NS
    kinds = [words[words.index(b"-") + 1] for words in mounts if words[2] == device]
    return NETWORK_SLACK_NS if any(kind.startswith(NETWORKED) for kind in kinds) else 0


def file_clock_ns() -> int:
    """The clock that the kernel stamps files with: up to 10 ms behind the one that programs ask."""
    try:
        return time.clock_gettime_ns(5)  # CLOCK_REALTIME_COARSE of Linux
    except (OSError, AttributeError, OverflowError):
        return int(_epoch_s() * 1e9) - 20_000_000


# --- signals --------------------------------------------------------------------------------------

_pending: list[int] = []


def watch_signals() -> None:
    """From here on the signals that matter wait until they are asked for, so none is lost and none
    interrupts."""
    sig.signal(sig.SIGHUP, sig.SIG_IGN)
    if hasattr(sig, "sigtimedwait"):
        # a launcher that ignores it would have our children reaped unseen
        sig.signal(sig.SIGCHLD, sig.SIG_DFL)
        sig.pthread_sigmask(sig.SIG_BLOCK, WATCHED)
    else:
        for number in WATCHED:
            sig.signal(number, lambda got, _frame: _pending.append(got))


def next_signal(timeout_s: float) -> int:
    """The next signal, or 0 when none came in time."""
    if hasattr(sig, "sigtimedwait"):
        info = sig.sigtimedwait(WATCHED, max(0.0, timeout_s))
        return info.si_signo if info else 0
    if not _pending:
        time.sleep(min(max(0.0, timeout_s), 0.02))
    return _pending.pop(0) if _pending else 0


def restore_signals() -> None:
    """In the command, before exec: what Python, the launcher or this program changed goes back to
    normal."""
    for number in (*WATCHED, sig.SIGHUP, sig.SIGPIPE, sig.SIGXFSZ):
        sig.signal(number, sig.SIG_DFL)
    sig.pthread_sigmask(sig.SIG_SETMASK, ())


# --- the job --------------------------------------------------------------------------------------


class Job:
    """One command, from fork to result. Durations in seconds, clocks monotonic unless named
    ``epoch``."""

    def __init__(self, folder: str, spec: Spec, tree_fds: list[int]) -> None:
        self.folder, self.spec, self.tree_fds = folder, spec, tree_fds
        self.cookie = str(spec.get("cookie") or os.urandom(16).hex())
        self.pid = 0
        self.sees_tree = bool(stat_fields(os.getpid()))
        self.status: int | None = None  # of the command, as waitpid gives it
        self.stopped: tuple[str, str] | None = None  # state and reason, when we ended it
        self.kill_at: float | None = None
        self.killed = False
        self.told: set[int] = set()  # processes that were sent SIGTERM
        self.usage = Usage()
        self.queue_wait_s: float | None = None
        self.pinned: list[int] | None = None
        self.leftover = 0
        self.unkillable = 0
        self.exec_failure = b""
        self.synced_sizes: dict[str, int] = {}
        self.loaded: Any = None  # what sees the libraries, once the command runs for long enough
        self.shrunk: set[str] = set()  # files that only grow, and had more than they have now
        self.files = FilesToWrite(spec["cwd"], spec.get("files") or [])
        self.environ = self.environment()
        self.looked = look_around(spec)
        self.canary_start_s = canary_s(spec)
        self.stdin_fd = open_stdin(spec)
        flags = os.O_WRONLY | os.O_APPEND
        self.stdout_fd = open_own(folder, "stdout.log", flags)
        self.stderr_fd = open_own(folder, "stderr.log", flags)
        self.command_stderr_fd = self.stdout_fd if spec.get("merge_output") else self.stderr_fd

    def environment(self) -> dict[str, str]:
        env = dict(os.environ)
        for name, value in (self.spec.get("env") or {}).items():
            if value is None:
                env.pop(name, None)
            else:
                env[name] = value
        env.setdefault("PYTHONUNBUFFERED", "1")
        env["LEADLINE_SYNCED_ON"] = boot_id()
        env.update(told(self.folder, self.spec, self.cookie))
        return env

    def start(self, owner_file: ReservedFile, locked: bool) -> None:
        """Forks; the command is let go only once ``owner.json`` names it."""
        env = self.environ
        go_read, go_write = os.pipe()
        self.failure_fd, failure_write = os.pipe()
        me = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            self.become_command(me, env, go_read, go_write, failure_write)
        os.close(go_read)
        os.close(failure_write)
        if "stdin_offset" not in self.spec:
            os.close(self.stdin_fd)
        for fd in self.tree_fds:  # the command and what it starts hold them, and we do not
            os.close(fd)
        try:
            os.setpgid(self.pid, self.pid)
        except OSError:
            pass
        self.before = machine_reading()
        self.started_epoch, self.started = _epoch_s(), time.monotonic()
        owner = {
            "v": 1,
            "host": os.uname().nodename,
            "boot_id": boot_id() or None,
            "pid": me,
            "start_ticks": start_ticks(me),
            "child_pid": self.pid,
            "child_start_ticks": start_ticks(self.pid),
            "started_at": rfc3339(self.started_epoch),
            "started_epoch_s": self.started_epoch,
            "started_monotonic_s": self.started,
            "cookie": self.cookie,
            "locks": locked,
        }
        owner_file.publish(encode_json(owner), sync=False)
        os.write(go_write, b"g")
        os.close(go_write)

    def become_command(
        self, parent: int, env: dict[str, str], go_read: int, go_write: int, failure: int
    ) -> NoReturn:
        stage = b"start"
        try:
            os.close(go_write)
            os.setpgid(0, 0)
            prctl(1, sig.SIGKILL)  # PR_SET_PDEATHSIG
            if os.getppid() != parent or os.read(go_read, 1) != b"g":
                os._exit(125)
            restore_signals()
            for fd in self.tree_fds:
                os.set_inheritable(fd, True)
            os.dup2(self.stdin_fd, 0)
            os.dup2(self.stdout_fd, 1)
            os.dup2(self.command_stderr_fd, 2)
            stage = b"cwd"
            os.chdir(self.spec["cwd"])
            stage = b"exec"
            argv = self.spec["argv"]
            os.execvpe(argv[0], argv, env)
        except OSError as e:
            os.write(failure, stage + b" %d" % (e.errno or 0))
        except BaseException as e:
            os.write(failure, b"start 0 " + repr(e).encode(errors="replace")[:500])
        finally:
            os._exit(127)

    # while it runs

    def watch(self) -> None:
        """Until the command itself has ended."""
        timeout_s = self.spec.get("timeout_s")
        deadline = self.started + timeout_s if timeout_s is not None else None
        limit = self.spec.get("max_output_bytes")
        sync_at = self.started + SYNC_METRICS_EVERY_S
        meter = meter_of(self.folder, self.spec)
        look_at = self.started + FIRST_LOOK_S
        while self.status is None:
            now = time.monotonic()
            if now >= look_at:
                look_at = self.look_at_libraries()
            if deadline is not None and now >= deadline and self.stopped is None:
                self.stop("timeout", f"timeout after {timeout_s:g} s")
            if limit is not None and self.stopped is None and sum(self.output_bytes()) > limit:
                self.stop("failed", f"output limit of {limit:.0f} bytes exceeded")
            if self.kill_at is not None and now >= self.kill_at:
                self.kill_tree()
            if now >= sync_at:
                self.sync_metrics()
                if self.stopped is None and os.path.exists(f"{self.folder}/{ASKED}"):
                    self.stop("cancelled", "cancelled from another machine")
                if meter and self.stopped is None and (why := meter.look()):
                    self.stop("timeout", why)
                sync_at = now + SYNC_METRICS_EVERY_S
            wakeups = [sync_at, look_at]
            if deadline is not None and self.stopped is None:
                wakeups.append(deadline)
            if self.kill_at is not None:
                wakeups.append(self.kill_at)
            if limit is not None:
                wakeups.append(now + CHECK_EVERY_S)
            got = next_signal(min(wakeups) - now)
            if got in STOP_SIGNALS and self.stopped is None:
                self.stop_by(got)
            elif got in FORWARDED_SIGNALS:
                self.signal_group(got)
            self.reap()
        self.heed_the_engine()

    def look_at_libraries(self) -> float:
        """Takes in what the command has loaded by now. Returns when to look again."""
        try:
            if self.loaded is None:
                self.loaded = beside_us("loaded").Loaded(self.spec["cwd"], self.started)
            return float(self.loaded.look(descendants(os.getpid())))
        except Exception:  # a kernel that words it otherwise: it is not known, and the run goes on
            return float("inf")

    def heed_the_engine(self) -> None:
        """An engine that takes its job away signals every process of it, the command maybe before
        us: what ended the command is then still to come."""
        status = self.status or 0
        if not OF_ENGINE or self.stopped or not os.WIFSIGNALED(status):
            return
        if os.WTERMSIG(status) not in STOP_SIGNALS:
            return
        until = time.monotonic() + ENGINE_SIGNAL_WAIT_S
        while self.stopped is None and (left_s := until - time.monotonic()) > 0:
            if (got := next_signal(left_s)) in STOP_SIGNALS:
                self.stop_by(got)

    def stop_by(self, got: int) -> None:
        if OF_ENGINE and not os.path.exists(f"{self.folder}/{ASKED}"):
            self.stop("lost", f"the engine took it away by {signal_name(got)}")
        else:
            self.stop("cancelled", f"cancelled by {signal_name(got)}")

    def stop(self, state: str, reason: str) -> None:
        self.stopped = (state, reason)
        self.kill_at = time.monotonic() + (
            5.0 if self.spec.get("grace_s") is None else self.spec["grace_s"]
        )
        self.end_politely()

    def end_politely(self) -> None:
        """SIGTERM, once, to everything below us."""
        for pid in descendants(os.getpid()):
            if pid not in self.told:
                self.told.add(pid)
                self.signal_one(pid, sig.SIGTERM)
                self.signal_one(pid, sig.SIGCONT)
        if not self.sees_tree:  # the group is all we know
            self.signal_group(sig.SIGTERM)

    def kill_tree(self) -> None:
        self.killed = True
        self.kill_at = time.monotonic() + KILL_AGAIN_S  # whatever was forked meanwhile gets it then
        for pid in descendants(os.getpid()):
            self.signal_one(pid, sig.SIGKILL)
        if not self.sees_tree:
            self.signal_group(sig.SIGKILL)

    def signal_group(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except OSError:
            pass

    def group_lives(self) -> bool:
        try:
            os.killpg(self.pid, 0)
            return True
        except OSError:
            return False

    def signal_one(self, pid: int, number: int) -> None:
        try:
            os.kill(pid, number)
        except OSError:
            pass

    def reap(self) -> bool:
        """Takes in every process that has ended. False when no child is left."""
        while True:
            try:
                # look before reaping: /proc still knows a zombie's time in the run queue
                if hasattr(os, "waitid"):
                    seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                    if seen is None:
                        return True
                    if seen.si_pid == self.pid and self.status is None:
                        waited = read_start(f"{PROC}/{self.pid}/schedstat").split()
                        self.queue_wait_s = int(waited[1]) / 1e9 if len(waited) > 1 else None
                        self.pinned = pinned_to(self.pid)
                    pid, status, usage = os.wait4(seen.si_pid, 0)
                else:
                    pid, status, usage = os.wait4(-1, os.WNOHANG)
                    if pid == 0:
                        return True
            except ChildProcessError:
                return False
            self.usage.add(usage)
            if pid == self.pid:
                self.status = status
                self.ended_epoch, self.ended = _epoch_s(), time.monotonic()
                self.after = machine_reading()
                self.busy_s = self.usage.user_s + self.usage.system_s + time.process_time()

    def end_leftovers(self) -> None:
        """Ends what the command left behind: SIGTERM, its grace, SIGKILL until nothing is left."""
        if not self.reap() and (self.sees_tree or not self.group_lives()):
            return
        self.leftover = len(descendants(os.getpid()))
        grace_s = self.spec.get("leftover_grace_s")
        kill_at = time.monotonic() + (0.5 if grace_s is None else grace_s)
        # it was ended by us: its tree has the whole grace period, like the command
        if self.kill_at is not None:
            kill_at = time.monotonic() if self.killed else max(kill_at, self.kill_at)
        self.end_politely()
        give_up_at = kill_at + GIVE_UP_KILLING_S
        while self.reap() or (not self.sees_tree and self.group_lives()):
            now = time.monotonic()
            if now >= give_up_at:
                self.unkillable = len(descendants(os.getpid()))
                return
            if now >= kill_at:
                self.kill_tree()
                kill_at = now + KILL_AGAIN_S
            next_signal(kill_at - now if self.sees_tree else 0.02)

    # what is known at the end

    def output_bytes(self) -> tuple[int, int]:
        return os.fstat(self.stdout_fd).st_size, os.fstat(self.stderr_fd).st_size

    def sync_metrics(self) -> None:
        """Bounds what a power cut can take from the metrics to a second, at no cost to the command:
        what grew since the last look is brought to the disk, and the name of a file that is new."""
        series = f"{self.folder}/series"
        self.sync_grown(f"{self.folder}/metrics.jsonl")
        try:
            names = os.listdir(series)
        except OSError:
            return
        if sum([self.sync_grown(f"{series}/{name}") for name in names]):
            self.sync_path(series)
            self.sync_path(self.folder)

    def shrunk_files(self) -> list[str]:
        """Metrics and series that lost what a look while the command ran had seen of them: a file
        that was cut between two points, or removed, does not tell by itself."""
        gone = {path for path in self.synced_sizes if not os.path.exists(path)}
        below = len(self.folder) + 1
        return sorted(path[below:] for path in self.shrunk | gone)

    def sync_output(self) -> None:
        """The record names what the output holds: it is on the disk before the result says so."""
        for fd in (self.stdout_fd, self.stderr_fd):
            if os.fstat(fd).st_size:
                os.fsync(fd)

    def sync_grown(self, path: str) -> bool:
        """Whether the file was not known before."""
        try:
            size = os.stat(path).st_size
        except OSError:
            return False
        known = self.synced_sizes.get(path)
        if known is None:
            self.close_to_others(path)
        elif size < known:
            self.shrunk.add(path)
        if size != known and self.sync_path(path):
            self.synced_sizes[path] = size
        return known is None

    def close_to_others(self, path: str) -> None:
        """What the command made itself is as open as its folder, too."""
        try:
            os.chmod(path, os.stat(self.folder).st_mode & 0o666, follow_symlinks=False)
        except (OSError, NotImplementedError):
            pass

    def sync_path(self, path: str) -> bool:
        try:  # the command may have put a pipe there: opening one waits for who writes to it
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
            return True
        except OSError:
            return False

    def explain_exec_failure(self, words: list[str]) -> tuple[int, str]:
        """Exit code (127 not found, 126 found and not usable, as shells have it) and sentence."""
        command, number = self.spec["argv"][0], int(words[1])
        why = os.strerror(number) if number else " ".join(words[2:])
        if words[0] == "cwd":
            return (
                126,
                f"cannot start {command!r}: the working directory {self.spec['cwd']!r}: {why}",
            )
        if words[0] == "exec" and number in (errno.ENOENT, errno.ENOTDIR):
            if "/" not in command:
                return 127, f"cannot start {command!r}: no such command in PATH"
            if os.path.exists(os.path.join(self.spec["cwd"], command)):
                return (
                    127,
                    f"cannot start {command!r}: the interpreter its first line names does not exist",
                )
            return 127, f"cannot start {command!r}: no such file"
        if number == errno.ENOEXEC:
            why = "not a program: no '#!' line and no executable format"
        return 126, f"cannot start {command!r}: {why}"

    def outcome(self) -> tuple[str, int | None, str, str]:
        """State, exit code, signal name, reason."""
        failure = os.read(self.failure_fd, 1000).decode(errors="replace")
        if failure:
            code, reason = self.explain_exec_failure(failure.split(" "))
            try:
                os.write(self.command_stderr_fd, f"leadline: {reason}\n".encode(errors="replace"))
            except OSError:
                pass
            return "failed", code, "", reason
        exit_code = os.waitstatus_to_exitcode(self.status or 0)
        name = signal_name(-exit_code) if exit_code < 0 else ""
        code_or_none = exit_code if exit_code >= 0 else None
        if self.stopped:
            state, reason = self.stopped
            if self.killed:
                reason += "; it did not end on SIGTERM and was killed"
        elif name:
            state, reason = "failed", f"ended by {name}"
            if name == "SIGKILL":
                reason += ", which did not come from here: the system may have been out of memory"
        else:
            state, reason = ("done", "") if exit_code == 0 else ("failed", f"exit code {exit_code}")
            if state == "failed" and is_full(self.folder):
                reason += "; the disk that holds its output is full"
        if self.unkillable:
            left = f"{self.unkillable} processes could not be ended"
            reason = f"{reason}; {left}" if reason else left
        return state, code_or_none, name, reason

    def stdin_read(self) -> int:
        """How much of the file that it was given the command took."""
        offset = self.spec.get("stdin_offset")
        if offset is None or os.fstat(self.stdin_fd).st_mode & S_IFMT != S_IFREG:
            return 0
        return os.lseek(self.stdin_fd, 0, os.SEEK_CUR) - offset

    def result(self) -> Result:
        state, exit_code, name, reason = self.outcome()
        stdout_bytes, stderr_bytes = self.output_bytes()
        result: Result = {
            "v": 1,
            "state": state,
            "exit_code": exit_code,
            "signal": name,
            "reason": reason,
            "started_at": rfc3339(self.started_epoch),
            "ended_at": rfc3339(self.ended_epoch),
            "wall_s": round(self.ended - self.started, 6),
            "resources": self.usage.facts(),
            "contention": contention(
                self.before, self.after, self.busy_s, self.pinned, self.queue_wait_s
            ),
            "leftover_processes": self.leftover,
            "stdout_bytes": stdout_bytes,
            "stderr_bytes": stderr_bytes,
            "files": self.files.after(),
            "stdin_read": self.stdin_read(),
        }
        if self.spec.get("canary"):
            result["contention"]["canary_start_s"] = self.canary_start_s
            result["contention"]["canary_end_s"] = canary_s(self.spec)
        if self.spec.get("facts"):
            result["machine"] = beside_us("machine").facts(self.spec["argv"], self.environ)
        if self.looked is not None:
            result["machine"]["preflight"] = self.looked
            result["contention"].update(look_again())
        if self.loaded and (loaded := self.loaded.facts()):
            result["loaded"] = loaded
        if shrunk := self.shrunk_files():
            result["shrunk"] = shrunk
        return result


def not_run(reason: str) -> Result:
    """The result of an attempt that was taken but whose command could not be given a process."""
    now = rfc3339(_epoch_s())
    return {
        "v": 1, "state": "failed", "exit_code": None, "signal": "", "reason": reason, "started_at": now,
        "ended_at": now, "wall_s": 0.0, "resources": {}, "contention": {}, "leftover_processes": 0,
        "stdout_bytes": 0, "stderr_bytes": 0,
    }  # fmt: skip


def beside_us(name: str) -> Any:
    """A module of this folder that few jobs need."""
    here = os.path.dirname(os.path.abspath(__file__))
    if here not in sys.path:
        sys.path.append(here)
    return __import__(name)


def meter_of(folder: str, spec: Spec) -> Any:
    """What sees how far the command is, where somebody wants to know; None where it cannot be made."""
    asked = spec.get("progress")
    if not asked:
        return None
    try:
        return beside_us("meter").Meter(folder, spec["cwd"], asked)
    except Exception:  # a pattern that this Python does not know
        return None


def look_around(spec: Spec) -> Preflight | None:
    """What else uses the machine, of a job that does not run where it was asked for."""
    if not spec.get("facts"):
        return None
    locks, files = spec.get("lock_files") or [], spec.get("device_paths") or []
    if LOOKED is not None and not locks and not files:
        return LOOKED
    try:
        seen: Preflight = beside_us("preflight").seen(
            lock_files=locks, device_paths=files, own_devices=spec.get("devices") or []
        )
    except Exception:  # a kernel that words it otherwise: it is unknown, and the run goes on
        return None
    return seen


def look_again() -> During:
    """Who is on the accelerators when the command has ended."""
    try:
        found: During = beside_us("preflight").afterwards()
    except Exception:
        return {"accelerator_processes": None, "accelerators": None}
    return found


def canary_s(spec: Spec) -> float | None:
    """What a fixed piece of work takes, where it is asked for."""
    return float(beside_us("preflight").canary_s()) if spec.get("canary") else None


def take_devices(spec: Spec) -> list[int]:
    """The locks of the devices that the run needs. Raises Refused where somebody else has one."""
    if not spec.get("devices"):
        return []
    lease = beside_us("lease")
    try:
        return [
            lease.take(device, lease.JOB, spec.get("holder") or {}, spec.get("device_keys") or [])
            for device in spec["devices"]
        ]
    except lease.Taken as taken:
        raise Refused(EXIT_DEVICE, taken.args[0]) from None


def prepare_environment(spec: Spec) -> str:
    """Makes what the setup command of the executor makes, or finds it made; why the command cannot
    run, "" when it can."""
    setup = spec.get("setup")
    if not setup:
        return ""
    prepare = beside_us("prepare")
    try:
        place = prepare.prepared(
            setup["folder"], setup["top"], setup["command"], setup["lock_file"]
        )
    except prepare.NotPrepared as failed:
        return f"the setup command of the executor failed: {failed.args[0]}"
    except OSError as error:
        return f"the environment of the executor could not be made: {error}"
    os.environ.update(prepare.variables(place, os.environ))
    return ""


def announce() -> None:
    """Tells a launcher that reads our stdout that the attempt is ours, and lets go of that pipe."""
    try:
        os.write(1, b"started\n")
    except OSError:
        pass
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)


def supervise(folder: str) -> int:
    """Runs the attempt. Returns the exit status; raises ``Refused`` when nothing was started."""
    if os.path.exists(f"{folder}/alive.lock") or os.path.exists(f"{folder}/result.json"):
        raise Refused(EXIT_TAKEN, "this attempt was started before")
    spec = read_spec(folder)
    os.closerange(3, 65536)  # descriptors of the launcher are none of the job's business
    watch_signals()
    try:
        os.setsid()
    # leads a group already, as Slurm's batch step does: the session we have will do
    except OSError:
        pass
    prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
    tag = os.urandom(6).hex()
    reserved: list[ReservedFile] = []
    try:
        reserved.append(ReservedFile(folder, "result.json", tag, RESULT_RESERVE_BYTES))
        reserved.append(ReservedFile(folder, "owner.json", tag, OWNER_RESERVE_BYTES))
        leases = take_devices(spec)
        tree_fd, locked = take_attempt(folder, tag)
    except (OSError, Refused) as e:
        for file in reserved:
            file.discard()
        if isinstance(e, Refused):
            raise
        raise Refused(EXIT_NO_SPACE, f"no room for the result in {folder}: {e.strerror}") from None
    try:
        os.unlink(f"{folder}/{PRIVATE}")
    except OSError:
        pass
    result_file, owner_file = reserved
    try:
        if failed := prepare_environment(spec):
            announce()
            result_file.publish(encode_json(not_run(failed)), sync=True)
            owner_file.discard()
            return 0
        job = Job(folder, spec, [tree_fd, *leases])
        job.start(owner_file, locked)
    except OSError as e:
        result = not_run(f"cannot start {spec['argv'][0]!r}: {e.strerror}")
        announce()
    else:
        announce()
        job.watch()
        job.end_leftovers()
        open_again(folder)
        job.sync_metrics()
        result = job.result()
        if PILOT:
            result["pilot"] = PILOT
        job.sync_output()
    result_file.publish(encode_json(result), sync=True)
    return 0


def folder_told() -> str:
    """The attempt folder, where it is told on stdin to a program that was started ahead of it; ""
    where its launcher ended first. One that ends in NUL is given to a fork, and others may follow.
    From here on it says what it has to say where that stands."""
    os.closerange(3, 65536)  # whoever waits for the end of one of them does not wait for us
    load_all()
    folder = b""
    while piece := os.read(0, 65536):
        folder += piece
        if folder.endswith(b"\0"):
            if forked():
                folder = folder[:-1]
                break
            folder = b""
    if folder:
        said = open_own(os.fsdecode(folder), "supervisor.err", os.O_WRONLY | os.O_APPEND)
        os.dup2(said, 2)
        os.close(said)
    return os.fsdecode(folder)


def forked() -> bool:
    """Whether this is the process that is to supervise an attempt after which others come. Its number
    and when it began are told, which are its own until the next one is asked for: only then is one
    that has ended let go of."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    pid = os.fork()
    if pid:
        os.write(1, b"%d %d\n" % (pid, start_ticks(pid) or 0))
        return False
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    return True


def main(argv: list[str]) -> int:
    global OF_ENGINE
    status, message = EXIT_USAGE, "usage: supervise.py ATTEMPT_DIR [engine] | -"
    try:
        if argv[1:] == ["engine"]:
            OF_ENGINE = True
            del argv[1:]
        if argv == [AHEAD]:
            argv = [folder_told()]
            if not argv[0]:
                return 0
        if len(argv) == 1:
            return supervise(os.path.abspath(argv[0]))
    except Refused as e:
        status, message = e.args
    except OSError as e:
        status, message = EXIT_NOT_WRITTEN, f"the result could not be written: {e}"
    os.write(2, f"leadline: {message}\n".encode(errors="replace"))
    return status


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
