#!/usr/bin/env bash
# test_bench_vs_pytorch.sh TUFF PYTHON SCRIPT: what tools/bench-vs-pytorch refuses, and how it counts. No PyTorch needed.
# shellcheck disable=SC2317,SC2016 # functions that check calls
tuff=$1
python=$2
script=$(realpath "$3")
source "$(dirname "$0")/assert.sh"

compare()
{
    "$python" "$script" "$@" > "$out" 2> "$err" < /dev/null
    status=$?
}

compare --help
check "--help" test "$status" -eq 0
check "--help lists the kinds of work" out_has 'lenet-mnist-512'
check "--help has examples" out_has '^  tools/bench-vs-pytorch --quick$'
compare --tuff ./no-such-tuff
check "no binary" test "$status" -ne 0
check "no binary: says which" err_has 'error: there is no command ./no-such-tuff; build tuff, or name it with --tuff$'
compare --tuff "$tuff" --work lenet-minst
check "unknown work" test "$status" -ne 0
check "unknown work: says so" err_has "invalid choice: 'lenet-minst'"
compare --tuff "$tuff" --work start-mnist
check "no data" test "$status" -ne 0
check "no data: says what to do" err_has "error: start-mnist reads MNIST's files: name their folder with --data-dir$"
compare --tuff "$tuff" --data-dir .
check "a folder without MNIST" err_has 'error: no MNIST in .: train-images-idx3-ubyte or '
compare --tuff "$tuff" --rounds 0
check "no rounds" err_has 'expected at least 1, found 0'

# A Python that has no torch.
mkdir broken
echo 'raise ImportError("no torch on this test")' > broken/torch.py
PYTHONPATH=$work/broken compare --tuff "$tuff" --work lenet-mnist --quick
check "no torch" test "$status" -ne 0
check "no torch: one line that says so" has '^bench-vs-pytorch: .* cannot import torch (ImportError: no torch on this test); on Debian, python3-torch has it$' "$err"
check "no torch: nothing else" out_empty

cat > counts.py << 'END'
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(sys.argv[1]), "bench"))
import rounds
assert rounds.ratios([4.0, 9.0, 2.0], [2.0, 3.0, 4.0]) == [2.0, 3.0, 0.5]
assert rounds.spread([2.0, 3.0, 0.5]) == (2.0, 0.5, 3.0)
assert list(rounds.turns(3, 3)) == [[0, 1, 2], [2, 1, 0], [0, 1, 2]]
results = [{"group": "a", "seconds": [9, 1, 9]}, {"group": "a", "seconds": [5, 5, 5]}, {"group": "b", "seconds": [1, 1, 1]}]
assert rounds.fastest(results, "a") is results[1]
assert [rounds.duration(s) for s in (2.5e-4, 0.0123, 0.9999, 12.345)] == ["250 us", "12.3 ms", "1 s", "12.3 s"]
assert rounds.table(["x", "y"], [["1", "2"]]) == "| x | y |\n|---|---|\n| 1 | 2 |"
print("counted")
END
"$python" -B counts.py "$script" > "$out" 2> "$err"
status=$?
check "ratios, medians and the table" out_has '^counted$'
finish
