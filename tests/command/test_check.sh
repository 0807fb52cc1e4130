#!/usr/bin/env bash
# test_check.sh TUFF JSON_LINES FAULTY: what tuff check tells, and to whom. FAULTY: the plugin with faults.
# shellcheck disable=SC2317 # functions that check calls
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
check "totals" has '"totals": { "run": 24, "passed": 24, "failed": 0, "unsupported": 0' flat.json
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
check "an op in both layouts" out_has '^relu_forward  *supported / supported$'
check "an op without a batch" out_has '^adam  *supported$'
listed=$(grep -cE '^[a-z0-9_]+  +(supported|partly|not supported)' "$out")
cases=$("$tuff" check --cases 2> "$err" | grep -v '(check=' | sed 's/(.*//' | sort -u | wc -l)
check "every op that has cases is listed" test "$listed" -eq "$cases"

run check --list
check "--list of all backends" out_has '^op .*reference'
run check --list --markdown --backend reference --op max_pool2d_backward
check "--markdown" test "$(sed -n 1p "$out")" = '| Op | Direction | What it computes | Cases | reference |'
cases=$("$tuff" check --cases --op max_pool2d_backward 2> "$err" | wc -l)
check "--op has one row" test "$(wc -l < "$out")" -eq 3
check "its direction, words and number of cases" \
    out_has "^| .max_pool2d_backward. | backward | maximum pooling: gradient of its input | $cases | supported / supported |\$"

list_fault() { TUFF_FAULT=$1 run check --list --plugin "$faulty" --backend faulty --op relu_forward; }
list_fault no-kernel
check "an op without a kernel" out_has '^relu_forward  *not supported / not supported$'
list_fault unsupported-shape
check "some shapes are not supported" out_has '^relu_forward  *partly / partly$'
list_fault layout-unused
check "a layout is not supported" out_has '^relu_forward  *supported / not supported$'
refuses 1 "unknown op 'relu_foward'; did you mean 'relu_forward'" "misspelt op" check --list --op relu_foward
refuses 2 "markdown goes with --list only" "--markdown alone" check --backend reference --markdown
refuses 2 "list and --cases exclude each other" "--list --cases" check --list --cases
TUFF_PLUGIN_PATH=$work/nowhere run check --list --backend vulcan
check "a backend that is not there is an error" test "$status" -eq 1

finish
