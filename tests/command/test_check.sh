#!/usr/bin/env bash
# test_check.sh TUFF JSON_LINES FAULTY: what tuff check tells, and to whom. FAULTY: the plugin with faults.
# shellcheck disable=SC2317,SC2016 # functions that check calls; awk
tuff=$1
json_lines=$(realpath "$2")
faulty=$(realpath "$3")
source "$(dirname "$0")/assert.sh"

# The document in file $1 on one line, without the spaces of its layout.
flatten() { tr -d '\n' < "$1" | sed 's/  */ /g' && echo; }
count_of() { grep -oe "$1" "$2" | wc -l; }

# -- --json
run check --backend reference --op relu_forward --count 8 --json results.json
check "--json" test "$status" -eq 0
check "the text stays on stdout" out_has '^relu_forward  *row-major'
flatten results.json > flat.json
check "--json is one JSON object" json flat.json tuff abi backend against seed count op case large \
    allow_unsupported ops totals failures unsupported result status errors_logged
check "it has the table" has '"op": "relu_forward", "layout": "row_major", "run": 12, "passed": 12, "failed": 0' flat.json
check "both layouts" has '"layout": "batch16", "run": 12' flat.json
check "and float16" has '"layout": "float16", "run": 11' flat.json
check "totals" has '"totals": { "run": 35, "passed": 35, "failed": 0, "unsupported": 0' flat.json
check "backend and device" has '"backend": { "name": "reference", "version": "[0-9.]*", "path": "/[^"]*tuff-reference.so", "device": "reference"' flat.json
check "passed" has '"result": "passed", "status": "success"' flat.json
check "no failures" has '"failures": \[\]' flat.json

run check --backend reference --op relu_forward --corners --seed 18446744073709551615 --json -
check "--json -" test "$status" -eq 0
flatten "$out" > flat.json
check "stdout is the document and nothing else" json flat.json ops totals
check "the text goes to stderr" err_has '^relu_forward  *row-major'
check "a seed of 64 bits is whole" has '"seed": "18446744073709551615"' flat.json

TUFF_FAULT=nan-blind run check --plugin "$faulty" --backend faulty --op relu_forward --corners --json results.json
check "a failing run" test "$status" -eq 1
flatten results.json > flat.json
check "failed" has '"result": "failed", "status": "plugin failure"' flat.json
check "every failure is listed" test "$(count_of '"replay":' flat.json)" -eq "$(count_of '^FAIL' "$out")"
check "there are failures" test "$(count_of '"replay":' flat.json)" -eq 4
check "with its reason" has '"message": "first run: first mismatch at y\[' flat.json
line=$(grep -oe '"replay": "[^"]*"' flat.json | head -n 1 | cut -d '"' -f 4)
TUFF_FAULT=nan-blind run check --plugin "$faulty" --backend faulty --case "$line"
check "its line replays it" test "$status" -eq 1
check "and nothing else" out_has ': 1 cases run, 0 passed, 1 failed'

# More than are shown of one op are written nevertheless.
TUFF_FAULT=idle run check --plugin "$faulty" --backend faulty --op add --json results.json
flatten results.json > flat.json
check "all failures are listed" test "$(count_of '"replay":' flat.json)" -gt "$(count_of '^FAIL' "$out")"

