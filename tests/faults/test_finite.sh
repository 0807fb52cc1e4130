#!/usr/bin/env bash
# test_finite.sh TUFF BACKEND: losses and parameters that are not finite: the training stops, what was saved stays, and the
# message says where it began.
# shellcheck disable=SC2317 # functions that check calls
tuff=$1
backend=$2
source "$(dirname "$0")/../command/assert.sh"
small=(lenet-mnist --backend "$backend" --digits-train 64 --digits-test 16 --batch 16)

can_open "$backend"

# stops NAME PATTERN ARGUMENT…: tuff train ends with one error that fits.
stops()
{
    run train "${@:3}"
    check "$1: exit status 1" test "$status" -eq 1
    check "$1: one error" test "$(grep -c '^tuff: error: ' "$err")" -eq 1
    check "$1: says where it began" err_has "^tuff: error: $2$"
}
where='activation [a-z0-9.]* became \(inf\|-inf\|nan\) in [a-z0-9_]*_forward of layer [a-z0-9]*, in the forward pass of step'

stops "a learning rate that is too large" "the loss is not finite at step 2: $where 2" \
    "${small[@]}" --epochs 4 --optimizer sgd --lr 1e30 --log-every 1 --out exploded
stops "the same with gradients that are clipped" "the loss is not finite at step 2: $where 2" \
    "${small[@]}" --epochs 4 --optimizer sgd --lr 1e30 --clip-norm 1 --log-every 1 --out clipped
check "nothing was saved" absent exploded/state.safetensors
check "nor as last" absent exploded/last.safetensors
check "its metrics say so, too" has '"type":"not_finite","step":2,.*"phase":"forward","kind":"activation"' \
    exploded/metrics.jsonl

# The update of the first step, whose loss still is a number.
stops "parameters that are not finite when they are to be saved" \
    'parameter [a-z0-9.]* is not finite at step 1: parameter [a-z0-9.]* became \(inf\|-inf\|nan\) in sgd, in the update of step 1' \
    "${small[@]}" --steps 1 --optimizer sgd --lr 1e300 --out update
check "they are not saved" absent update/state.safetensors

# What was saved before stays, and can be gone on with.
run train "${small[@]}" --epochs 1 --out kept
check "an epoch" test "$status" -eq 0
cp -r kept before
stops "a resumed training" "the loss is not finite at step 6: $where 6" --resume kept --epochs 3 --lr 1e30
for file in state last best; do
    check "its $file checkpoint is the former one" same kept/$file.safetensors before/$file.safetensors
done
run train "${small[@]}" --epochs 1 --clip-norm 1 --out kept-clipped
stops "a resumed training of clipped gradients" "the loss is not finite at step 6: $where 6" \
    --resume kept-clipped --epochs 3 --lr 1e30
run train --resume kept --epochs 3 --lr 0.0005
check "another learning rate goes on" test "$status" -eq 0
check "and says so" err_has '^tuff: the learning rate becomes 0.0005; it was 1e+30$'
check "the line about what failed is gone" lacks not_finite kept/metrics.jsonl
check "config.json has the new one" has '^    "lr": 0.0005,$' kept/config.json

# A NaN in the saved training: of the first parameter, and of the last moment.
plant() { printf '\0\0\300\177' | dd of="$1" bs=1 seek="$2" conv=notrunc 2> /dev/null; }
header=$(od -An -t u8 -N 8 before/state.safetensors)
cp -r before planted
plant planted/state.safetensors $((8 + header))
stops "a parameter that was saved as NaN" 'the loss is not finite at step 5: parameter conv1.weight was nan before' \
    --resume planted --epochs 2
cp -r before moment
plant moment/state.safetensors $(($(stat -c %s before/state.safetensors) - 4))
stops "a moment that was saved as NaN" 'the loss is not finite at step 6: moment fc3.bias was nan before' \
    --resume moment --epochs 2

run train "${small[@]}" --epochs 2 --optimizer sgd --lr 1e30 --on-nan continue --out on
check "--on-nan continue ends well" test "$status" -eq 0
check "it warns once" test "$(grep -c '^tuff: warning: the loss is ' "$err")" -eq 1
check "it counts the losses" has '"type":"epoch","epoch":2,.*"losses_not_finite":4' on/metrics.jsonl

# Of mixed precision, steps that are skipped are no reason to stop; a training that is none any more is.
if [[ $backend == reference || $backend == vulkan ]]; then
    mixed=("${small[@]}" --precision mixed)
    run train "${mixed[@]}" --epochs 2 --lr 0.01 --out mixed
    check "mixed precision ends well" test "$status" -eq 0
    stops "mixed precision with a learning rate that is too large" \
        'the loss is not finite at step 2: parameter [a-z0-9.]* became \(inf\|-inf\) in cast[a-z_]*, in the forward pass of step 2' \
        "${mixed[@]}" --epochs 6 --save-every 6 --optimizer sgd --lr 1e30 --out mixed-exploded
fi
# The search is the same on every backend.
if [[ $backend == reference ]]; then
    # Sixteen steps in a row are skipped, from the second on; the last of them is the first after what was saved.
    stops "mixed precision that is saved after each step" \
        'the loss is not finite at step 17: parameter [a-z0-9.]* became \(inf\|-inf\) in cast[a-z_]*, in the forward pass of step 17' \
        "${mixed[@]}" --epochs 6 --save-every 0.25 --optimizer sgd --lr 1e30 --out mixed-saved
    stops "parameters of mixed precision that are not finite when they are to be saved" \
        'parameter [a-z0-9.]* is not finite at step 1: parameter [a-z0-9.]* became \(inf\|-inf\|nan\) in sgd, in the update of step 1' \
        "${mixed[@]}" --steps 1 --optimizer sgd --lr 1e300 --out mixed-update
fi
finish
