"""Records that somebody else wrote: a valid chain of another writer, put on the record branch of a
remote as a push by a colleague would."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from leadline.core.canonical import digest_bytes
from leadline.testing.builders import ThreadBuilder

BRANCH = "leadline/records"


class Foreign(ThreadBuilder):
    """Of thread ``topic``, which has been started elsewhere unless ``started``."""

    blob = digest_bytes(b"PWNED\n")

    def __init__(self, topic: str, prefix: str, started: bool = False) -> None:
        super().__init__(topic, prefix, writer="wstranger", actor="Mallory", started=started)
        self._numbers |= {"experiment": 500, "snapshot": 500, "note": 500}

    def put_into(self, remote: Path, env: Mapping[str, str]) -> None:
        """Commit and push them onto the record branch of a bare repository."""
        folder = Path(tempfile.mkdtemp(prefix="foreign-"))

        def git(*arguments: str, check: bool = True) -> None:
            command = ["git", "-C", str(folder), *arguments]
            subprocess.run(command, check=check, capture_output=True, env=dict(env))

        try:
            git("init", "-q", "-b", BRANCH)
            git("remote", "add", "origin", str(remote))
            git("pull", "-q", "origin", BRANCH, check=False)
            events = folder / self.topic / "events"
            events.mkdir(parents=True, exist_ok=True)
            lines = b"".join(record.line() for record in self.records)
            (events / f"{self.writer}-1.jsonl").write_bytes(lines)
            name = self.blob.removeprefix("sha256:")
            blob = folder / self.topic / "blobs" / name[:2] / name[2:]
            blob.parent.mkdir(parents=True, exist_ok=True)
            blob.write_bytes(b"PWNED\n")
            git("add", "-A")
            git("commit", "-q", "-m", "Records")
            git("push", "-q", "origin", f"HEAD:refs/heads/{BRANCH}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
