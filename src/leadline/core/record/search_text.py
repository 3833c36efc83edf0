"""What of a record can be found by words: pure, one text per record, negative results marked."""

from __future__ import annotations

from leadline.core.record.event import Record
from leadline.core.record.kinds import kind_of
from leadline.core.typed import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from leadline.core.record.bodies import RunPlannedBody

_NEGATIVE_STATES = ("failed", "timeout", "cancelled")  # of one that is lost nobody saw the end


class Searchable(NamedTuple):
    uid: str
    id: str
    kind: str
    negative: bool
    text: str


class Hit(NamedTuple):
    """What was found by words."""

    topic: str
    uid: str
    kind: str
    id: str
    negative: bool
    text: str


def searchable(record: Record, planned: Record | None = None) -> Searchable | None:
    """The words of ``record`` for the search index, or None when it has none of interest.

    ``planned``: the plan of a run that ``record`` ends; its words then belong to the ending, which
    replaces it.
    """
    body = record.body
    if record.kind == "run-planned":
        return Searchable(record.id, str(body.get("id", "")), "run", False, _plan_words(body))
    if record.kind == "run-ended":
        state = str(body.get("state", ""))
        plan_words = _plan_words(planned.body) if planned else ""
        text = " ".join(
            [
                plan_words,
                state,
                str(body.get("reason", "")),
                str(body.get("outputs", {}).get("excerpt", ""))[:2000],
                *(
                    f"{k}={v:.6g}"
                    for k, v in body.get("metrics", {}).items()
                    if isinstance(v, (int, float))
                ),
            ]
        )
        uid = planned.id if planned else record.id
        return Searchable(
            uid, str(body.get("run", "")), f"run {state}", state in _NEGATIVE_STATES, text
        )
    kind = kind_of(record.kind)
    if not kind.searched:
        return None
    negative = kind.negative or body.get("state") == "falsified" or body.get("role") == "negative"
    shown = str(body.get("id") or body.get("hypothesis") or body.get("target") or "")
    return Searchable(
        record.id,
        shown,
        record.kind,
        negative,
        " ".join(_words(body)).replace("{{", "").replace("}}", ""),
    )


def _plan_words(body: RunPlannedBody) -> str:
    title = str(body.get("title", ""))
    config = [pair for k, v in body.get("config", {}).items() if (pair := f"{k}={v}") not in title]
    told = [said for said in body.get("told", {}).values() if said not in title]
    code = [body.get("code", {}).get("told", "")]
    command = " ".join(map(str, body.get("argv", [])))
    return " ".join(filter(None, [title, *config, *code, *told, f"`{command}`" if command else ""]))


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [
            w
            for k, v in value.items()
            if k not in ("refs", "bound", "id", "prefix", "code_at_start", "arithmetic")
            for w in _words(v)
        ]
    if isinstance(value, list):
        return [w for v in value for w in _words(v)]
    return [] if value is None else [str(value)]
