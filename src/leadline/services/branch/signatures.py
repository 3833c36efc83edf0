"""The ends of this machine's chains and its seals, signed before they leave it."""

from __future__ import annotations

from leadline.core.record import signed_heads
from leadline.core.record.event_files import is_own
from leadline.core.ref_name import sent_ref, tag_name
from leadline.services.context import Context


def sign_heads(context: Context, topics: list[str]) -> list[str]:
    """Sign, in each topic, what this machine wrote and no signature of it covers yet, where the
    user's git settings sign anything; the topics that were signed."""
    done: list[str] = []
    if not context.vcs.signs():
        return done
    for topic in topics:
        heads = signed_heads.to_sign(context.store.files(topic), context.store.writer)
        if not heads:
            continue
        signature = context.vcs.sign(signed_heads.payload(topic, heads))
        if signature is None:  # not to be had now: neither is it for the others
            return done
        context.append(
            topic,
            "heads-signed",
            {"heads": heads, "signature": signature.text, "signer": signature.signer},
        )
        done.append(topic)
    return done


def sign_tags(context: Context, topics: list[str]) -> None:
    """Sign the seals of this machine that could not be signed when they were made, where no remote has
    them yet: a tag that was sent is not moved."""
    if not context.vcs.signs():
        return
    remotes = context.vcs.remotes()
    for topic in topics:
        for snapshot in context.store.view(topic).of_kind("snapshot"):
            tag = str(snapshot.body.get("tag") or "")
            ref = f"refs/tags/{tag}"
            if tag != tag_name(topic, str(snapshot.body.get("name"))):
                continue
            if any(context.vcs.ref(sent_ref(remote, ref)) for remote in remotes):
                continue
            made = context.vcs.signed(ref)
            if made and not made.signature and wrote(context, topic, snapshot.uid):
                context.vcs.sign_tag(tag)


def wrote(context: Context, topic: str, uid: str) -> bool:
    """Whether a record is this machine's; others' tags come with a fetch, and stay as they are."""
    files = context.store.files(topic)
    head = f'"id":"{uid}"'.encode()
    return any(is_own(name, context.store.writer) and head in files[name] for name in files)
