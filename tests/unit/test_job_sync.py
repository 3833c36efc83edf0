"""The job program brings what a job logged to the disk: what grew, and the names of files that are
new."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leadline.job.supervise import Job


def test_what_grew_and_new_names_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job.__new__(Job)
    job.folder, job.synced_sizes = str(tmp_path), {}
    synced: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.append(os.path.relpath(os.readlink(f"/proc/self/fd/{fd}"), tmp_path))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    job.sync_metrics()
    assert synced == []  # a job that logs nothing costs nothing
    (tmp_path / "series").mkdir()
    segment = tmp_path / "series" / "p1.0.seg"
    segment.write_bytes(b"a")
    job.sync_metrics()
    assert synced == ["series/p1.0.seg", "series", "."]
    job.sync_metrics()
    assert len(synced) == 3
    segment.write_bytes(b"ab")
    (tmp_path / "metrics.jsonl").write_bytes(b"{}\n")
    job.sync_metrics()
    assert synced[3:] == ["metrics.jsonl", "series/p1.0.seg"]
