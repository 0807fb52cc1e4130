#!/usr/bin/env bash
# test_demo.sh TUFF SOURCE: tools/demo hands its options on and says what is wrong; installing and building are left out.
# shellcheck disable=SC2317 # functions that check calls
tuff=$1
source=$(realpath "$2")
source "$(dirname "$0")/assert.sh"
unset XDG_CACHE_HOME

mkdir -p project/tools project/build programs
cp "$source/tools/demo" project/tools/
printf '#!/bin/sh\n' | tee project/tools/setup > programs/cmake
chmod +x project/tools/setup programs/cmake
ln -s "$tuff" project/build/tuff
small=(--backend reference --digits-train 32 --digits-test 10 --batch 16)

demo() { PATH=$work/programs:$PATH project/tools/demo "$@" > "$out" 2> "$err" < /dev/null; status=$?; }

demo "${small[@]}"
check "the demo" test "$status" -eq 0
check "trains two epochs" out_has '^epoch 2/2 '
check "on digits, where MNIST is not" out_has '^MNIST is not there'
for option in '--epochs 1' --epochs=1 '-e 1' -e1; do
    # shellcheck disable=SC2086 # an option and its value
    demo "${small[@]}" $option
    check "$option" out_has '^epoch 1/1 '
done
for option in '--steps 1' --steps=1; do
    # shellcheck disable=SC2086
    demo "${small[@]}" $option
    check "$option: exit status" test "$status" -eq 0
    check "$option: no whole epoch" lacks '^epoch ' "$out"
done
demo "${small[@]}" --data digits --epochs 1
check "--data" out_has '^data    digits, '
check "--data: nothing of MNIST" lacks 'MNIST' "$out"

# Files of its names: MNIST is there, though broken.
mkdir -p data/mnist
touch data/mnist/{train,t10k}-{images-idx3,labels-idx1}-ubyte
for option in "--data-dir $work/data" "--data-dir=$work/data"; do
    # shellcheck disable=SC2086
    demo --backend reference $option
    check "$option: MNIST" err_has 'train-images-idx3-ubyte'
    check "$option: which is there" lacks 'MNIST is not there' "$out"
done
export TUFF_DATA=$work/data
demo --bakend reference
check "a misspelt option: exit status" test "$status" -eq 2
check "a misspelt option: what is wrong" err_has "unknown option '--bakend'"
check "a misspelt option: MNIST is there nevertheless" lacks 'MNIST is not there' "$out"
demo --help
check "--help" out_has '^Usage: tools/demo '
finish
