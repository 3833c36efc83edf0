"""Threads made by hand: real records with a fixed clock, for tests and examples.

The records form a valid hash chain and fold like any others, so what is tested on them is what
users get. The price of the short calls is that facts a real run would capture (hardware, software,
code) get the same plain defaults each time.

    b = ThreadBuilder("paged-attention", metrics=[("time_ms", "ms", "lower")])
    first = b.run("reference kernel", {"time_ms": 712.4}, config={"block": 64})     # "P-001-r1"
    b.repeat("P-001", {"time_ms": 709.9})                                           # "P-001-r2"
    b.note("Dominated by the gather.", about=["P-001"], role="interpretation")
    thread = b.thread()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadline.core.canonical import digest_of
from leadline.core.ids import ID_IN_TEXT, experiment_id, experiment_of, named_id, run_id
from leadline.core.metric.thread_of import thread_of
from leadline.core.record.event import Record, line_digest
from leadline.core.record.thread import Thread
from leadline.core.text.citation import bind
from leadline.core.timestamps import epoch_ms, rfc3339
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.core.ulid import next_ulid

if TYPE_CHECKING:
    from leadline.core.record.bodies import Bound, CodeState

HARDWARE = {
    "host": "node-7",
    "machine": "x86_64",
    "cpu_model": "AMD EPYC 9654",
    "cpu_count": 16,
    "gpus": [
        {
            "index": 0,
            "name": "NVIDIA H100 80GB HBM3",
            "memory_bytes": 85520809984,
            "driver": "550.54",
        }
    ],
}
SOFTWARE = {"python": "3.11.9", "os": "Ubuntu 22.04", "packages_digest": "sha256:51ab"}
DEVICES = {"kind": "gpu", "count": 1, "visible": ["0"]}
QUIET = {"contended": False, "reasons": []}


class ThreadBuilder:
    """Appends records to one writer's chain. Every method takes ``minutes``: how far the clock
    moves before it."""

    def __init__(
        self,
        topic: str = "attention-blocks",
        prefix: str = "P",
        at: str = "2026-11-02T09:00:00.000Z",
        actor: str = "agent",
        writer: str = "w1",
        metrics: list[tuple[str, str, str]] | None = None,
        started: bool = True,
        **about: Any,
    ) -> None:
        self.topic, self.prefix, self.actor, self.writer = topic, prefix, actor, writer
        self.now_ms = epoch_ms(at)
        self.records: list[Record] = []
        self._numbers: dict[str, int] = {}
        self._repeats: dict[str, int] = {}
        self._plans: dict[str, dict[str, object]] = {}
        self._planned: dict[str, Record] = {}
        if started:
            given = metrics or [("time_ms", "ms", "lower")]
            definitions = [{"name": n, "unit": u, "direction": d} for n, u, d in given]
            self.record(
                "thread-started", {"prefix": prefix, "metrics": definitions, **about}, minutes=0
            )

    # -- the ground --------------------------------------------------------------------------------
    @property
    def now(self) -> str:
        return rfc3339(self.now_ms)

    def tick(self, minutes: float) -> ThreadBuilder:
        self.now_ms += int(minutes * 60_000)
        return self

    def thread(self) -> Thread:
        return thread_of(self.records, self.topic)

    def record(self, kind: str, body: Mapping[str, object], minutes: float = 1.0) -> Record:
        """Append any record."""
        self.tick(minutes)
        before = prev = ""
        if self.records:
            last = self.records[-1]
            before, prev = last.id, line_digest(last.line())
        made = Record(
            id=next_ulid(self.now_ms, len(self.records) * 7919 + 1, before),
            at=self.now,
            thread=self.topic,
            writer=self.writer,
            kind=kind,
            actor=self.actor,
            body=body,
            prev=prev,
        )
        self.records.append(made)
        return made

    def _text_body(self, *texts: str) -> Bound:
        text = "\n".join(texts)
        if "{{" not in text and not ID_IN_TEXT.search(text):
            return {}
        bound = bind(text, self.thread())
        return bound if bound["bound"] else {"refs": bound["refs"]}

    def _new(self, kind: str, text: str, minutes: float, **body: Any) -> str:
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        shown = named_id(self.prefix, kind, self._numbers[kind])
        cited = [
            str(i) for name in ("about", "evidence", "experiments") for i in body.get(name, [])
        ]
        cited += [str(body[name]) for name in ("experiment", "target") if body.get(name)]
        self.record(
            kind, {"id": shown, "text": text, **body, **self._text_body(text, *cited)}, minutes
        )
        return shown

    # -- runs --------------------------------------------------------------------------------------
    def plan(
        self,
        title: str = "",
        config: Mapping[str, object] | None = None,
        experiment: str = "",
        argv: list[str] | None = None,
        hypotheses: list[str] | None = None,
        minutes: float = 5.0,
        **facts: Any,
    ) -> str:
        """A planned run that has not ended. ``experiment``: repeat that one, with its command,
        config and code."""
        body: dict[str, object]
        if experiment:
            body = {**self._plans[experiment]}
        else:
            self._numbers["experiment"] = self._numbers.get("experiment", 0) + 1
            experiment = experiment_id(self.prefix, self._numbers["experiment"])
            values = config or {}
            commit = digest_of(self.topic)[7:47]
            body = {
                "experiment": experiment,
                "title": title,
                "config": values,
                "argv": argv or ["python", "bench.py", *(f"--{k}={v}" for k, v in values.items())],
                "code": {
                    "tree": digest_of(commit)[7:47],
                    "commit": commit,
                    "head": commit,
                    "dirty": False,
                    "gaps": [],
                },
                "hardware": HARDWARE,
                "software": SOFTWARE,
                "devices": DEVICES,
                "environment": {},
                "executor": "local",
                "origin": "executed",
            }
            if hypotheses:
                body.update(hypotheses=hypotheses, **self._text_body(*hypotheses))
        body.update(facts)
        repeat = self._repeats.get(experiment, 0) + 1
        self._repeats[experiment] = repeat
        shown = run_id(experiment, repeat)
        tree = cast("CodeState", body["code"])["tree"]
        made = self.record(
            "run-planned",
            {
                **body,
                "id": shown,
                "repeat": repeat,
                "key": digest_of([body["argv"], body["config"], tree, body["environment"]]),
            },
            minutes,
        )
        self._planned[shown] = made
        if experiment not in self._plans:
            self._plans[experiment] = {**body, "experiment_uid": made.id}
        return shown

    def end(
        self,
        run: str,
        metrics: dict[str, float] | None = None,
        state: str = "done",
        reason: str = "",
        wall_s: float = 60.0,
        **facts: Any,
    ) -> str:
        exit_code = {"done": 0, "failed": 1}.get(state)
        planned = self._planned[run]
        self.record(
            "run-ended",
            {
                "run": run,
                "state": state,
                "exit_code": exit_code,
                "signal": "",
                "reason": reason,
                "started_at": planned.at,
                "ended_at": rfc3339(self.now_ms + int(wall_s * 1000)),
                "wall_s": wall_s,
                "metrics": metrics or {},
                "nonfinite": {},
                "hygiene": QUIET,
                "outputs": {},
                "refs": {run: planned.id},
                **facts,
            },
            wall_s / 60,
        )
        return run

    def run(
        self,
        title: str = "",
        metrics: dict[str, float] | None = None,
        config: Mapping[str, object] | None = None,
        state: str = "done",
        reason: str = "",
        wall_s: float = 60.0,
        minutes: float = 5.0,
        experiment: str = "",
        argv: list[str] | None = None,
        hypotheses: list[str] | None = None,
        code: Mapping[str, object] | None = None,
        ended: Mapping[str, object] | None = None,
    ) -> str:
        """A run from plan to end; its id. ``ended``: further facts of its end."""
        facts = {"code": code} if code else {}
        shown = self.plan(title, config, experiment, argv, hypotheses, minutes, **facts)
        return self.end(shown, metrics, state, reason, wall_s, **(ended or {}))

    def repeat(self, experiment: str, *values: dict[str, float], minutes: float = 2.0) -> list[str]:
        """Further runs of an experiment, one for each dict of metrics."""
        return [
            self.run(metrics=v, experiment=experiment_of(experiment), minutes=minutes)
            for v in values
        ]

    # -- words -------------------------------------------------------------------------------------
    def note(
        self, text: str, about: list[str] | None = None, role: str = "", minutes: float = 2.0
    ) -> str:
        return self._new("note", text, minutes, about=about or [], role=role)

    def hypothesis(
        self, text: str, minutes: float = 1.0, state: str = "proposed", **body: Any
    ) -> str:
        return self._new("hypothesis", text, minutes, state=state, **body)

    def change_hypothesis(
        self, hypothesis: str, state: str, minutes: float = 2.0, **body: Any
    ) -> None:
        cited = [hypothesis, *map(str, body.get("evidence", []))]
        self.record(
            "hypothesis-changed",
            {
                "hypothesis": hypothesis,
                "state": state,
                **body,
                **self._text_body(*cited, str(body.get("why", ""))),
            },
            minutes,
        )

    def decision(
        self, text: str, evidence: list[str] | None = None, owner: str = "", minutes: float = 2.0
    ) -> str:
        return self._new(
            "decision", text, minutes, evidence=evidence or [], owner=owner or self.actor
        )

    def claim(
        self,
        text: str,
        experiments: list[str] | None = None,
        predicate: str = "",
        minutes: float = 2.0,
        **body: Any,
    ) -> str:
        return self._new(
            "claim", text, minutes, experiments=experiments or [], predicate=predicate, **body
        )

    def baseline(self, experiment: str, why: str = "", minutes: float = 1.0) -> str:
        return self._new("baseline", "", minutes, experiment=experiment, why=why)

    def update(
        self, text: str = "", form: str = "update", minutes: float = 1.0, **body: Any
    ) -> str:
        return self._new("update", text, minutes, form=form, **body)

    def snapshot(self, tag: str, commit: str = "", minutes: float = 1.0, **body: Any) -> str:
        return self._new(
            "snapshot", "", minutes, tag=tag, commit=commit or digest_of(tag)[7:47], **body
        )

    def correct(
        self, target: str, field: str, value: Any, why: str = "", minutes: float = 1.0
    ) -> None:
        self.record(
            "correction",
            {
                "target": target,
                "field": field,
                "value": value,
                "why": why,
                **self._text_body(target, str(value)),
            },
            minutes,
        )

    def retract(self, target: str, why: str = "", minutes: float = 1.0) -> None:
        self.record(
            "retraction", {"target": target, "why": why, **self._text_body(target)}, minutes
        )

    def supersede(self, target: str, by: str, why: str = "", minutes: float = 1.0) -> None:
        self.record(
            "supersession",
            {"target": target, "by": by, "why": why, **self._text_body(target, by)},
            minutes,
        )

    def change(
        self, field: str, value: Any, why: str = "", mode: str = "set", minutes: float = 1.0
    ) -> None:
        self.record(
            "thread-changed", {"field": field, "value": value, "why": why, "mode": mode}, minutes
        )

    def finish(self, conclusion: str, minutes: float = 1.0, **body: Any) -> None:
        self.record(
            "finish", {"conclusion": conclusion, **body, **self._text_body(conclusion)}, minutes
        )

    def refuse(self, code: str, what: str, honest: str = "", minutes: float = 1.0) -> None:
        self.record("refusal", {"code": code, "what": what, "honest": honest}, minutes)
