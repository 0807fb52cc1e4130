#!/usr/bin/env bash
# test_train_options.sh TUFF JSON_LINES READ_EVENTS: optimizers, schedules and what else a training can be told.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
json_lines=$(realpath "$2")
read_events=$(realpath "$3")
source "$(dirname "$0")/assert.sh"
cat > small.yaml <<'END'
name: small
input: [1, 28, 28]
layers:
  - conv2d: {name: conv1, channels: 2, kernel: 5, stride: 3}
  - relu
  - flatten
  - linear: {name: fc1, features: 12}
  - relu
  - linear: {name: fc2, features: 10}
END
small=(small.yaml --backend reference --digits-train 128 --digits-test 32) # 8 steps an epoch
train() { run train "${small[@]}" "$@"; }

within() { awk -v most="$1" -v a="$2" -v b="$3" 'BEGIN { exit !(a != "" && b != "" && a - b <= most && b - a <= most) }'; }

# Each changes what comes out, and config.json says so.
train --epochs 1 --out plain
changes()
{
    local name=$1 pattern=$2
    shift 2
    train --epochs 1 --out "$name" "$@"
    check "$name: succeeds" test "$status" -eq 0
    check "$name: other parameters" differ plain/last.safetensors "$name/last.safetensors"
    check "$name: config.json" has "$pattern" "$name/config.json"
}
changes adamw '"weight_decay": 0.01' --optimizer adamw
changes decay '"weight_decay": 0.3' --weight-decay 0.3
changes sgd '"name": "sgd"' --optimizer sgd --lr 0.05
changes nesterov '"nesterov": true' --optimizer sgd --lr 0.05 --momentum 0.9 --nesterov
changes beta1 '"beta1": 0.5' --beta1 0.5
changes beta2 '"beta2": 0.9' --beta2 0.9
changes epsilon '"epsilon": 0.01' --epsilon 0.01
changes smooth '"label_smoothing": 0.1' --label-smoothing 0.1
changes averaged '"ema": 0.9' --ema 0.9
changes mixed '"precision": "mixed"' --precision mixed
changes clipped '"clip_norm": 0.25' --clip-norm 0.25
changes augmented '"augment": "crop=2,cutout=5"' --augment crop=2,cutout=5
changes normalized '"normalize": "0\.[0-9]*/0\.[0-9]*"' --normalize auto
run eval normalized --backend reference
check "normalized: eval does as the training did" out_has "accuracy $(sed -n 's/.*"test_accuracy":\(0\.[0-9]*\|1\.0\).*/\1/p' normalized/metrics.jsonl | awk '{ printf "%.2f", 100 * $1 }')%"
changes frozen '"fc1,conv\*"' --freeze 'fc1,conv*' --freeze fc2.bias
changes warm '"warmup": 0.5' --warmup 0.5
changes limited '"limit": 64' --limit 64
check "limited: 64 samples" has '"train_samples":64,' limited/metrics.jsonl
train --epochs 1 --out limited-2 --limit 64
check "limited: the same ones each time" same limited/last.safetensors limited-2/last.safetensors

# What the test figures, the memory and the order of the work depend on, and the training does not.
tested() { grep -o '"test_loss":[^,}]*' "$1/metrics.jsonl"; }
parameters() { tail -c 2000 "$1/last.safetensors"; }
train --epochs 1 --eval-flip --out flipped
check "--eval-flip: succeeds" test "$status" -eq 0
check "--eval-flip: what to do next has it" out_has "^next  *$tuff eval flipped --flip --backend reference$"
check "--eval-flip: another test loss" test "$(tested plain)" != "$(tested flipped)"
check "--eval-flip: the same training" same <(parameters plain) <(parameters flipped)
run eval plain --backend reference --flip
check "eval --flip: what --eval-flip found" out_has "loss $(tested flipped | sed 's/.*://' | awk '{ printf "%.4f", $1 }')"
run report flipped --backend reference
check "report of --eval-flip: says so" has '>digits test by last.safetensors, image and mirror image together: ' flipped/report/index.html
check "report of --eval-flip: what the training found" has \
    "<dt>loss</dt><dd>$(tested flipped | sed 's/.*://' | awk '{ printf "%.3f", $1 }')<" flipped/report/index.html
