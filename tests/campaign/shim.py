"""A library to be loaded before all others (`LD_PRELOAD`), which counts the calls that change a disk
below one folder and, at the n-th, kills the process, answers with an error, or loses, cuts or changes
what it is given without a word, in any process of a verb. It notes what was written and what was synced.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The count is one for all processes of a verb: eight bytes of a file that SHIM_COUNT names. */
static long *count;
static long at, fault;
static int journal;
static const char *below;

static void begin(void) {
  static int begun;
  if (begun) return;
  begun = 1;
  const char *file = getenv("SHIM_COUNT");
  below = getenv("SHIM_BELOW");
  if (!file || !below) { below = 0; return; }
  at = atol(getenv("SHIM_AT")); fault = atol(getenv("SHIM_ERRNO"));
  int fd = open(file, O_RDWR);
  if (fd < 0) { below = 0; return; }
  count = mmap(0, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (count == MAP_FAILED) below = 0;
  journal = open(getenv("SHIM_JOURNAL"), O_WRONLY | O_APPEND | O_CLOEXEC);
}

static void note(char what, const char *path) {
  char line[PATH_MAX + 4];
  if (!below || !path || strncmp(path, below, strlen(below))) return;
  int n = snprintf(line, sizeof line, "%c %s\n", what, path), kept = errno;
  syscall(SYS_write, journal, line, n);
  errno = kept;
}

/* Whether this call is the one; then errno is set (0: it is to say that it was done), or the process
   is no more. */
static int hit(const char *path) {
  begin();
  if (!below || !path || strncmp(path, below, strlen(below))) return 0;
  if (fault < 0 && !strstr(path, "/events/")) return 0; /* what is not said concerns records alone */
  long now = __sync_add_and_fetch(count, 1);
  if (now < at || (fault <= 0 && now > at)) return 0;
  if (fault == 0) { kill(getpid(), SIGKILL); pause(); }
  if (fault > 0 && now > at && fault != ENOSPC && fault != EROFS && fault != EDQUOT) return 0;
  errno = fault > 0 ? fault : 0;
  return 1;
}

static const char *of(int fd, char *into) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, into, PATH_MAX - 1);
  if (n < 0) return 0;
  into[n] = 0;
  return into;
}

static const char *whole(int dir, const char *path, char *into) {
  char folder[PATH_MAX];
  if (path[0] == '/') return path;
  if (dir == AT_FDCWD) { if (!getcwd(folder, sizeof folder)) return 0; }
  else if (!of(dir, folder)) return 0;
  if (snprintf(into, PATH_MAX, "%s/%s", folder, path) >= PATH_MAX) return 0;
  return into;
}

#define REAL(name) static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define BY_FD(result, name, args, names) \
  result name args { REAL(name); char p[PATH_MAX]; if (hit(of(fd, p)) && errno) return -1; return real names; }

#define WRITES(name, args, names) \
  ssize_t name args { REAL(name); char p[PATH_MAX], c[n + 1]; const char *path = of(fd, p); \
    int is_hit = hit(path); \
    if (is_hit && (errno || fault == -1)) return errno ? -1 : (ssize_t)n; \
    if (is_hit && fault == -2 && n > 1) n /= 2; \
    if (is_hit && fault == -3) { memcpy(c, b, n); c[n / 2] ^= 1; b = c; } \
    ssize_t done = real names; if (done > 0) note('w', path); return done; }
WRITES(write, (int fd, const void *b, size_t n), (fd, b, n))
WRITES(pwrite, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o))
BY_FD(ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o))
BY_FD(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
#define SYNCS(name) \
  int name(int fd) { REAL(name); char p[PATH_MAX]; const char *path = of(fd, p); \
    if (hit(path) && errno) return -1; \
    int done = real(fd); if (!done) note('s', path); return done; }
SYNCS(fsync)
SYNCS(fdatasync)
BY_FD(int, ftruncate, (int fd, off_t n), (fd, n))
BY_FD(int, ftruncate64, (int fd, off64_t n), (fd, n))
BY_FD(int, fchmod, (int fd, mode_t m), (fd, m))

#define BY_PATH(name, args, names, dir, path) \
  int name args { REAL(name); char p[PATH_MAX]; if (hit(whole(dir, path, p)) && errno) return -1; return real names; }

BY_PATH(rename, (const char *a, const char *b), (a, b), AT_FDCWD, b)
BY_PATH(link, (const char *a, const char *b), (a, b), AT_FDCWD, b)
BY_PATH(unlink, (const char *a), (a), AT_FDCWD, a)
BY_PATH(mkdir, (const char *a, mode_t m), (a, m), AT_FDCWD, a)
BY_PATH(renameat, (int x, const char *a, int y, const char *b), (x, a, y, b), y, b)
BY_PATH(linkat, (int x, const char *a, int y, const char *b, int f), (x, a, y, b, f), y, b)
BY_PATH(unlinkat, (int x, const char *a, int f), (x, a, f), x, a)
BY_PATH(mkdirat, (int x, const char *a, mode_t m), (x, a, m), x, a)

#define OPENS(name) \
  int name(const char *path, int flags, ...) { REAL(name); mode_t m = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list l; va_start(l, flags); m = va_arg(l, mode_t); va_end(l); } \
    char p[PATH_MAX]; \
    if (flags & (O_CREAT | O_TRUNC)) { \
      const char *w = whole(AT_FDCWD, path, p); int is_new = w && access(w, F_OK); \
      if (hit(w) && errno) return -1; if (is_new) note('c', w); } \
    return real(path, flags, m); }
OPENS(open)
OPENS(open64)
#define OPENS_AT(name) \
  int name(int dir, const char *path, int flags, ...) { REAL(name); mode_t m = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list l; va_start(l, flags); m = va_arg(l, mode_t); va_end(l); } \
    char p[PATH_MAX]; \
    if (flags & (O_CREAT | O_TRUNC)) { \
      const char *w = whole(dir, path, p); int is_new = w && access(w, F_OK); \
      if (hit(w) && errno) return -1; if (is_new) note('c', w); } \
    return real(dir, path, flags, m); }
OPENS_AT(openat)
OPENS_AT(openat64)
"""


