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
    --success cpu_ms:ms:lower --stop "A stable answer where the matrix exceeds the cache, and one where it fits"

# What is expected, written down before anything is measured.
leadline hypothesis add "Tiles of 8 take at most three quarters of the time of rows where the matrix exceeds the cache" \
    --predict "cpu_ms(block=8) <= 0.75 * cpu_ms(block=0) over size in {2048, 3072}"
leadline hypothesis add "Tiles of 256 do so at size 1024" \
    --predict "cpu_ms(block=256, dtype=float, size=1024) <= 0.75 * cpu_ms(block=0, dtype=float, size=1024)"

# What the code does today is the baseline.
leadline run --quiet --set block=0 --set dtype=float --set size=2048 --repeat 4 \
    -- ./build/transpose-float 0 2048 5
leadline baseline set TRN-001 --why "row by row, float, size 2048: what the code does today"

# One axis at a time around it, then the axes together. What was run already is not run again.
leadline sweep --axis block=0,8,256 --axis dtype=float,double --axis size=2048,3072 --design one-axis --repeat 3 \
    -- ./build/transpose-{dtype} {block} {size} 5
repeat=5
together() {
    leadline sweep --axis block=0,8 --axis dtype=float,double --axis size=2048,3072 --design interaction \
        --repeat "$repeat" -- ./build/transpose-{dtype} {block} {size} 5
}
together
leadline sweep show TRN-W2

# It is to hold in every combination of size and dtype. A label is computed whenever it is read, and counts how often it
# was looked at: on a busy machine it takes more repeats, and the claim rises by itself when they bear it.
leadline claim "Where the matrix exceeds the cache, tiles of 8 take at most three quarters of the time of rows" \
    --that "cpu_ms(block=8) <= 0.75 * cpu_ms(block=0) over size in {2048, 3072} over dtype in {float, double}" \
    --axis command
label_of() {
    leadline claims --json | python3 -c 'import json, sys
print(next(row["label"] for row in json.load(sys.stdin)["data"] if row["id"] == sys.argv[1]))' "$1"
}
while [ "$(label_of TRN-C1)" != stable ] && [ "$repeat" -lt 11 ]; do
    repeat=$((repeat + 2))
    together
done
leadline claims --why TRN-C1

leadline hypothesis activate TRN-H1
leadline hypothesis support TRN-H1 --evidence TRN-C1 --why "$(label_of TRN-C1) over two sizes and two dtypes"

# Falsified: the second hypothesis, measured in turns with rows. A few repeats of a sweep show it on a quiet machine only.
sides_of() {
    leadline ab show "$1" --json | python3 -c 'import json, sys
sides = json.load(sys.stdin)["data"]["experiments"]; print(sides["a"], sides["b"])'
}
leadline ab --blocks 20 --set dtype=float --set size=1024 --a block=0 --b block=256 \
    -- ./build/transpose-{dtype} {block} {size} 5
sides=$(sides_of TRN-I1)
leadline hypothesis activate TRN-H2
leadline hypothesis falsify TRN-H2 --evidence "${sides#* }" --why "tiles of 256 gain less than was predicted"

# Equivalent, measured in turns: one tile as large as the matrix costs nothing.
leadline ab --equivalent 10% --blocks 100 --set size=64 --set dtype=double --a block=0 --b block=64 \
    -- ./build/transpose-{dtype} {block} {size} 4000
sides=$(sides_of TRN-I2)
rows=${sides% *} tile=${sides#* }
leadline claim "One tile as large as the matrix and no tiles differ by no more than 10 % at size 64" \
    --that "cpu_ms($tile) ~= cpu_ms($rows) +- 10 %" --axis block --axis command
leadline claims