run report plain --backend reference
check "report without: nothing of it" lacks 'mirror image' plain/report/index.html
train --epochs 1 --checkpoint-activations --out recomputed
check "--checkpoint-activations: succeeds" test "$status" -eq 0
check "--checkpoint-activations: the same bits" same <(parameters plain) <(parameters recomputed)
changes parts '"micro_batch": 8' --micro-batch 8
check "--micro-batch: the same loss but for its last digits" within 1e-4 \
    "$(tested plain | sed 's/.*://')" "$(tested parts | sed 's/.*://')"
all_three=(--eval-flip --checkpoint-activations --micro-batch 8)
train --epochs 2 "${all_three[@]}" --out whole
train --epochs 1 "${all_three[@]}" --out resumed
run train --resume resumed --epochs 2
check "all three: a run of them goes on as one" same whole/last.safetensors resumed/last.safetensors
check "all three: with the same test loss" same <(tested whole) <(tested resumed)

run eval mixed --backend reference
check "mixed: eval in float32 finds what the training did, or another for 1 image of 32" within 0.032 \
    "$(sed -n 's/.*accuracy \([0-9.]*\)%.*/\1/p' "$out" | awk '{ print $1 / 100 }')" \
    "$(sed -n 's/.*"test_accuracy":\([0-9.]*\).*/\1/p' mixed/metrics.jsonl)"
refuses 1 'backend cpu has no float16 cast, which mixed precision needs (--precision float32)' \
    "mixed: a backend without float16" train small.yaml --backend cpu --digits-train 128 --precision mixed
refuses 2 "precision: expected 'float32' or 'mixed', found 'half'" "a precision that is none" \
    train small.yaml --backend reference --precision half

# Schedules, as metrics.csv has their rates: of each epoch's last step.
rates() { cut -d, -f3 "$1/metrics.csv" | tail -n +2 | xargs; }
train --epochs 4 --schedule step --decay-epochs 2 --gamma 0.5 --lr 0.01 --out step
check "step: rates" test "$(rates step)" = "0.01 0.01 0.005 0.005"
train --epochs 2 --schedule cosine --lr 0.01 --lr-min 0.002 --out cosine
check "cosine: rates" awk '{ exit !($1 > 0.006 && $1 < 0.0075 && $2 >= 0.002 && $2 < 0.0021) }' <<< "$(rates cosine)"
train --epochs 2 --schedule one-cycle --lr 0.01 --out cycle
check "one-cycle: ends at lr/250,000" test "$(rates cycle | cut -d' ' -f2)" = 4e-08

# The model's recipe, and what the command line says after it.
sed '2a recipe: {epochs: 2, batch: 32, optimizer: sgd, lr: 0.05, momentum: 0.5, nesterov: true, schedule: cosine, warmup: 0.5}' \
    small.yaml > recipe.yaml
of_recipe() { run train recipe.yaml "${small[@]:1}" "$@"; }
train --out by-hand --epochs 2 --batch 32 --optimizer sgd --lr 0.05 --momentum 0.5 --nesterov --schedule cosine --warmup 0.5
of_recipe --recipe --out recipe
check "--recipe: the same bits as with the options by hand" same <(tail -c 2000 by-hand/last.safetensors) <(tail -c 2000 recipe/last.safetensors)
check "--recipe: it says what it took" out_has '^recipe  --epochs=2 --batch=32 --optimizer=sgd --lr=0.05 --momentum=0.5 --nesterov '
check "--recipe: config.json has the settings" has '"nesterov": true' recipe/config.json
run train --resume recipe --epochs 3
check "--recipe: a run of it goes on" test "$status" -eq 0
of_recipe --out without
check "without --recipe there is none" has '"name": "adam"' without/config.json
of_recipe --recipe -e 1 --lr 0.01 --momentum 0.6 --out over
check "--recipe: the command line comes after it" has '"epochs": 1,' over/config.json
check "--recipe: so does its momentum" has '"momentum": 0.6' over/config.json
of_recipe --recipe --optimizer adamw --schedule constant --out other
check "--recipe: another optimizer" test "$status" -eq 0
check "--recipe: has its own learning rate" has '"lr": 0.001' other/config.json
check "--recipe: and another schedule its own warm-up" has '"warmup": 0.0' other/config.json
check "--recipe: the rest holds" has '"batch": 32' other/config.json
of_recipe --recipe --steps 2 --out steps
check "--recipe: some steps of it" test "$status" -eq 0
run train -r steps --steps 4
check "--recipe: more steps of it, by the option's letter" test "$status" -eq 0
of_recipe --recipe --steps 4 --out steps-at-once
check "--recipe: more steps of it have the same schedule" same steps/last.safetensors steps-at-once/last.safetensors
refuses 2 "'steps' was trained for so many steps (--steps 4), and takes no --epochs" "epochs for a run of some steps" \
    train -rsteps --steps 4 -e 3
