#!/usr/bin/env bash
# test_train.sh TUFF JSON_LINES BACKEND: short trainings on one backend.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
json_lines=$(realpath "$2")
backend=$3
source "$(dirname "$0")/assert.sh"

can_open "$backend"

small=(--backend "$backend" --digits-train 400 --digits-test 100)
value() { sed -n "s/.*\"epoch\":$2,.*\"$1\":\([-0-9.e+]*\).*/\1/p" "$3/metrics.jsonl" | tail -n 1; }
less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && b != "" && a + 0 < b + 0) }'; }

run train lenet-mnist "${small[@]}" --epochs 3 --out first
accuracy=$(sed -n 's/^epoch 3\/3 .*test loss .* acc \([0-9.]*\)% .*/\1/p' "$out")
check "training succeeds" test "$status" -eq 0
check "nothing is amiss, to the driver either" lacks 'error\|validation' "$err"
check "the backend is named" out_has "^device  $backend: ."
check "metrics.jsonl parses" test "$("$json_lines" first/metrics.jsonl test_loss)" = 3
check "config.json names the backend" has "\"backend\": \"$backend\"" first/config.json
check "the training loss falls" less "$(value train_loss 3 first)" "$(value train_loss 1 first)"
check "it has learned something" less 0.3 "$(value train_accuracy 3 first)"

# The same seed: the same bytes.
once() { run train lenet-mnist "${small[@]}" --epochs 1 --out "$@"; }
once one && once two
check "the same seed gives the same checkpoint" same one/last.safetensors two/last.safetensors
once seed --seed 7
check "another seed gives another" differ one/last.safetensors seed/last.safetensors
once order --no-shuffle
check "another order gives another" differ one/last.safetensors order/last.safetensors
if [[ $backend == cpu ]]; then
    for threads in 1 2 3; do
        once threads-$threads --threads $threads
        check "$threads threads give the same checkpoint" same one/last.safetensors \
            threads-$threads/last.safetensors
    done
fi

# What was saved is what was trained.
run eval --backend "$backend" first
check "eval succeeds" test "$status" -eq 0
check "eval finds the accuracy of the last epoch" out_has "accuracy $accuracy% "
check "which is a number" test -n "$accuracy"
check "eval is about the 100 images of the training's test set" out_has ' of 100 images)'
run eval --backend "$backend" first/last.safetensors --split train
check "eval --split train" out_has '^digits train: .* of 400 images)'
run eval --backend "$backend" first --checkpoint best
check "eval --checkpoint best" out_has "first/best.safetensors"
run eval --backend "$backend" first --digits-test 50
check "eval of other data" out_has ' of 50 images)'

# Batches that do not divide the set, and one that is larger than it.
run train lenet-mnist "${small[@]}" --epochs 1 --batch 7 --out batch-7
check "a batch of 7: 58 steps" has '"step":58,' batch-7/metrics.jsonl
check "a batch of 7: all 400 samples" has '"train_samples":400,' batch-7/metrics.jsonl
run train lenet-mnist "${small[@]}" --epochs 1 --batch 1000 --out batch-1000
check "a batch larger than the set: one step" has '"step":1,.*"train_samples":400,' batch-1000/metrics.jsonl

# Step by step the same as the reference.
steps() { "$tuff" train lenet-mnist --backend "$1" --digits-train 400 --steps 8 --log-every 1 --out "steps-$1-$2" \
    2> "$err" | sed -n 's/^step  *\([0-9]*\)  loss \([0-9.]*\)$/\1 \2/p' > "steps-$1-$2.txt"; }
steps "$backend" 1
steps reference 2
check "--steps: eight losses" test "$(wc -l < "steps-$backend-1.txt")" -eq 8
check "losses are those of the reference" awk '
    NR == FNR { want[$1] = $2; next }
    { d = $2 - want[$1]; if (!(d * d <= 1e-6)) bad = 1; n++ }
    END { exit !(n == 8 && !bad) }' steps-reference-2.txt "steps-$backend-1.txt"
check "--steps does not evaluate" lacks test_loss "steps-$backend-1/metrics.jsonl"

# A batch whose evaluation in larger ones is too much for the device, lavapipe's bindings of 128 MiB at least: those are
# left out, and the batch is not refused.
cat > padded.yaml <<END
name: padded
input: [1, 64, 64]
layers:
  - conv2d: {name: a, channels: 64, kernel: 3, padding: 1}
  - conv2d: {name: b, channels: 64, kernel: 3, padding: 1, padding_mode: reflect}
  - flatten
  - linear: {features: 10}
END
run summary padded.yaml --backend "$backend" --batch 16
check "summary of a padded convolution" test "$status" -eq 0
check "its plan is for the batch" out_has ', batch of 16:$'
finish
