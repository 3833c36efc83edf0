"""Compress this machine's own Python standard library and log how well and how fast: the program
under study.

    python measure.py --codec zlib --level 6 --block-kib 1024

Speed is by the process's own clock: a neighbour on the core takes wall time as it likes, and this
hardly at all. It stands alone but for `leadline.log`; put into a repository of its own it is the
demo's research code.
"""

import argparse
import bz2
import lzma
import os
import sysconfig
import time
import zlib

import leadline as ll

CODECS = {
    "zlib": (lambda data, level: zlib.compress(data, level), zlib.decompress),
    "bz2": (lambda data, level: bz2.compress(data, level), bz2.decompress),
    "lzma": (lambda data, level: lzma.compress(data, preset=level), lzma.decompress),
}


def corpus(limit_bytes):
    """Python sources of the standard library, in order of name, up to `limit_bytes`."""
    folder, parts, size = sysconfig.get_path("stdlib"), [], 0
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".py")):
        with open(os.path.join(folder, name), "rb") as file:
            parts.append(file.read())
        size += len(parts[-1])
        if size >= limit_bytes:
            break
    return b"".join(parts)[:limit_bytes]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--codec", choices=CODECS, default="zlib")
    parser.add_argument("--level", type=int, default=6)
    parser.add_argument("--block-kib", type=int, default=1024)
    parser.add_argument("--corpus-kib", type=int, default=3072)
    parser.add_argument(
        "--passes", type=int, default=3, help="the fastest of so many passes counts"
    )
    args = parser.parse_args()
    compress, decompress = CODECS[args.codec]
    data = corpus(args.corpus_kib * 1024)
    block = args.block_kib * 1024
    blocks = [data[i : i + block] for i in range(0, len(data), block)]
    fastest_s = float("inf")
    for number in range(args.passes):
        start = time.process_time()
        packed = [compress(b, args.level) for b in blocks]
        fastest_s = min(fastest_s, time.process_time() - start)
        print(f"pass {number}: {fastest_s * 1000:.1f} ms so far")
    assert b"".join(map(decompress, packed)) == data, "the codec lost data"
    ratio = len(data) / sum(map(len, packed))
    ll.log(ratio=ratio, throughput_mb_s=len(data) / 1e6 / fastest_s, corpus_bytes=len(data))
    print(f"{args.codec} level {args.level}, blocks of {args.block_kib} KiB: ratio {ratio:.4f}")


main()
