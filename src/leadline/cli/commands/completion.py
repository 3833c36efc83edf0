"""Print the completion script of a shell."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import Any

NEEDS_REPOSITORY = False
EXAMPLES = ['eval "$(leadline completion bash)"']


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh", "fish"])


def run(context: Any, args: argparse.Namespace) -> Answer:
    from argcomplete.shell_integration import shellcode

    script: str = shellcode(["leadline"], shell=args.shell)
    return Answer(text=script, data={"shell": args.shell, "script": script})
