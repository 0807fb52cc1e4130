#!/usr/bin/env bash
# predict on image files: what is predicted of a file is what is predicted of it as a sample of its folder.
# shellcheck disable=SC2317 # functions that check calls
tuff=$1
make_images=$(realpath "$2")
json_value=$(realpath "$3")
source "$(dirname "$0")/assert.sh"
unset XDG_CACHE_HOME

is_json() { "$json_value" "$out"; }
field() { "$json_value" "$out" "$1"; }

mkdir flowers
"$make_images" flowers/train 10 2 40 36
"$make_images" flowers/test 10 1 33 50
run train lenet-cifar10 --backend reference --epochs 1 --data ./flowers --out run
check "a run on a folder of images" test "$status" -eq 0
judged=(run --backend reference)

run predict "${judged[@]}" --index 3 --json
sample=$(field predictions.0.logits)
run predict "${judged[@]}" flowers/test/class-3/0.png --json
check "a file is predicted" test "$status" -eq 0
check "--json is nothing but JSON" is_json
check "a file has the logits that it has as a sample" test "$(field predictions.0.logits)" = "$sample"
check "its name" test "$(field predictions.0.file)" = '"flowers/test/class-3/0.png"'
check "it has no label" test "$(field predictions.0.label)" = null
check "it is of no data set" test "$(field data)" = null

cp flowers/test/class-3/0.png "$work/a name with spaces.png"
mv flowers gone
run predict "${judged[@]}" "$work/a name with spaces.png" gone/test/class-7/0.png --quiet --top 10 --save two.svg
check "the data set may be gone" test "$status" -eq 0
check "nothing on stderr" err_empty
check "both are named" out_has '^gone/test/class-7/0.png: class-[0-9]$'
check "the classes have their names" out_has '^ *class-9  *[0-9.]*%'
check "the picture has both" test "$(grep -c '<image' two.svg)" -eq 2
check "the picture is well-formed" xmllint --noout --nonet two.svg
run predict "${judged[@]}" gone/test/class-7/0.png --style plain
check "the image is shown" out_has '[-=+*#%@]\{20\}'

# A checkpoint that does not name its classes, as another program writes it.
LC_ALL=C sed 's/"classes"/"classez"/' run/last.safetensors > nameless.safetensors
run predict nameless.safetensors --backend reference gone/test/class-7/0.png --quiet
check "without names: predicted all the same" test "$status" -eq 0
check "without names: numbers" out_has '^gone/test/class-7/0.png: [0-9]$'
mv gone flowers
run predict nameless.safetensors --backend reference flowers/test/class-7/0.png --quiet
check "without names: those of the data set" out_has '^flowers/test/class-7/0.png: class-[0-9]$'

echo text > text.png
refuses 1 "text.png: neither PNG nor JPEG" "a text" predict "${judged[@]}" text.png
refuses 1 "nothing.png: cannot open" "a file that is not there" predict "${judged[@]}" nothing.png
refuses 2 "an image or --index is missing" "no image" predict run
refuses 2 "images and --index exclude each other" "both" predict run text.png --index 1
finish
