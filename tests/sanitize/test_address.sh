#!/usr/bin/env bash
# test_address.sh SOURCE BUILD: builds the core, its unit tests and the backends reference and cpu with AddressSanitizer
# and UndefinedBehaviorSanitizer in BUILD, and runs those tests. All tests under them: tools/test --sanitize.
set -euo pipefail
source=$1 build=$2
parts=(plugins/reference backends/cpu tests/core tests/data tests/model tests/plugins tests/report tests/training)
cmake -S "$source" -B "$build" -G "Unix Makefiles" -DCMAKE_C_COMPILER=clang -DTUFF_SANITIZE=address,undefined \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTUFF_VULKAN=OFF -DTUFF_ONEDNN=OFF -DBUILD_TESTING=ON --log-level=WARNING
for part in "${parts[@]}"; do
    make --no-print-directory --directory "$build/$part" --jobs 2
done
export LSAN_OPTIONS=suppressions=$source/tests/lsan.supp
ctest --test-dir "$build" --output-on-failure --no-tests=error --timeout 900 --parallel 2 --tests-regex \
    '^(core-.*|data-.*|test_(checkpoint|model|safetensors|plugin).*|report-(scores|text|history|figure|draw|page)|training\.(reference|cpu|cpu_only|schedule|refusals))$'
