"""One call as a process: the program with ``--json``, its progress handed on, its answer cut to what
an agent can read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

from leadline.core.typed import Any

MOST_CHARS = 24_000  # of an answer
CUT_CHARS = 8_000  # of one that is longer, what is shown
MOST_STDERR_CHARS = 4_000
APART_S = 0.5  # between two lines of progress
_PROGRAM = (sys.executable, "-P", "-m", "leadline")  # -P: nothing of the work tree is imported


class Call:
    """A verb that runs. ``progress`` is told a line now and then, from another thread."""

    def __init__(
        self,
        words: list[str],
        folder: str,
        environ: Mapping[str, str],
        progress: Callable[[str], None],
    ) -> None:
        self._progress, self._told, self._errors = progress, 0.0, ""
        at = words.index("--") if "--" in words else len(words)
        self._json = (
            "--help" not in words[:at] and bool(words) and words[0] not in ("help", "--help")
        )
        asked = [*words[:at], *(["--json"] if self._json else []), *words[at:]]
        self._process = subprocess.Popen(
            [*_PROGRAM, *asked],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C in the terminal is the client's
        )

    def cancel(self) -> None:
        """As Ctrl-C does: what was recorded is kept, and a run is recorded as cancelled."""
        if self._process.poll() is None:
            try:
                os.kill(self._process.pid, signal.SIGINT)
            except OSError:
                return

    def answer(self) -> dict[str, Any]:
        """Waits for the end; the envelope of the verb, cut where it is long."""
        reader = threading.Thread(target=self._read_errors, daemon=True)
        reader.start()
        assert self._process.stdout is not None
        out = self._process.stdout.read().decode("utf-8", "replace")
        code = self._process.wait()
        reader.join(timeout=5)
        if not self._json:
            return {"ok": code == 0, "data": {"text": out[:MOST_CHARS]}, "next": []}
        try:
            envelope = json.loads(out)
        except ValueError:
            return {
                "ok": False,
                "error": {
                    "code": "no-answer",
                    "what": f"the verb ended with {code} and no answer",
                    "why": self._errors[-500:],
                },
                "next": ["leadline status"],
            }
        return _cut(envelope, len(out))

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for raw in self._process.stderr:
            line = raw[:1000].decode("utf-8", "replace").strip()
            self._errors = (self._errors + line + "\n")[-MOST_STDERR_CHARS:]
            if line and time.monotonic() - self._told > APART_S:
                self._told = time.monotonic()
                self._progress(line[:300])


def _cut(envelope: dict[str, Any], chars: int) -> dict[str, Any]:
    if chars <= MOST_CHARS:
        return envelope
    shown = json.dumps(envelope.get("data"), ensure_ascii=False)
    data = {"cut": shown[:CUT_CHARS], "characters": len(shown)}
    return {**envelope, "data": data, "truncated": True}