def lacks() -> str:
    return "" if shutil.which("gcc") else "no gcc"


@cache
def library() -> str:
    """The path of the compiled one. Raises CalledProcessError."""
    folder = Path(tempfile.mkdtemp(prefix="campaign-shim-"))
    (folder / "shim.c").write_text(SOURCE)
    made = folder / "shim.so"
    command = [
        "gcc",
        "-shared",
        "-fPIC",
        "-O1",
        "-w",
        "-o",
        str(made),
        str(folder / "shim.c"),
        "-ldl",
    ]
    subprocess.run(command, check=True)
    return str(made)


LOSES, CUTS, CHANGES = -1, -2, -3


class Fault(NamedTuple):
    """``what`` it is, at which call, and the error (0: the process is killed; ``LOSES``: a write is
    said to be done, and is not; ``CUTS``: half of it is done, and this is said; ``CHANGES``: a bit of
    it is another)."""

    what: str
    at: int
    number: int = 0


class Counted:
    """The environment in which the n-th call is the last (``number`` 0) or fails with ``number``;
    ``at`` 0: calls are counted alone."""

    def __init__(self, folder: Path, below: Path) -> None:
        self.file, self.journal = folder / "count", folder / "journal"
        self.below = below

    def environment(self, at: int, number: int = 0) -> dict[str, str]:
        self.file.write_bytes(bytes(8))
        self.journal.write_bytes(b"")
        return {
            "LD_PRELOAD": library(),
            "SHIM_COUNT": str(self.file),
            "SHIM_JOURNAL": str(self.journal),
            "SHIM_BELOW": str(self.below),
            "SHIM_AT": str(at or 1 << 40),
            "SHIM_ERRNO": str(number),
        }

    def calls(self) -> int:
        return int.from_bytes(self.file.read_bytes(), "little")

    def unsynced(self) -> set[str]:
        """The files of records with something that was not brought to the disk after it was written:
        their content, or their name in the folder."""
        written, named = set[str](), set[str]()
        for line in self.journal.read_text(errors="replace").splitlines():
            what, path = line[0], line[2:]
            if what == "s":
                written.discard(path)
                named -= {name for name in named if os.path.dirname(name) == path}
            elif path.endswith(".jsonl") and path.split("/")[-2] == "events":
                (written if what == "w" else named).add(path)
        return written | named
