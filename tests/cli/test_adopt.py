"""`leadline adopt`: what a person writes into the rendered logbook becomes records, to the last
byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Lab

LOGBOOK = ".agents/logbooks/demo.md"


def _written(lab: Lab) -> None:
    """A thread with two notes and its logbook in the tree."""
    lab.ok("note", "first thought")
    lab.ok("note", "second thought")
    lab.ok("seal", "base")
    assert (lab.repo / LOGBOOK).exists()
    assert lab.json("verify")["ok"]


@pytest.fixture
def written(as_built: Callable[..., Lab]) -> Lab:
    return as_built(_written)


def edit(lab: Lab, old: str, new: str) -> None:
    path = lab.repo / LOGBOOK
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def codes(lab: Lab) -> list[str]:
    return [f["code"] for f in lab.json("verify")["data"]["faults"]]


ENTRY = "\n### 2026-02-03 10:00 - P-900 by hand\n\n- Result: 12.5 ms, über\n\n```sh\n### no heading\n```\n"


def test_a_new_entry_is_taken_in(written: Lab) -> None:
    path = written.repo / LOGBOOK
    path.write_text(path.read_text() + ENTRY)
    assert codes(written) == ["logbook-edited"]
    done = written.json("adopt")
    assert done["ok"] and [e["heading"] for e in done["data"]["entries"]] == [
        "2026-02-03 10:00 - P-900 by hand"
    ]
    text = path.read_text()
    assert (
        "Result: 12.5 ms, über" in text
        and "### no heading" in text
        and "Adopted: 2026-02-03" in text
    )
    assert codes(written) == []
    again = written.json("adopt")
    assert again["data"]["entries"] == [] and path.read_text() == text
    assert written.git("status", "--porcelain") == ""


def test_a_changed_line_is_kept_as_a_difference_and_the_entry_restored(written: Lab) -> None:
    edit(written, "second thought", "second thought, but better")
    written.ok("adopt")
    text = (written.repo / LOGBOOK).read_text()
    assert "+second thought, but better" in text and "-second thought" in text
    assert text.count("\nsecond thought\n") == 1
    assert codes(written) == []


def test_an_edit_of_the_header_is_kept(written: Lab) -> None:
    edit(written, "find out", "find out everything")
    assert codes(written) == ["logbook-edited"]
    done = written.json("adopt")["data"]
    assert [e["where"] for e in done["entries"]] == ["header"]
    assert "find out everything" in (written.repo / LOGBOOK).read_text()
    assert codes(written) == []


def test_a_removed_entry_comes_back(written: Lab) -> None:
    path = written.repo / LOGBOOK
    text = path.read_text()
    start = text.index("### ", text.index("Experiment log"))
    path.write_text(text[:start] + text[text.index("### ", start + 4) :])
    done = written.json("adopt")["data"]
    assert len(done["restored"]) == 1 and "P-N1" in done["restored"][0]
    assert "first thought" in path.read_text() and codes(written) == []


def test_an_edit_on_an_older_rendering_is_understood(written: Lab) -> None:
    path = written.repo / LOGBOOK
    path.write_text(path.read_text() + ENTRY)
    written.ok("note", "recorded meanwhile")
    done = written.json("adopt")["data"]
    assert [e["where"] for e in done["entries"]] == ["entry"] and done["restored"] == []
    assert "recorded meanwhile" in path.read_text() and codes(written) == []


def test_a_committed_hand_edit_is_adopted_and_history_is_clean(written: Lab) -> None:
    edit(written, "first thought", "quite another thought")
    written.git("commit", "-qam", "by hand")
    assert set(codes(written)) == {"logbook-edited", "logbook-rewritten"}
    written.ok("adopt")
    assert codes(written) == []


def test_a_rewrite_in_the_history_can_be_acknowledged(written: Lab) -> None:
    edit(written, "first thought", "quite another thought")
    written.git("commit", "-qam", "by hand")
    bad = written.git("rev-parse", "HEAD")
    edit(written, "second thought", "and this one")
    written.ok("adopt")
    assert codes(written) == ["logbook-rewritten"] * 2  # what that commit did, and its undoing
    written.ok("adopt", "--acknowledge", bad[:12])
    assert codes(written) == []
    assert [n["code"] for n in written.json("verify")["data"]["notes"]] == ["logbook-rewritten"]


def test_no_byte_is_lost(written: Lab, tmp_path: Path) -> None:
    raw = (
        "# Old log\n\ttabs  and spaces  \r\n## 2025-01-01\nä漢\n---\n\n".encode() + b"latin \xe9\n"
    )
    old = written.repo / "old.md"
    old.write_bytes(raw)
    written.ok("adopt", "old.md")
    blobs = [p for p in (written.repo / ".git/leadline/blobs").rglob("*") if p.is_file()]
    assert raw in [p.read_bytes() for p in blobs]
    assert "2025-01-01" in written.ok("logbook")
    assert written.json("adopt", "old.md")["data"]["already"]
    assert old.read_bytes() == raw and codes(written) == []


def test_secrets_do_not_get_into_the_record(written: Lab) -> None:
    secret = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh"
    path = written.repo / LOGBOOK
    path.write_text(path.read_text() + f"\n### 2026-02-03 10:00 - x\n\ntoken {secret}\n")
    written.ok("adopt", env={"HF_TOKEN": secret})
    assert all(
        secret.encode() not in p.read_bytes()
        for p in (written.repo / ".git/leadline").rglob("*")
        if p.is_file()
    )


def test_a_missing_file_says_what_to_do(written: Lab) -> None:
    assert written.json("adopt", "nothing.md")["error"]["code"] == "no-such-file"


OWN = "# L\n\n## Exp 1\n\n### Verdict\n\nrejected\n"


def adopted(lab: Lab, text: str) -> list[str]:
    lab.write("notes/l.md", text)
    return [entry["heading"] for entry in lab.json("adopt", "notes/l.md")["data"]["entries"]]


def test_a_section_is_known_by_its_path_and_place(thread_lab: Lab) -> None:
    assert adopted(thread_lab, OWN) == ["L", "Exp 1", "Verdict"]
    assert adopted(thread_lab, OWN) == []
    more = OWN + "\n## Exp 3\n\n### Verdict\n\nrejected\n"
    assert adopted(thread_lab, more) == ["Exp 3", "Verdict"]
    again = more + "\n### Verdict\n\nrejected\n"
    assert adopted(thread_lab, again) == ["Verdict"]
    assert adopted(thread_lab, again) == []
    logbook = thread_lab.ok("logbook")
    assert "Adopted: Exp 1 › Verdict" in logbook and logbook.count("Exp 3 › Verdict") == 2


def test_an_edited_section_is_a_change_and_not_one_more_entry(thread_lab: Lab) -> None:
    adopted(thread_lab, OWN)
    accepted = OWN.replace("rejected", "accepted")
    assert adopted(thread_lab, accepted) == ["a change in “Verdict”"]
    assert adopted(thread_lab, accepted) == []
    assert adopted(thread_lab, accepted.replace("accepted", "open")) == ["a change in “Verdict”"]
    assert "-rejected" in thread_lab.ok("logbook")


def test_a_log_of_ones_own_is_never_replaced_by_a_rendering(thread_lab: Lab) -> None:
    thread_lab.write(LOGBOOK, OWN)
    thread_lab.ok("adopt", LOGBOOK)
    thread_lab.ok("note", "later")
    thread_lab.ok("seal", "base")
    assert (thread_lab.repo / LOGBOOK).read_text() == OWN
    assert "logbook-edited" not in codes(thread_lab)


def test_the_history_of_any_log_is_checked_for_rewrites(thread_lab: Lab) -> None:
    for text in (OWN, OWN + "- Next: pending\n", OWN + "- Next: 3 ms\n- More\n"):
        thread_lab.write("notes/l.md", text)
        thread_lab.git("add", "notes")
        thread_lab.git("commit", "-qm", "l")
    grown = thread_lab.json("verify", "--log", "notes/l.md")
    assert grown["counts"] == {"versions": 3, "filled": 1, "fixed": 0, "rewritten": 0}
    thread_lab.write("notes/l.md", OWN.replace("rejected", "accepted"))
    thread_lab.git("commit", "-qam", "l")
    done = thread_lab.run("verify", "--log", "notes/l.md")
    assert done.returncode == 6 and "rewritten" in done.stdout and "Verdict" in done.stdout
    assert thread_lab.json("verify", "--log", "absent.md")["error"]["code"] == "no-such-file"


def test_what_is_hidden_of_a_log_is_named_by_line(thread_lab: Lab):
    token = "hf_" + "A1b2C3d4E5f6G7h8" * 2
    thread_lab.write("old.md", f"## Exp 1\n\nkept\n\nexport HF_TOKEN={token}\n")
    done = thread_lab.run("adopt", "old.md")
    assert "hidden    line 5: [redacted:" in done.stdout and token not in done.stdout


def test_a_log_of_ones_own_is_no_change_of_the_rendering(thread_lab: Lab):
    """Though it has a heading that every rendering has."""
    text = "# Experiment log\n\nWhat was tried.\n\n## 2026-05-11: Tied embeddings\n\nWorse.\n"
    thread_lab.write("old.md", text)
    headings = [piece["heading"] for piece in thread_lab.json("adopt", "old.md")["data"]["entries"]]
    assert headings == ["Experiment log", "2026-05-11: Tied embeddings"]


EXPERIMENTS = (
    "{}## Exp 1{}\n\n### Verdict\n\n{}\n\n## Exp 2\n\n### Verdict\n\nkept\n\n### Verdict\n\nopen\n"
)


def test_a_section_is_known_under_another_heading(thread_lab: Lab) -> None:
    """And so is all that stands below it."""
    assert len(adopted(thread_lab, EXPERIMENTS.format("", "", "rejected"))) == 5
    assert "Adopted: Exp 1 › Verdict" in thread_lab.ok("logbook")
    done = EXPERIMENTS.format("", " (done)", "rejected")
    assert adopted(thread_lab, done) == ["a change in “Exp 1”"]
    assert adopted(thread_lab, done + "\n") == []
    titled = EXPERIMENTS.format("# Log\n\n", " (done)", "rejected")
    assert adopted(thread_lab, titled) == ["Log"]
    assert adopted(thread_lab, titled.replace("rejected", "kept")) == ["a change in “Verdict”"]


def test_a_change_is_of_the_section_that_was_changed(thread_lab: Lab) -> None:
    """Of two with one heading the second, too, and in one of two files with the same headings."""
    text = EXPERIMENTS.format("", "", "rejected")
    adopted(thread_lab, text)
    later = text.replace("open", "merged")
    assert adopted(thread_lab, later) == ["a change in “Verdict”"]
    assert adopted(thread_lab, later + "\n") == []
    thread_lab.write("notes/other.md", text + "\n## Exp 3\n")
    other = thread_lab.json("adopt", "notes/other.md")["data"]["entries"]
    assert len(other) == 6


def test_an_entry_is_known_by_its_number_at_another_time_and_place(thread_lab: Lab) -> None:
    text = "## Assigned\n\n### 2026-04-06 20:45 — PR #2207: tail — edward — **{}**\n\n{}\n"
    adopted(thread_lab, text.format("SENT BACK", "crashed"))
    merged = text.replace("20:45", "21:30").format("MERGED", "synced since")
    assert adopted(thread_lab, merged) == [
        "a change in “2026-04-06 20:45 — PR #2207: tail — edward — **SENT BACK**”"
    ]
    assert adopted(thread_lab, merged + "\n") == []
    moved = merged.replace("Assigned", "Done").replace("synced since", "synced")
    now = "2026-04-06 21:30 — PR #2207: tail — edward — **MERGED**"
    assert adopted(thread_lab, moved) == ["Done", f"a change in “{now}”"]
    assert adopted(thread_lab, moved + "\n") == []
    assert adopted(thread_lab, moved.removeprefix("## Done\n\n")) == []
    other = moved.replace("2207", "2199")  # of a log that rolls
    assert adopted(thread_lab, other) == [now.replace("2207", "2199")]


def test_an_entry_is_followed_from_beside_one_that_stays(thread_lab: Lab) -> None:
    stays, moves = (
        "## Assigned\n\n### PR #2100: head\n\nwaiting\n",
        "### PR #2207: tail — {}\n\n{}\n",
    )
    adopted(thread_lab, stays + "\n" + moves.format("SENT BACK", "crashed"))
    done = f"{stays}\n## Done\n\n{moves}"
    assert adopted(thread_lab, done.format("MERGED", "synced")) == [
        "Done",
        "a change in “PR #2207: tail — SENT BACK”",
    ]
    assert adopted(thread_lab, done.format("MERGED", "synced again")) == [
        "a change in “PR #2207: tail — MERGED”"
    ]


def test_an_entry_of_a_log_that_rolls_is_no_other_one(thread_lab: Lab) -> None:
    adopted(thread_lab, "## Exp 1\n\n### Verdict\n\nkept\n")
    rolled = adopted(thread_lab, "## Exp 12\n\n### Verdict\n\nkept\n")
    assert rolled == ["Exp 12", "Verdict"]
    hourly = "## 2026-04-06 {} — status of the ResNet-50 night runs\n\n{}\n"
    adopted(thread_lab, hourly.format("20:45", "all run"))
    later = adopted(thread_lab, hourly.format("21:45", "two ended"))
    assert later == ["2026-04-06 21:45 — status of the ResNet-50 night runs"]


def test_a_history_that_was_found_whole_is_walked_again_when_it_went_on_or_in_full(
    written: Lab,
) -> None:
    assert codes(written) == []
    edit(written, "first thought", "quite another thought")
    kept = (written.repo / LOGBOOK).read_text()
    written.git("checkout", "-q", "--", LOGBOOK)
    told = written.repo / ".git" / "leadline" / "cache" / "logbook-.agents%2Flogbooks%2Fdemo.md"
    assert told.read_text() == written.git("rev-parse", "HEAD")
    (written.repo / LOGBOOK).write_text(kept)
    written.git("commit", "-qam", "by hand")
    assert "logbook-rewritten" in codes(written)  # it went on
    told.write_text(written.git("rev-parse", "HEAD"))
    assert codes(written) == ["logbook-edited"]  # as it was found before
    full = [f["code"] for f in written.json("verify", "--full")["data"]["faults"]]
    assert set(full) == {"logbook-edited", "logbook-rewritten"}