TUFF_FAULT=no-kernel run check --plugin "$faulty" --backend faulty --op relu_forward --corners --json results.json
check "an unsupported op" test "$status" -eq 1
flatten results.json > flat.json
# The reference does not ask for BATCH16, so that these cases are not used.
check "unsupported cases are listed" test "$(count_of '"replay": "relu_forward(layout=row_major' flat.json)" -eq 10
check "they are no failures" has '"failures": \[\]' flat.json

TUFF_FAULT=logs-error run check --plugin "$faulty" --backend faulty --op relu_forward --corners --json results.json
check "logged errors" test "$status" -eq 1
flatten results.json > flat.json
check "logged errors are a failure" has '"result": "failed", "status": "success", "errors_logged": true' flat.json

TUFF_FAULT=device-lost run check --plugin "$faulty" --backend faulty --op relu_forward --corners --json results.json
flatten results.json > flat.json
check "a lost device" has '"totals": { "run": 1, "passed": 0, "failed": 1' flat.json
check "a lost device is the reason" has '"result": "failed", "status": "device failure"' flat.json

# Texts that are no UTF-8.
mkdir $'caf\xe9'
cp "${TUFF_PLUGIN_PATH%%:*}/tuff-reference.so" $'caf\xe9'
TUFF_PLUGIN_PATH=$work/$'caf\xe9' run check --backend reference --op relu_forward --corners --json results.json
check "a plugin whose path is no UTF-8" test "$status" -eq 0
flatten results.json > flat.json
check "its path is readable" has '"path": "/[^"]*/caf�/tuff-reference.so"' flat.json
run check --backend reference --case $'relu\xe9' --json results.json
check "a case that is no UTF-8" test "$status" -eq 1
flatten results.json > flat.json
check "it is in the document" has '"case": "relu�"' flat.json

run check --backend vulcan --json results.json
check "a backend that is not there" test "$status" -eq 1
flatten results.json > flat.json
check "is a failure of the document too" has '"result": "failed"' flat.json
check "that names no backend" lacks '"backend"' flat.json
refuses 1 "cannot write 'no/where.json': No such file" "a file that cannot be" check --backend reference --json no/where.json
refuses 2 "json goes with neither --list nor --cases" "--json with --cases" check --cases --json -

# -- --list
run check --list --backend reference
check "--list" test "$status" -eq 0
check "says which backend" out_has '^op  *reference$'
check "an op in both layouts" out_has '^relu_forward  *supported / supported, f16$'
check "an op without a batch" out_has '^adam  *supported$'
listed=$(grep -cE '^[a-z0-9_]+  +(supported|partly|not supported)' "$out")
cases_of_all=$("$tuff" check --cases 2> "$err" | grep -v '(check=' | sed 's/(.*//' | sort -u | wc -l)
check "every op that has cases is listed" test "$listed" -eq "$cases_of_all"

run check --list
check "--list of all backends" out_has '^op .*reference'
run check --list --markdown --backend reference --op max_pool2d_backward
check "--markdown" test "$(sed -n 1p "$out")" = '| Op | Direction | What it computes | Cases | reference |'
cases=$("$tuff" check --cases --op max_pool2d_backward 2> "$err" | wc -l)
check "--op has one row" test "$(wc -l < "$out")" -eq 3
check "its direction, words and number of cases" \
    out_has "^| .max_pool2d_backward. | backward | maximum pooling: gradient of its input | $cases | supported / supported, f16 |\$"

list_fault() { TUFF_FAULT=$1 run check --list --plugin "$faulty" --backend faulty --op relu_forward; }
list_fault no-kernel
check "an op without a kernel" out_has '^relu_forward  *not supported / not supported$'
list_fault unsupported-shape
check "some shapes are not supported" out_has '^relu_forward  *partly / partly, partly f16$'
list_fault layout-unused
check "a layout is not supported" out_has '^relu_forward  *supported / not supported, f16$'
refuses 1 "unknown op 'relu_foward'; did you mean 'relu_forward'" "misspelt op" check --list --op relu_foward
refuses 2 "markdown goes with --list only" "--markdown alone" check --backend reference --markdown
refuses 2 "list and --cases exclude each other" "--list --cases" check --list --cases
TUFF_PLUGIN_PATH=$work/nowhere run check --list --backend vulcan
check "a backend that is not there is an error" test "$status" -eq 1

# -- --perf
run check --backend reference --perf --seconds 0.05 --op relu_forward --json results.json
check "--perf" test "$status" -eq 0
check "has a table" out_has '^op  *layout  *median  *best  *GFLOP/s  *GB/s  *case$'
check "with a row for each case" \
    test "$(grep -cE '^relu_forward +row-major +[0-9.]+ (us|ms|s) +[0-9.]+ (us|ms|s) +[0-9.]+ +[0-9.]+  dims=[0-9x]+( \*)?$' "$out")" -eq 3
check "and a summary" out_has '^reference: 3 of 3 cases timed, 0 unsupported, 0 failed$'
flatten results.json > flat.json
check "--perf --json is one JSON object" json flat.json tuff abi backend against seed op case seconds cases totals \
    failures unsupported result status errors_logged
check "nobody to compare with" has '"against": null, "seed": "0", "op": "relu_forward", "case": null, "seconds": 0.05' flat.json
check "totals of times" has '"totals": { "cases": 3, "timed": 3, "unsupported": 0, "failed": 0, "compared": 0, "mean_ratio": null }' flat.json
# 16 * 6 * 26 * 26 elements, one operation each, four bytes in and out.
check "a case has its work" has '"sizes": "dims=16x6x26x26", "replay": "relu_forward(layout=row_major,dims=16x6x26x26,values=normal)", "flops": 64896.0, "bytes": 519168.0, "time": { "layout": "row_major", "captured": false, "samples": [1-9][0-9]*, "calls": [1-9]' flat.json
numbers() { grep -oe "\"$1\": [0-9.e+-]*" results.json | sed 's/.*: //'; }
check "the best is no worse than the median, and rates follow from that" awk '
    $2 > $1 || $2 <= 0 || ($3 * $1 * 1e9 - $4) ^ 2 > 1 { wrong = 1 } END { exit wrong || NR != 3 }' \
    <(paste <(numbers median_seconds) <(numbers best_seconds) <(numbers gflops) <(numbers flops))
line=$(grep -oe '"replay": "[^"]*"' flat.json | sed -n 2p | cut -d '"' -f 4)
run check --backend reference --perf --seconds 0.05 --verbose --case "$line"
check "--perf --case" test "$status" -eq 0
check "times that case, in the layout it names" out_has '^relu_forward  *row-major .*  relu_forward(layout=row_major,dims=512x6x26x26,values=normal)'
check "and no other" out_has '^reference: 1 of 1 cases timed'
run check --backend reference --perf --seconds 0.05 --case 'relu_forward(layout=batch16,dims=3x5,values=normal)'
check "any line whose shapes fit is a case" out_has '^relu_forward  *batch16 .*  dims=3x5$'

TUFF_FAULT=none run check --plugin "$faulty" --backend reference --perf --seconds 0.05 --op relu_forward \
    --against faulty --json results.json
check "--against" test "$status" -eq 0
check "names the other" out_has '^op  *layout  *median  *best  *GFLOP/s  *GB/s  *faulty  *ratio  *case$'
check "has ratios" test "$(grep -cE '^relu_forward .* [0-9.]+ (us|ms|s) +[0-9]+\.[0-9]+  dims=' "$out")" -eq 3
check "and their mean" out_has '^ratio: .* faulty takes, by the medians; [0-9]*\.[0-9]* on'
flatten results.json > flat.json
check "in the document too" test "$(count_of '"ratio": [0-9]*\.[0-9]' flat.json)" -eq 3
check "with who it is" has '"against": { "name": "faulty", "version": "0"' flat.json
# The same code on both sides: far from exact on a machine that does other things too.
check "of about 1" awk '$1 < 0.2 || $1 > 5 { wrong = 1 } END { exit wrong || NR != 1 }' <(numbers mean_ratio)

TUFF_FAULT=no-kernel run check --plugin "$faulty" --backend reference --perf --seconds 0.05 --op relu_forward \
    --against faulty
check "what the other does not support is no failure" test "$status" -eq 0
check "and has no ratio" test "$(grep -cE '^relu_forward .* unsupported +-  dims=' "$out")" -eq 3
TUFF_FAULT=no-kernel run check --plugin "$faulty" --backend faulty --perf --op relu_forward --json results.json
check "nothing timed is a failure" test "$status" -eq 1
check "nothing timed: the reason" one_error 'no case was timed'
check "nothing timed: a table nevertheless" out_has '^relu_forward  *row-major  *unsupported '
flatten results.json > flat.json
check "nothing timed: listed" test "$(count_of '"replay":' flat.json)" -eq 3
check "nothing timed: in the document" has '"result": "failed"' flat.json
TUFF_FAULT=layout-refused run check --plugin "$faulty" --backend faulty --perf --op relu_forward
check "the layout is the one that the device asks for" out_has '^relu_forward  *batch16  *unsupported '
perf_fault() { TUFF_FAULT=$1 run check --plugin "$faulty" --perf --seconds 0.05 --op relu_forward "${@:2}"; }
perf_fault returns-error --backend faulty --json results.json
check "a kernel that fails" test "$status" -eq 1
check "says what and where" out_has '^  faulty: the kernel returned "out of memory"$'
check "with a line that replays it" out_has '^  replay: --perf --case "relu_forward(layout=row_major,dims=16x6x26x26,values=normal)"$'
flatten results.json > flat.json
check "all failures are in the document" test "$(count_of '"message": "faulty: the kernel returned' flat.json)" -eq 3
perf_fault returns-error --backend reference --against faulty
check "the other's failure is one too" test "$status" -eq 1
perf_fault device-lost --backend faulty
check "a lost device ends it" out_has '^faulty: 0 of 3 cases timed, 0 unsupported, 1 failed$'
perf_fault capture-none --backend faulty --json results.json
check "a backend that captures" has '"captured": true' results.json
perf_fault logs-error --backend faulty
check "an error that is logged is a failure" test "$status" -eq 1

run check --perf --cases
check "--perf --cases" test "$(sed 's/(.*//' "$out" | sort -u | wc -l)" -eq "$cases_of_all"
refuses 1 "unknown op 'relu_foward'; did you mean 'relu_forward'" "--perf, misspelt op" check --perf --cases --op relu_foward
refuses 1 "'stream' is no op: there is nothing to time" "--perf, no op" check --perf --cases --op stream
refuses 2 "no-fusion goes with --model only" "--no-fusion without --model" check --no-fusion -b reference
refuses 2 "precision goes with --model only" "--precision without --model" check --precision mixed -b reference
refuses 2 "steps goes with --model only" "--steps without --model" check --steps 10 -b reference
refuses 2 "data goes with --model only" "-D without --model" check -D digits -b reference
refuses 2 "batch goes with --model only" "letters without --model" check -vn64 -b reference
refuses 2 "model and --corners exclude each other" "--model --corners" check --corners -b reference -m lenet-mnist
refuses 2 "model and --json exclude each other" "--model --json" check --json - -b reference -m lenet-mnist
refuses 2 "op and --case exclude each other" "--op --case" \
    check -b reference --op add --case 'relu_forward(layout=row_major,dims=3x5,values=normal)'
refuses 2 "perf goes with neither --list" "--perf --list" check --perf --list -b reference
refuses 2 "perf goes with neither --list" "--perf --corners" check --perf --corners -b reference
refuses 2 "seconds goes with --perf only" "--seconds alone" check --seconds 1 -b reference
refuses 2 "seconds: expected a number above 0" "--seconds 0" check --perf --seconds 0 -b reference
run check --perf --backend reference --op relu_foward
check "--perf of an unknown op" test "$status" -eq 1
check "--perf of an unknown op: one line of error" one_error "unknown op 'relu_foward'; did you mean 'relu_forward'"

# A shell starts such programs with SIGINT ignored, which tuff would respect.
env --default-signal=INT "$tuff" check --backend reference --perf --seconds 0.1 --json results.json > "$out" 2> "$err" &
timing=$!
for ((i = 0; i < 300; i++)); do
    [[ $(grep -c '^fill' "$out") -ge 2 ]] && break
    sleep 0.1
done
kill -INT "$timing"
wait "$timing"
status=$?
check "SIGINT: exit status 130" test "$status" -eq 130
check "SIGINT: what it has" out_has '^reference: [1-9][0-9]* of [12][0-9][0-9] cases timed, .*; stopped by a signal$'
flatten results.json > flat.json
check "SIGINT: in the document too" has '"result": "failed", "status": "interrupted"' flat.json
check "SIGINT: no error" lacks '^tuff: error' "$err"

finish
