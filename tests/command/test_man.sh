#!/usr/bin/env bash
# Manual pages: one for each command, with all of its options, and nothing at which groff warns.
# shellcheck disable=SC2317,SC2012 # functions that check calls; names of our own making
tuff=$1
source "$(dirname "$0")/assert.sh"

run --help
mapfile -t commands < <(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$out" | grep -vx help)
check "there are commands" test "${#commands[@]}" -gt 5
mkdir pages
run man --out pages
check "man --out succeeds" test "$status" -eq 0
check "a page for each command, and one of tuff" test "$(ls pages | wc -l)" -eq $((${#commands[@]} + 1))
run man
check "man prints tuff's own page" same pages/tuff.1 "$out"

# page NAME: $out becomes what a reader sees, in lines of any length.
page()
{
    groff -man -Tutf8 -ww -P-c -P-b -P-u -rLL=2000n "pages/$1" > "$out" 2> "$err"
    status=$?
}
quiet_page()
{
    page "$1"
    check "$1: groff has no warning" err_empty
    check "$1: groff succeeds" test "$status" -eq 0
}
quiet_page tuff.1
for command in "${commands[@]}"; do
    check "tuff.1 names tuff-$command" out_has "tuff.$command(1)"
done
check "tuff.1: exit statuses" out_has '^ *130 .*Ctrl+C'
check "tuff.1: environment" out_has NO_COLOR

for command in "${commands[@]}"; do
    run "$command" --help-all
    grep -oE '^ +(-[a-zA-Z], )?--[a-z0-9-]+' "$out" | grep -oE -- '--[a-z0-9-]+' | grep -vx -- --help-all > options
    total=$((${total:-0} + $(wc -l < options)))
    run man "$command"
    check "man $command prints its page" same "pages/tuff-$command.1" "$out"
    quiet_page "tuff-$command.1"
    # groff sets other hyphens.
    sed 's/[‐−]/-/g' "$out" > text
    check "tuff-$command.1: its name" has "^ *tuff-$command - " text
    check "tuff-$command.1: synopsis" has "^ *tuff $command " text
    check "tuff-$command.1: examples" has "^EXAMPLES" text
    while read -r option; do
        check "tuff-$command.1: $option" has "^ *\(-[a-zA-Z], \)\?$option\( \|=\|\$\)" text
    done < options
done
check "the help of commands has options" test "$total" -gt 100

refuses 2 "unknown command 'trian'; did you mean 'train'?" "misspelt command" man trian
refuses 2 "expected no COMMAND, found 'train'" "a command and a folder" man --out pages train
refuses 1 "cannot write 'no/such/tuff.1': No such file" "no such folder" man --out no/such
finish
