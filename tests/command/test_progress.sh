#!/usr/bin/env bash
# What a training shows: plain lines, a bar on a terminal, nothing with --quiet.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
source "$(dirname "$0")/assert.sh"
# An epoch of the reference backend takes more than a second of these, on any machine.
some=(--backend reference --digits-train 2400 --digits-test 50 --epochs 1)
escape=$(printf '\033')

SECONDS=0
run train lenet-mnist "${some[@]}" --out plain
check "plain: succeeds" test "$status" -eq 0
check "plain: lines of progress" err_has '^epoch 1/1  [0-9]*/150 steps  loss [0-9.]*  acc [0-9.]*%  [0-9,.]* samples/s  [0-9:]* left$'
check "plain: at most one per tenth, or ten seconds" test "$(wc -l < "$err")" -le $((10 + SECONDS / 10))
check "plain: no control characters" lacks "[$escape"$'\r]' "$err"
check "plain: results on stdout" out_has '^epoch 1/1  train loss '
check "plain: no progress on stdout" lacks ' left$' "$out"

run train lenet-mnist "${some[@]}" --digits-train 64 --quiet --out quiet
check "--quiet: nothing on stderr" err_empty
check "--quiet: two lines of results" test "$(wc -l < "$out")" -eq 2

run train lenet-mnist "${some[@]}" --verbose --digits-train 64 --out verbose
check "--verbose succeeds" test "$status" -eq 0

# A terminal of 100 columns, made by script(1).
terminal()
{
    local columns=$1
    shift
    printf -v command '%q ' "$tuff" train lenet-mnist "${some[@]}" --digits-train 800 "$@"
    TERM=xterm script --quiet --return --command "stty cols $columns; $command" /dev/null > "$out" 2>&1 < /dev/null
    status=$?
    tr '\r' '\n' < "$out" | sed "s/$escape\[[0-9;]*[mK]//g" > lines
}
if command -v script > /dev/null; then
    SECONDS=0
    terminal 100 --out bar
    check "terminal: succeeds" test "$status" -eq 0
    check "terminal: a bar" has '^epoch 1/1 \[=*> *\]  *[0-9]*%  loss .*  acc .*  [0-9:]* left  .* samples/s$' lines
    check "terminal: fits 100 columns" awk '/^epoch.*\[/ && length >= 100 { wide = 1 } END { exit wide }' lines
    check "terminal: is drawn anew, at most ten times a second" awk -v seconds="$SECONDS" '/^epoch.*\[/ { n++ } END { exit !(n > 1 && n <= 10 * (seconds + 1)) }' lines
    check "terminal: the bar is taken away" out_has "$escape\[K"
    terminal 40 --out narrow
    check "narrow terminal: fits 40 columns" awk '/^epoch.*\[/ && length >= 40 { wide = 1 } END { exit wide }' lines
    check "narrow terminal: a bar" has '^epoch 1/1 \[' lines
    terminal 15 --out tiny
    check "tiny terminal: a percentage" has '^epoch 1/1 *[0-9]*%$' lines
    terminal 100 --data nothing --out none
    check "terminal: errors have a colour" out_has "${escape}\[1;31merror:"
    NO_COLOR=1 terminal 100 --data nothing --out none
    check "terminal: no colour with NO_COLOR" lacks "${escape}\[1;31m" "$out"
    check "terminal: the error is there with NO_COLOR" out_has '^tuff: error: unknown data set'
fi
finish
