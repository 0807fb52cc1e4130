#!/usr/bin/env bash
# What cmake/harden.cmake asks for is in the files that are installed: read-only relocations that are all done at the
# start, no executable stack, stack canaries, and, where the build is optimized, the C library's checked functions; the
# command's code can lie anywhere.
#
#   test_hardening.sh BUILD TYPE    BUILD: a build tree of Tuff; TYPE: its CMAKE_BUILD_TYPE
set -euo pipefail

build=$(realpath "$1") type=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v readelf > /dev/null || { echo "not ok - readelf (binutils) is needed" >&2; exit 1; }
cmake --install "$build" --prefix "$work/prefix" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }

checks=0 failures=0
check() # NAME COMMAND…
{
    local name=$1
    shift
    checks=$((checks + 1))
    if "$@" > /dev/null; then
        echo "ok $checks - $name"
    else
        echo "not ok $checks - $name"
        failures=$((failures + 1))
    fi
}
has_no_executable_stack() { ! grep -E 'GNU_STACK.*RWE' "$1"; }

mapfile -t files < <(find "$work/prefix" -type f \( -name tuff -path '*/bin/*' -o -name '*.so' -o -name '*.so.*' \) | sort)
((${#files[@]} >= 3)) || { echo "not ok - an installation has the command, the library and plugins" >&2; exit 1; }
for file in "${files[@]}"; do
    name=$(basename "$file")
    readelf --wide --file-header --program-headers --dynamic "$file" > "$work/headers"
    readelf --wide --dyn-syms "$file" > "$work/symbols"
    check "$name: relocations are read-only" grep -q GNU_RELRO "$work/headers"
    check "$name: and all done at the start" grep -qE 'BIND_NOW|FLAGS.*NOW' "$work/headers"
    check "$name: position-independent" grep -qE 'Type: +DYN' "$work/headers"
    check "$name: no executable stack" has_no_executable_stack "$work/headers"
    check "$name: stack canaries" grep -q __stack_chk_fail "$work/symbols"
    # Plugins may call nothing that has a checked form.
    if [[ $type != Debug && $name != tuff-* ]]; then
        check "$name: checked functions of the C library" grep -qE '__[a-z]+_chk' "$work/symbols"
    fi
done
echo "$checks checks, $failures failed"
((failures == 0))
