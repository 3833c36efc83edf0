"""Files of real source trees that would be left out of a code state.

`python benchmarks/secrets_false_alarms.py FOLDER...`

Each folder is read as if all its files were new. Without one: the packages beside this interpreter,
a package a tree, and the standard library. What is found is listed, so that a person can say which
of it is a secret; the time is for the whole, in milliseconds a MiB.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import time

from leadline.core.secrets.content import ContentRules, only_public, pieces_of
from leadline.core.secrets.names import secret_name_reason

LARGEST_BYTES = 50 << 20


def reasons(folder: str) -> tuple[int, int, list[str]]:
    """(files, bytes, what is left out and why)."""
    rules, files, size_bytes, found = ContentRules(), 0, 0, []
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in (".git", "__pycache__")]
        for name in names:
            path = os.path.join(top, name)
            if os.path.islink(path) or os.path.getsize(path) > LARGEST_BYTES:
                continue
            files, size_bytes = files + 1, size_bytes + os.path.getsize(path)
            with open(path, "rb") as file:
                held = sorted(set(rules.found_in(pieces_of(file))))
                file.seek(0)
                public = name.endswith(".pem") and only_public(file.read())
            why = secret_name_reason(os.path.relpath(path, folder))
            if (why and not public) or held:
                found.append(f"{path}: {held[0].what if held else why}")
    return files, size_bytes, found


def main() -> int:
    trees = sys.argv[1:] or [sysconfig.get_path("purelib"), sysconfig.get_path("stdlib")]
    for tree in trees:
        started = time.process_time()
        files, size_bytes, found = reasons(tree)
        spent_s = time.process_time() - started
        print(
            f"{tree}: {len(found)} of {files} files, {spent_s * 1000 / (size_bytes / 2**20):.0f} ms/MiB"
        )
        print("".join(f"  {line}\n" for line in found), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
