#!/usr/bin/env bash
# test_bench.sh TUFF PYTHON SCRIPT: one short round of tools/bench-vs-pytorch.
# shellcheck disable=SC2317 # functions that check calls
tuff=$1
python=$2
script=$(realpath "$3")
source "$(dirname "$0")/../command/assert.sh"

"$python" "$script" --tuff "$tuff" --backend reference --quick --rounds 1 --seconds 0.02 --threads 1 --samples 64 \
    --work lenet-mnist --json figures.json > "$out" 2> "$err" < /dev/null
status=$?
check "it ends well" test "$status" -eq 0
check "it screens PyTorch's configurations" out_has '^  script, .*1 thread  *[0-9.]* [a-z]*$'
check "and tuff's" out_has '^  tuff, 1 thread  *[0-9.]* [a-z]*$'
check "it shows ratios" out_has 'ratio [0-9.]* ([0-9.]* to [0-9.]*)$'
check "it says what ran" out_has '^version  PyTorch '
check "it ends with a table" test "$(grep -c '^| lenet-mnist: training step, batch 16 | .* MiB | [0-9]* MiB |$' "$out")" -eq 2
check "the figures are kept" "$python" -c 'import json, sys
works = json.load(open("figures.json"))["works"]["lenet-mnist"]
sys.exit([entry["group"] for entry in works] != ["PyTorch", "notebook", "tuff"]
         or any(len(entry["seconds"]) != 1 or entry["bytes"] < 1e7 for entry in works) or works[2]["ratios"] != [1.0])'
finish
