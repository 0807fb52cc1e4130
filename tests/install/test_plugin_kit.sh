#!/usr/bin/env bash
# A backend from an empty folder, as its author goes about it: the installed command writes a skeleton, which builds
# against nothing but the installation; tuff check says how far it is, and finds a kernel that is wrong.
#
#   test_plugin_kit.sh BUILD    BUILD: a build tree of Tuff
set -euo pipefail

build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
# Nothing but the installation may be found.
unset TUFF_PLUGIN_PATH
checks=0
ok() {
    checks=$((checks + 1))
    echo "ok $checks - $1"
}
fail() {
    echo "not ok - $1" >&2
    [[ -z ${2:-} ]] || sed 's/^/# /' "$2" >&2
    exit 1
}
says() { # PATTERN: a line of the log that fits
    grep -qE "$1" "$work/log" || fail "the output says: $1" "$work/log"
}

cmake --install "$build" --prefix "$prefix" >"$work/log" 2>&1 || fail "cmake --install" "$work/log"
tuff=$prefix/bin/tuff
cd "$work"

"$tuff" plugin new mine >"$work/log" 2>&1 || fail "tuff plugin new" "$work/log"
says 'tuff check --plugin build/tuff-mine.so --backend mine --allow-unsupported'
if grep -ri template mine; then fail "a placeholder is left in the skeleton"; fi
cd mine
build_it() {
    { cmake -S . -B build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="-Wall -Wextra -Wconversion -Wshadow -Werror" &&
        cmake --build build; } >"$work/log" 2>&1 || fail "$1" "$work/log"
}
build_it "the skeleton builds against the installation, without a warning"
if grep -rq "$build" build/CMakeCache.txt; then fail "the skeleton uses the build tree"; fi
ok "the skeleton builds against nothing but the installation"

"$tuff" devices --plugin build/tuff-mine.so >"$work/log" 2>&1 || fail "tuff devices takes it" "$work/log"
says '^mine 0\.1\.0 '
check=("$tuff" check --plugin build/tuff-mine.so --backend mine --corners)
"${check[@]}" --allow-unsupported >"$work/log" 2>&1 || fail "the skeleton passes as far as it goes" "$work/log"
says '^relu_forward +row-major +[1-9][0-9]* +[1-9][0-9]* +0 +0 '
says '^relu_forward +batch16 .*not used by this backend'
says '^UNSUPPORTED conv2d_forward$'
says '^mine against reference, .* 0 failed, [1-9][0-9]* unsupported'
ok "what it has passes, and what it lacks is named"

if "${check[@]}" >"$work/log" 2>&1; then fail "an incomplete backend passes without --allow-unsupported" "$work/log"; fi
says ' 0 failed, [1-9][0-9]* unsupported'
says '^tuff: error: [0-9]+ cases are unsupported$'
ok "without --allow-unsupported an incomplete backend fails"

cp plugin.c sound.c
sed -i 's/= x\[i\] <= 0\.0f ? 0\.0f : x\[i\];/= x[i] <= 0.5f ? 0.0f : x[i];/' plugin.c
if cmp -s plugin.c sound.c; then fail "the sed of this test finds nothing to break"; fi
build_it "the broken skeleton builds"
if "${check[@]}" --allow-unsupported >"$work/log" 2>&1; then fail "a wrong kernel passes" "$work/log"; fi
says '^FAIL relu_forward$'
says '^  first run: first mismatch at y\[.*: got 0 .*, expected 0\.'
line=$(sed -n '/^FAIL relu_forward$/,/replay/s/^  replay: --case "\(.*\)"$/\1/p' "$work/log" | head -n 1)
[[ -n $line ]] || fail "a failure has a line that replays it" "$work/log"
if "${check[@]}" --case "$line" >"$work/log" 2>&1; then fail "the replay fails, too" "$work/log"; fi
says '^mine against reference, .* 1 cases run, 0 passed, 1 failed, 0 unsupported'
ok "a wrong kernel is found, and its case can be replayed"

cp sound.c plugin.c
build_it "the mended skeleton builds"
"${check[@]}" --case "$line" >"$work/log" 2>&1 || fail "the same case passes once the kernel is right" "$work/log"
says ' 1 cases run, 1 passed, 0 failed'
ok "the same case passes once the kernel is right"

echo "$checks checks"
