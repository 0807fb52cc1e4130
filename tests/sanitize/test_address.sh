#!/usr/bin/env bash
# test_address.sh SOURCE BUILD: builds the core's unit tests and the reference backend in BUILD, which tools/fuzz has made,
# and so with AddressSanitizer and UndefinedBehaviorSanitizer, and runs them. All tests under these:
# tools/test --sanitize address,undefined.
set -euo pipefail
source=$(realpath "$1") build=$(realpath -m "$2")
for part in plugins/reference tests/core tests/data tests/model; do
    make --no-print-directory --directory "$build/$part" --jobs 2
done
export LSAN_OPTIONS=suppressions=$source/tests/lsan.supp
ctest --test-dir "$build" --output-on-failure --no-tests=error --timeout 900 --parallel 2