refuses 2 "'recipe' was trained for whole epochs, and takes no --steps" "steps for a run of epochs" \
    train -r recipe --steps 4
refuses 2 "unexpected argument 'small.yaml'" "a model beside -r" train small.yaml -r steps
sed '2a recipe: {lr: 0.05, warmup: 0.5}' small.yaml > recipe.yaml
of_recipe --recipe --optimizer adam --schedule constant --epochs 1 --out named
check "--recipe: naming what would be anyway displaces nothing" \
    out_has '^recipe  --lr=0.05 --warmup=0.5$'
refuses 1 "model small has no recipe (--recipe)" "no recipe" train "${small[@]}" --recipe --out never
refuses 2 "\-\-resume and \-\-recipe exclude each other" "a recipe for a run that goes on" train --resume recipe --recipe

# What the chosen optimizer or schedule would ignore.
refuses 2 "train: --beta1 goes with --optimizer adam or adamw only, and this is sgd" "Adam's option for SGD" \
    train "${small[@]}" --optimizer sgd --beta1 0.8
refuses 2 "train: --early-stop goes with whole epochs only" "early stopping of some steps" \
    train "${small[@]}" --steps 4 --early-stop 2
refuses 2 "train: --gamma goes with --schedule step only, and this is cosine" "an option of another schedule" \
    train "${small[@]}" --schedule cosine --gamma 0.5
sed '2a recipe: {optimizer: sgd, lr: 0.05, schedule: step, decay_epochs: 1}' small.yaml > recipe.yaml
refuses 2 "train: --epsilon goes with --optimizer adam or adamw only, and this is sgd" "Adam's option for a recipe of SGD" \
    train recipe.yaml "${small[@]:1}" --recipe --epsilon 1e-6
refuses 2 "train: --gamma goes with --schedule step only, and this is constant" "an option for a recipe that is displaced" \
    train recipe.yaml "${small[@]:1}" --recipe --optimizer adam --schedule constant --gamma 0.5
of_recipe --recipe --gamma 0.5 --epochs 1 --out stepped
check "--recipe: an option of its schedule" has '"gamma": 0.5' stepped/config.json

# When it evaluates, saves and stops.
train --epochs 2 --eval-every 0.25 --out often
check "--eval-every 0.25: eight evaluations" test "$(grep -c test_loss often/metrics.jsonl)" -eq 8
check "--eval-every 0.25: two of them end an epoch" test "$(grep -c '"epoch".*train_loss.*test_loss' often/metrics.jsonl)" -eq 2
check "--eval-every 0.25: a line for each" test "$(grep -c 'test loss' "$out")" -eq 8
train --epochs 5 --eval-every 2 --out seldom
check "--eval-every 2: after epochs 2, 4 and the last" \
    test "$(sed -n 's/.*"epoch":\([0-9]\),.*test_loss.*/\1/p' seldom/metrics.jsonl | xargs)" = "2 4 5"
train --epochs 20 --optimizer sgd --lr 1e-9 --early-stop 2 --out early
check "--early-stop: succeeds" test "$status" -eq 0
check "--early-stop: stops" test "$(grep -c '"type":"epoch"' early/metrics.jsonl)" -lt 20
check "--early-stop: says so" err_has '^tuff: stopped early: no better evaluation in 2 since epoch [0-9]*$'
best=$(grep -ao '"best_epoch":"[0-9]*"' early/state.safetensors | tr -dc 0-9) # from 0
check "--early-stop: two epochs after the best" \
    test "$(grep -c '"type":"epoch"' early/metrics.jsonl)" -eq $((best + 3))
refuses 1 "'early' was stopped early, 2 evaluations after its best one" "a run that was stopped early" \
    train --resume early
run train --resume early --early-stop 4
check "a greater --early-stop goes on" test "$(grep -c '"type":"epoch"' early/metrics.jsonl)" -ge $((best + 5))

train --epochs 4 --optimizer sgd --lr 1e-9 --out never-asked
before=$(grep -ao '"best_epoch":"[0-9]*"' never-asked/state.safetensors | tr -dc 0-9)
check "evaluations that were not better" test "$before" -lt 3
run train --resume never-asked --epochs 6 --early-stop 1
check "an --early-stop counts from when it is asked for" test "$status" -eq 0
check "and so the training goes on" test "$(grep -c '"type":"epoch"' never-asked/metrics.jsonl)" -gt 4

