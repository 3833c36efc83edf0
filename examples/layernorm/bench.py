"""Build kernel.c as asked, check it against float64 and time it in turns with the naive build.

Prints {"time_us", "speedup", "gbps", "max_err"}; a wrong result ends it with an error.
"""

import argparse
import ctypes
import hashlib
import json
import math
import os
import random
import statistics
import subprocess
import time
from pathlib import Path

CLOCK = time.perf_counter_ns
BUILT = Path("build")  # not under version control
TOLERANCE = 1e-3
ROUNDS = 15
LEAST_S = 0.001  # of one timing: short calls are made so often
FLAGS = {"sse2": [], "avx2": ["-mavx2", "-mfma"], "neon": ["-mfpu=neon"]}
KERNELS = {"plain": [], "vext": ["-DVEXT"], "tree": ["-DVEXT", "-DTREE"]}

parser = argparse.ArgumentParser()
parser.add_argument("--opt", default="O2")
parser.add_argument("--unroll", type=int, default=1)
parser.add_argument("--block", type=int, default=1)
parser.add_argument("--passes", type=int, default=3)
parser.add_argument("--vec", default="sse2", choices=FLAGS)
parser.add_argument("--fast", type=int, default=0)
parser.add_argument("--kern", default="plain", choices=KERNELS)
parser.add_argument("--shape", default="256x1024")
parser.add_argument("--mean", type=float, default=0.0)
parser.add_argument("--rounds", type=int, default=ROUNDS)
asked = parser.parse_args()


def build(flags):
    """Built once for each source and flags."""
    BUILT.mkdir(exist_ok=True)
    known = hashlib.sha256(Path("kernel.c").read_bytes() + " ".join(flags).encode()).hexdigest()
    library = BUILT / f"{known[:16]}.so"
    if not library.exists():
        made = library.with_suffix(f".{os.getpid()}")
        command = ["gcc", "-shared", "-fPIC", "-std=gnu11", *flags, "kernel.c", "-o", made, "-lm"]
        if code := subprocess.run(command).returncode:
            raise SystemExit(code)
        made.rename(library)
    return ctypes.CDLL(str(library.resolve())).layernorm


reference = build(["-O2"])
defined = [f"-DUNROLL={asked.unroll}", f"-DBLOCK={asked.block}", f"-DPASSES={asked.passes}"]
fast = ["-ffast-math"] * asked.fast
kernel = build([f"-{asked.opt}", *FLAGS[asked.vec], *defined, *fast, *KERNELS[asked.kern]])

rows, columns = map(int, asked.shape.split("x"))
size, drawn = rows * columns, random.Random(1)
some = [drawn.gauss(asked.mean, 1.0) for _ in range(min(size, 20011))]
x = (ctypes.c_float * size)(*(some * (size // len(some) + 1))[:size])
y = (ctypes.c_float * size)()
g = (ctypes.c_float * columns)(*[drawn.uniform(0.5, 1.5) for _ in range(columns)])
b = (ctypes.c_float * columns)(*[drawn.uniform(-1, 1) for _ in range(columns)])


def seconds(function, times=1):
    begun = CLOCK()
    for _ in range(times):
        function(x, y, g, b, rows, columns, ctypes.c_float(1e-5))
    return (CLOCK() - begun) / times / 1e9


def largest_error(row):
    values = [float(v) for v in x[row * columns : (row + 1) * columns]]
    mean = math.fsum(values) / columns
    scale = 1 / math.sqrt(math.fsum((v - mean) ** 2 for v in values) / columns + 1e-5)
    got = y[row * columns : (row + 1) * columns]
    return max(abs((v - mean) * scale * g[c] + b[c] - got[c]) for c, v in enumerate(values))


seconds(kernel)
error = max(largest_error(row) for row in (0, rows // 2, rows - 1))
times = max(1, int(LEAST_S / max(seconds(reference), 1e-7)))
rounds = [(seconds(reference, times), seconds(kernel, times)) for _ in range(asked.rounds)]
took = statistics.median(new for _, new in rounds)
measured = {
    "time_us": round(took * 1e6, 3),
    "speedup": round(statistics.median(naive / new for naive, new in rounds), 4),
    "gbps": round(size * 8 / took / 1e9, 3),
    "max_err": float(f"{error:.3g}"),
}
print(json.dumps(measured))
if not error < TOLERANCE:
    raise SystemExit(f"wrong result: the largest error is {error:.3g}")
