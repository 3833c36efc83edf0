"""The contract of the record, on files and in memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leadline.adapters.clock import SystemClock
from leadline.adapters.files import write_atomically
from leadline.adapters.store.event_log import EventLog
from leadline.adapters.store.read_model import IndexReadModel
from leadline.testing.fake_store import Disk, MemoryLog, MemoryReadModel, StillClock
from leadline.testing.record_store_contract import Machine, RecordStoreContract


class Files:
    read = staticmethod(IndexReadModel)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, writer: str) -> EventLog:
        return EventLog(str(self.folder), writer, "Ada", SystemClock())

    def put(self, topic: str, name: str, data: bytes) -> None:
        write_atomically(os.path.join(self.open("w0").folder(topic), name), data)

    def another(self) -> Files:
        return Files(self.folder.with_name("another"))


class Memory:
    read = staticmethod(MemoryReadModel)

    def __init__(self) -> None:
        self.disk, self.clock = Disk(), StillClock()

    def open(self, writer: str) -> MemoryLog:
        return MemoryLog(self.disk, writer, clock=self.clock)

    def put(self, topic: str, name: str, data: bytes) -> None:
        self.disk.topics[topic][name] = data

    def another(self) -> Memory:
        other = Memory()
        other.clock = self.clock
        return other


class TestFiles(RecordStoreContract):
    @pytest.fixture
    def machine(self, tmp_path: Path) -> Machine:
        return Files(tmp_path / "here")  # type: ignore[return-value]


class TestMemory(RecordStoreContract):
    @pytest.fixture
    def machine(self) -> Machine:
        return Memory()  # type: ignore[return-value]
