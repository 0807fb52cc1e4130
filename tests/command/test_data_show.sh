#!/usr/bin/env bash
# tuff data show: images on the terminal, in each of its styles, and in files.
# shellcheck disable=SC2317 # functions that check calls
tuff=$1
source "$(dirname "$0")/assert.sh"
shown=(data show digits --digits-train 50 --digits-test 30)
escape=$'\033'

png() { [[ $(head -c 8 "$1" | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a ]]; }
# captions: how many images there are.
captions() { grep -o '[0-9]  #[0-9]*' "$out" | wc -l; }
# Rows on the terminal, of which each is of one class.
rows() { grep -cE '^[0-9]  #[0-9]' "$out"; }
unmixed() { grep -E '^[0-9]  #[0-9]' "$out" | awk '{ for (i = 3; i <= NF; i += 2) if ($i != $1) exit 1 }'; }
plain() { ! grep -q "$escape" "$out"; }
blocks() { grep -q "$escape\[[34]8;[25];" "$out" && grep -q "$escape\[0m" "$out"; }

run "${shown[@]}"
check "data show succeeds" test "$status" -eq 0
check "what the set is" out_has '^digits train: 50 images (1, 28, 28), 10 classes$'
check "sixteen images" test "$(captions)" -eq 16
check "characters where there is no terminal" plain
check "no line is wider than 80" awk 'length > 80 { exit 1 }' "$out"
COLUMNS=200 run "${shown[@]}" --count 5
check "as many in a row as fit" test "$(awk '/#0 / { print gsub(/#/, "#") }' "$out")" = 5
cp "$out" normal
COLUMNS=200 run "${shown[@]}" --count 5 --style inverted
check "inverted: the same size" test "$(wc "$out" | awk '{ print $1 }')" = "$(wc normal | awk '{ print $1 }')"
check "inverted: more ink than before" test "$(tr -dc @ < "$out" | wc -c)" -gt "$(tr -dc @ < normal | wc -c)"
COLORTERM=truecolor LC_ALL=C.UTF-8 run "${shown[@]}" --count 1 --style colour
check "true colours" out_has "$escape\[38;2;0;0;0m"
check "half blocks" out_has '▀'
COLORTERM='' TERM=xterm LC_ALL=C.UTF-8 run "${shown[@]}" --count 1 --style colour
check "256 colours" out_has "$escape\[38;5;[0-9]*m"
COLORTERM=truecolor LC_ALL=C run "${shown[@]}" --count 1 --style colour
check "no blocks where characters are not UTF-8" lacks '▀' "$out"
check "no blocks, but colours" blocks
# On a terminal: script makes one.
if command -v script > /dev/null; then
    terminal() { TERM=$1 COLORTERM=$2 NO_COLOR=$3 LC_ALL=C.UTF-8 script -qec "$tuff ${shown[*]} --count 1" /dev/null > "$out" 2> "$err" < /dev/null; }
    terminal xterm-256color '' ''
    check "colours on a terminal" blocks
    terminal xterm-256color truecolor 1
    check "NO_COLOR is heeded" lacks '▀' "$out"
    terminal vt100 '' ''
    check "characters on a simple terminal" lacks '▀' "$out"
else
    echo "no program 'script': not checked on a terminal"
fi

run "${shown[@]}" --index 48
check "from an index on, to the end" test "$(captions)" -eq 2
check "the index is shown" out_has '#49'
run "${shown[@]}" --split test --index 29 --count 1
check "the test set" out_has '^digits test: 30 images'
run "${shown[@]}" --classes 3,7 --count 2
check "two of each class" test "$(captions)" -eq 4
check "only these classes" test "$(grep -o '[0-9]  #' "$out" | sort -u | tr -d ' #\n')" = 37
run "${shown[@]}" --classes all --count 1 --out all.png
check "a grid of all classes" png all.png
run "${shown[@]}" --classes all --count 1 --out all.svg
check "the grid has all classes" test "$(grep -c '<image' all.svg)" -eq 10
# Of some classes there are fewer than of others, and of none as many as are asked for.
run "${shown[@]}" --classes all --count 50 --out all.svg
check "a row for each class" test "$(grep -o '<image x="[^"]*" y="[^"]*"' all.svg | cut -d '"' -f 4 | sort -u | wc -l)" -eq 10
check "with all of its images" test "$(grep -c '<image' all.svg)" -eq 50
check "so many are said to be there" has '50 pictures' all.svg
run "${shown[@]}" --classes all --count 50 --out all.png
check "rows as pixels" png all.png
COLUMNS=1000 run "${shown[@]}" --classes all --count 50
check "on the terminal a row for each class" test "$(rows)" -eq 10
check "on the terminal with all of its images" test "$(captions)" -eq 50
check "on the terminal no row mixes classes" unmixed
COLUMNS=60 run "${shown[@]}" --classes all --count 50
check "on a narrow terminal more rows" test "$(rows)" -gt 10
check "on a narrow terminal all images" test "$(captions)" -eq 50
check "on a narrow terminal no row mixes classes" unmixed
refuses 1 "'12' is neither a class of digits nor a number below 10" "a class that is none" "${shown[@]}" --classes 1,12
refuses 1 "expected a sample from 0 to 49 of digits train, found 50" "an index beyond the set" "${shown[@]}" --index 50
refuses 1 "unknown data set 'didgits'; did you mean 'digits'?" "a set that is none" data show didgits
refuses 2 "expected one of auto, colour" "a style that is none" "${shown[@]}" --style blue
refuses 2 "ends in .png or .svg" "a picture of another kind" "${shown[@]}" --out all.gif
refuses 2 "NAME is missing" "no set" data show
finish
