#!/bin/sh
# A small kernel study, from the question to a stable claim, a falsified hypothesis and an equivalence.
#
#   sh examples/kernels/study.sh [FOLDER]      needs cc, git and leadline on PATH; about a minute
#
# Every number is measured here. The question: does transposing a matrix in tiles of 8 x 8 beat doing it row by row?
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)/transpose-study}
mkdir -p "$work"
cd "$work"
cp "$here/transpose.c" .
printf 'build/\n' > .gitignore
git init -q .
git add transpose.c .gitignore
git -c user.name=Study -c user.email=study@localhost commit -qm "Add the transpose kernel"

mkdir -p build
for dtype in float double; do
    cc -O2 -DTYPE=$dtype -o "build/transpose-$dtype" transpose.c
done

leadline init
leadline start transpose --prefix TRN --no-branch \
    --goal "Find out when transposing in tiles beats transposing row by row on this CPU" \
    --success time_ms:ms:lower --stop "A stable answer where the matrix exceeds the cache, and one where it fits"

# What is expected, written down before anything is measured.
leadline hypothesis add "Tiles of 8 take at most 0.8 of the time of rows where the matrix exceeds the cache" \
    --predict "time_ms(block=8) <= 0.8 * time_ms(block=0) over size in {1024, 2048}"
leadline hypothesis add "So do tiles of 256" \
    --predict "time_ms(block=256, size=1024) <= 0.8 * time_ms(block=0, size=1024)"

# What the code does today is the baseline.
leadline run --quiet --set block=0 --set dtype=double --set size=1024 --repeat 4 \
    -- ./build/transpose-double 0 1024 30
leadline baseline set TRN-001 --why "row by row, double, size 1024: what the code does today"

# One axis at a time around it, then the axes together. What was run already is not run again.
leadline sweep --axis block=0,8,256 --axis dtype=double,float --axis size=1024,2048 --design one-axis \
    -- ./build/transpose-{dtype} {block} {size} 30
leadline sweep --axis block=0,8,256 --axis dtype=double,float --axis size=1024,2048 --design interaction --repeat 5 \
    -- ./build/transpose-{dtype} {block} {size} 30
leadline sweep show TRN-W2

# Stable: it holds in every combination of size and dtype.
leadline claim "Where the matrix exceeds the cache, tiles of 8 take at most 0.8 of the time of rows (n=5 a cell)" \
    --that "time_ms(block=8) <= 0.8 * time_ms(block=0) over size in {1024, 2048} over dtype in {double, float}" \
    --axis command --label stable

leadline hypothesis activate TRN-H1
leadline hypothesis support TRN-H1 --evidence TRN-C1 --why "stable over two sizes and two dtypes"

# Falsified: the second hypothesis, by the cells with tiles of 256.
wide=$(leadline sweep show TRN-W2 --json | python3 -c 'import json, sys
for cell in json.load(sys.stdin)["data"]["cells"]:
    if (cell["cell"]["block"], cell["cell"]["size"]) == (256, 1024): print("--evidence", *cell["experiments"])')
leadline hypothesis activate TRN-H2
leadline hypothesis falsify TRN-H2 $wide --why "tiles of 256 gain less than was predicted"

# Equivalent, measured in turns: one tile as large as the matrix costs nothing.
leadline ab --equivalent 10% --blocks 100 --set size=64 --set dtype=double --a block=0 --b block=64 \
    -- ./build/transpose-{dtype} {block} {size} 4000
sides=$(leadline ab show TRN-I1 --json | python3 -c 'import json, sys
sides = json.load(sys.stdin)["data"]["experiments"]; print(sides["a"], sides["b"])')
rows=${sides% *} tile=${sides#* }
leadline claim "One tile as large as the matrix and no tiles differ by no more than 10 % at size 64" \
    --that "time_ms($tile) ~= time_ms($rows) +- 10 %" --axis block --axis command
leadline claims
