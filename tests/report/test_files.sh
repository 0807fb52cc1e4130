#!/usr/bin/env bash
# The sample pages and pictures as files: well-formed, whole, and without a need of the network.
#   test_files.sh WRITE_PAGES
set -uo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0 failures=0

check()
{
    local name=$1
    shift
    checks=$((checks + 1))
    "$@" && return 0
    failures=$((failures + 1))
    echo "not ok - $name: $*"
}

# Nothing that a page loads, or leads to, is anywhere else: only fragments and data.
local_only()
{
    local found
    found=$(grep -noE '(src|href|action|data|poster|srcset)="[^"]{0,60}|url\([^)]{0,60}|@import[^;]{0,60}|<(script|link|iframe|object|embed|base)[ >]' "$1" |
        grep -vE '(src|href)="(#|data:image/png;base64,)')
    [[ -z $found ]] || { echo "$found"; return 1; }
}

"$1" "$work" > "$work/names" || exit 1
while read -r name; do
    for file in "$work/$name"/*; do
        case $file in
            *.html | *.svg)
                check "${file#"$work"/} is well-formed" xmllint --noout --nonet "$file"
                check "${file#"$work"/} needs no network" local_only "$file"
                ;;
            *.png) check "${file#"$work"/} is a PNG" test "$(head -c 8 "$file" | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ;;
            *) check "${file#"$work"/} is expected" false ;;
        esac
    done
    check "$name has a page" test -s "$work/$name/index.html"
done < "$work/names"
echo "$checks checks, $failures failed"
((checks > 40 && failures == 0))
