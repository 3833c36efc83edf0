"""Which records a signature covers, and under whose name the others stand."""

from __future__ import annotations

from leadline.core.record.event import Record, line_digest
from leadline.core.record.event_files import is_own
from leadline.core.record.signed_heads import chains, doubts, heads_of, payload, to_sign
from leadline.testing.builders import ThreadBuilder


def note(b: ThreadBuilder) -> None:
    b.note("n")


def sign(b: ThreadBuilder, signature: str = "ada", **heads: str) -> None:
    heads = heads or {b.writer: line_digest(b.records[-1].line())}
    b.record("heads-signed", {"heads": heads, "signature": signature, "signer": ""})


def files(*builders: ThreadBuilder) -> dict[str, bytes]:
    return {f"{b.writer}-1.jsonl": b"".join(r.line() for r in b.records) for b in builders}


def said(me: str, *builders: ThreadBuilder) -> list[tuple[str, bool]]:
    def principal(record: Record, signed: bytes) -> tuple[str, str, str]:
        assert signed == payload("attention-blocks", heads_of(record))
        name = str(record.body["signature"])
        owner, why = ("", "unknown") if name in ("nobody", "hung") else (name, "")
        return owner, why, "unchecked-signature" if name == "hung" else "foreign-signature"

    found = doubts("attention-blocks", chains(files(*builders)), me, principal)
    return [(d.code, d.pending) for d in found]


def test_what_this_machine_wrote_is_signed_once() -> None:
    b = ThreadBuilder(writer="w1")
    head = line_digest(b.records[-1].line())
    assert to_sign(files(b), "w1") == {"w1": head}
    assert to_sign(files(b), "w2") == {}
    sign(b)
    assert to_sign(files(b), "w1") == {}
    note(b)
    assert to_sign(files(b), "w1") == {"w1": line_digest(b.records[-1].line())}


def test_sessions_of_one_machine_sign_for_each_other_and_for_nobody_else() -> None:
    assert is_own("w1", "w1-night") and is_own("w1-night", "w1") and not is_own("w12", "w1")
    day, night = ThreadBuilder(writer="w1"), ThreadBuilder(writer="w1-night", started=False)
    note(night)
    other = ThreadBuilder(writer="w2", started=False)
    note(other)
    wanted = to_sign(files(day, night, other), "w1")
    assert set(wanted) == {"w1", "w1-night"}
    sign(night, **wanted)
    assert to_sign(files(day, night, other), "w1") == {}
    assert said("w1", day, night, other) == [("unsigned-records", False)]


def test_records_behind_the_signature_wait_here_and_are_named_elsewhere() -> None:
    b = ThreadBuilder(writer="w1")
    sign(b)
    assert said("w2", b) == []
    note(b)
    assert said("w1", b) == [("unsigned-records", True)]
    assert said("w2", b) == [("unsigned-records", False)]


def test_a_second_key_under_a_name_counts_for_nothing() -> None:
    b = ThreadBuilder(writer="w1")
    sign(b)
    note(b)
    sign(b, "eve")
    assert said("w2", b) == [("foreign-signature", False), ("unsigned-records", False)]


def test_a_signature_that_does_not_count_covers_nothing() -> None:
    b = ThreadBuilder(writer="w1")
    sign(b, "nobody")
    assert said("w2", b) == [("foreign-signature", False), ("unsigned-records", False)]


def test_what_was_signed_and_is_gone_is_missed() -> None:
    b = ThreadBuilder(writer="w1")
    sign(b, w1="sha256:" + "0" * 64)
    assert said("w2", b) == [("signed-record-missing", False), ("unsigned-records", False)]


def test_a_malformed_signature_is_no_reason_to_stop() -> None:
    b = ThreadBuilder(writer="w1")
    for heads in (None, [], "x", {"w1": 3}, {1: None}):
        b.record("heads-signed", {"heads": heads, "signature": 5})
    assert ("unsigned-records", False) in said("w2", b)
    assert to_sign(files(b), "w1")
