"""The ends of this machine's chains, signed before they leave it."""

from __future__ import annotations

from leadline.core.record import signed_heads
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
