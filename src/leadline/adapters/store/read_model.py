"""The questions that no service should read a whole thread for, asked of the index of an event
log."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from leadline.adapters.store.event_log import EventLog
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.rows import RunRow
    from leadline.core.record.search_text import Hit


class IndexReadModel:
    """See ``ports.records.ReadModel``. Opens the index when something is asked."""

    def __init__(self, log: EventLog) -> None:
        self.log = log

    def run_rows(
        self, topic: str | None, where: Mapping[str, object], order: str, limit: int
    ) -> tuple[list[RunRow], int]:
        return self.log.index.rows(self._topics(topic), where, order, limit, lambda row: row)

    def run_lines(
        self, topic: str | None, where: Mapping[str, object], order: str, limit: int
    ) -> tuple[list[str], int]:
        from leadline.core.record.rows import json_of

        return self.log.index.rows(self._topics(topic), where, order, limit, json_of)

    def search(self, words: list[str], limit: int) -> tuple[list[Hit], int]:
        return self.log.index.search(self.log.topics(), words, limit)

    def open_runs(self, topic: str | None = None) -> list[tuple[str, str]]:
        return self.log.index.open_runs(self._topics(topic))

    def not_planned(self, uids: Collection[str]) -> set[str]:
        return self.log.not_planned(self.log.topics(), uids)

    def same_key(self, key: str) -> list[RunRow]:
        return self.log.index.same_key(self.log.topics(), key)

    def _topics(self, topic: str | None) -> list[str]:
        return [topic] if topic else self.log.topics()