# The best parameters are those of the best line.
train --epochs 6 --lr 0.02 --out best
figures() { sed -n 's/.*"step":\([0-9]*\),.*"test_loss":\([^,]*\),"test_accuracy":\([^,]*\),.*/\3 \2 \1/p' "$1"; }
step=$(figures best/metrics.jsonl | sort -k1,1gr -k2,2g | head -n 1 | cut -d' ' -f3)
check "best.safetensors is of the best evaluation" has "\"step\":\"$step\"" best/best.safetensors
check "last.safetensors is of the last step" has '"step":"48"' best/last.safetensors

# A set that is streamed.
more=(small.yaml --backend reference --digits-train 4000 --digits-test 16 --epochs 1)
run train "${more[@]}" --out resident
check "a set on the device" lacks 'streamed' "$out"
run train "${more[@]}" --data-memory 2 --out streamed
check "--data-memory: says that it streams" out_has '^memory .* of it data, which is streamed$'
check "--data-memory: the same parameters" same resident/last.safetensors streamed/last.safetensors

# TensorBoard, as another program reads it.
train --epochs 2 --log-every 4 --tensorboard --out board
"$read_events" board/events.out.tfevents.tuff > events 2> "$err"
status=$?
check "events: every record is whole" test "$status" -eq 0
check "events: 4 steps with 2 figures, 2 epochs with 5" test "$(wc -l < events)" -eq 18
tag() { awk -v tag="$1" '$2 == tag { print $1, $3 + 0 }' events; }
column() { tail -n +2 board/metrics.csv | awk -F, -v c="$1" '{ printf "%d %.6g\n", $2, $c }'; }
check "events: train/loss is metrics.csv's" test "$(tag train/loss)" = "$(column 4)"
check "events: train/accuracy" test "$(tag train/accuracy)" = "$(column 5)"
check "events: test/loss" test "$(tag test/loss)" = "$(column 9)"
check "events: test/accuracy" test "$(tag test/accuracy)" = "$(column 10)"
check "events: learning_rate" test "$(tag learning_rate)" = "$(column 3)"
check "events: steps" test "$(tag step/loss | cut -d' ' -f1 | xargs)" = "4 8 12 16"
printf 'x' | dd of=board/events.out.tfevents.tuff bs=1 seek=100 conv=notrunc 2> "$err"
check "the reader finds a broken record" test "$("$read_events" board/events.out.tfevents.tuff 2> "$err" | wc -l)" -lt 18

# Losses are printed as they come.
long=(lenet-mnist --backend reference --digits-train 4800 --digits-test 16 --epochs 1)
env --default-signal=INT "$tuff" train "${long[@]}" --log-every 1 --out live > "$out" 2> "$err" < /dev/null &
training=$!
for ((i = 0; i < 300; i++)); do (($(grep -c '^step' "$out") < 5)) || break; sleep 0.05; done
check "--log-every prints while the epoch runs" kill -0 $training
check "--log-every writes them as well" has '"type":"step"' live/metrics.jsonl
kill -INT $training && wait $training

# What cannot be.
refuses 2 "\-\-optimizer: expected 'adam', 'adamw' or 'sgd', found 'adan'; did you mean 'adam'?" "misspelt optimizer" \
    train "${small[@]}" --optimizer adan
refuses 2 "\-\-schedule: expected 'constant', 'step', 'cosine' or 'one-cycle', found 'cosin'; did you mean 'cosine'?" "misspelt schedule" \
    train "${small[@]}" --schedule cosin
refuses 2 "augmentation 'flop': unknown 'flop'; did you mean 'flip'?" "misspelt augmentation" \
    train "${small[@]}" --augment flop --out never
refuses 1 "normalize: expected auto, or MEAN/DEVIATION with 1 number each" "a normalization that is none" \
    train "${small[@]}" --normalize 0.5 --out never
refuses 2 "momentum and nesterov are options of SGD" "momentum of adam" \
    train "${small[@]}" --momentum 0.9 --out never
refuses 1 "freeze: model small has no parameter that 'conv9' fits; did you mean 'conv1'?" "freezing nothing" \
    train "${small[@]}" --freeze conv9 --out never
refuses 2 "warm-up takes 3 epochs, but the training has 2" "nothing but warm-up" \
    train "${small[@]}" --warmup 3 --epochs 2 --out never
check "nothing was written for what was refused" absent never
finish
