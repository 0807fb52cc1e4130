#!/usr/bin/env bash
# test_run.sh TUFF JSON_LINES: the folder of a run: what is in it, what is not overwritten, what cannot be written.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
json_lines=$(realpath "$2")
source "$(dirname "$0")/assert.sh"
small=(--backend reference --digits-train 64 --digits-test 32)

run train lenet-mnist "${small[@]}" --epochs 2 --log-every 2 --out a/b/run
check "a training succeeds" test "$status" -eq 0
check "folders above are made" test -d a/b/run
check "the folder holds its files" test "$(ls a/b/run | xargs)" = \
    "best.safetensors config.json last.safetensors metrics.csv metrics.jsonl state.safetensors"
check "metrics.jsonl: every line is JSON" json a/b/run/metrics.jsonl type epoch step loss train_loss \
    train_accuracy train_seconds samples_per_second test_loss test_accuracy test_seconds
# 4 steps an epoch, of which every second is logged, and 2 epochs.
check "metrics.jsonl: 4 steps and 2 epochs" test "$("$json_lines" a/b/run/metrics.jsonl)" = 6
check "metrics.jsonl: steps count on" has '"type":"step","epoch":2,"step":8,' a/b/run/metrics.jsonl
tr -d '\n' < a/b/run/config.json > config.line
echo >> config.line
check "config.json is JSON" json config.line tuff abi started command model data backend device threads epochs batch \
    optimizer schedule label_smoothing freeze seed shuffle eval_every save_every early_stop log_every tensorboard \
    fusion
check "config.json has the settings" has '"epochs": 2' a/b/run/config.json
check "checkpoint: says its model" has '"model":"lenet-mnist"' a/b/run/last.safetensors
check "checkpoint: says its data" has '"data":"digits"' a/b/run/last.safetensors
check "checkpoint: says its epoch" has '"epoch":"2"' a/b/run/last.safetensors
check "metrics.csv: a head and 2 epochs" test "$(wc -l < a/b/run/metrics.csv)" -eq 3
check "metrics.csv: its columns" has '^epoch,step,learning_rate,train_loss,.*,test_loss,test_accuracy,' a/b/run/metrics.csv
check "metrics.csv: an epoch" has '^2,8,0.001,[0-9.]*,[0-9.]*,64,[0-9.e-]*,[0-9.e+]*,[0-9.]*,[0-9.]*,32,[0-9.e-]*$' a/b/run/metrics.csv
check "a line for each epoch" test "$(grep -c '^epoch [12]/2  train loss .* acc .*%  test loss .* acc .*%  .* samples/s  ' "$out")" -eq 2
check "each step asked for is printed" test "$(grep -c '^step  *[2468]  loss [0-9.]*$' "$out")" -eq 4
check "the end says the accuracy" out_has '^test accuracy [0-9.]*% after 2 epochs in '
check "the end says where the run is" out_has '^run  *a/b/run$'
check "the end says what to do next" out_has "^next  *$tuff eval a/b/run --backend reference$"

# Some steps are no epoch; as many as it has are one.
run train lenet-mnist "${small[@]}" --steps 3 --out some
check "--steps: metrics.jsonl says that it is part of an epoch" has '"type":"epoch","epoch":1,"step":3,.*"partial":true' some/metrics.jsonl
run report some --no-eval
check "--steps: its page counts no epoch" has '<dt>epochs</dt><dd>0</dd>' some/report/index.html
check "--steps: its page counts steps" has '>1 (3 steps)</th>' some/report/index.html
run train --resume some --steps 4
check "--steps of a whole epoch: it is one" test "$(grep -c '"partial"' some/metrics.jsonl)" -eq 1
run report some --no-eval
check "--steps of a whole epoch: its page counts it" has '<dt>epochs</dt><dd>1</dd>' some/report/index.html

# A run is not overwritten.
cp -r a/b/run before
refuses 1 "'a/b/run' holds a run already" "an existing run" train lenet-mnist "${small[@]}" --epochs 1 --out a/b/run
check "its content is unchanged" diff -r before a/b/run
mkdir part && cp before/config.json part/
refuses 1 "'part' holds a run already" "part of a run" train lenet-mnist "${small[@]}" --epochs 1 --out part
mkdir other && echo mine > other/notes.txt
run train lenet-mnist "${small[@]}" --epochs 1 --out other/
check "a folder with other files is used" test "$status" -eq 0 -a -s other/last.safetensors
check "the other files stay" test "$(cat other/notes.txt)" = mine
run train lenet-mnist "${small[@]}" --epochs 1 --seed 7 --out a/b/run --force
check "--force replaces a run" test "$status" -eq 0
check "--force: new metrics" test "$("$json_lines" a/b/run/metrics.jsonl)" = 1
check "--force: new checkpoint" differ before/last.safetensors a/b/run/last.safetensors
# Its page goes with it, and nothing else that lies there.
again() { run train lenet-mnist "${small[@]}" --steps 1 --out other --force; }
run report other --no-eval
again
check "--force: the page about the former run is gone" test "$status" -eq 0 -a ! -e other/report
run report other --no-eval
echo mine > other/report/notes.txt
again
check "--force: the page's folder keeps files of others" test "$(ls other/report)" = notes.txt
echo '<html>mine</html>' > other/report/index.html
echo mine > other/report/loss.svg
again
check "--force: a page of somebody else stays" test "$(cat other/report/{index.html,loss.svg} | xargs)" = '<html>mine</html> mine'
rm -r other/report
run report other --no-eval --out page
ln -s ../page other/report
again
check "--force: a link is not followed" test -s page/index.html -a -L other/report
# A folder that holds no run may hold a page about another one.
mkdir pages && cp -r page pages/report
run train lenet-mnist "${small[@]}" --steps 1 --out pages
check "a page in a folder without a run stays" test "$status" -eq 0 -a -s pages/report/index.html
# Nor is one that is still trained, even by force: as long as it is, its metrics.jsonl is locked.
cp -r a/b/run before-forced
exec 9<> a/b/run/metrics.jsonl
flock 9
refuses 1 "'a/b/run' is in use by another tuff train" "a run that is being trained" \
    train lenet-mnist "${small[@]}" --epochs 1 --out a/b/run --force
exec 9>&-
check "its content is unchanged, too" diff -r before-forced a/b/run

# Another training may begin and end in the folder while this one still makes its data, which takes seconds.
"$tuff" train lenet-mnist --backend reference --digits-train 200000 --digits-test 10 --steps 1 --out shared > late.out 2> late.err &
late=$!
sleep 0.5
kill -STOP "$late"
run train lenet-mnist "${small[@]}" --steps 2 --out shared
kill -CONT "$late"
check "a training beside another one" test "$status" -eq 0
cp -r shared before-late
wait "$late"
check "the late one is refused" test $? -eq 1
check "the late one says why" has "^tuff: error: --out: 'shared' holds a run already (" late.err
check "what the other one wrote stays" diff -r before-late shared

# What cannot be written is refused before anything is trained.
echo text > file
refuses 1 "cannot write into 'file'" "a file in the way" train lenet-mnist "${small[@]}" --out file
refuses 1 "cannot write into 'file'" "a file in the way further up" train lenet-mnist "${small[@]}" --out file/run
refuses 1 'cannot ' "a folder that the system keeps" train lenet-mnist "${small[@]}" --out /proc/tuff-run
if ((EUID != 0)); then
    mkdir locked && chmod a-w locked
    refuses 1 "cannot write into 'locked'" "a folder without permission" train lenet-mnist "${small[@]}" --out locked/run
else
    echo "# not checked: a folder without permission, since root may write everywhere"
fi
mkdir full && ln -s /dev/full full/metrics.jsonl
run train lenet-mnist "${small[@]}" --epochs 1 --out full --force
check "a full disk is a failure" test "$status" -eq 1
check "a full disk is said once" test "$(grep -c '^tuff: error: ' "$err")" -eq 1

# A loss that is no number any more.
run train lenet-mnist "${small[@]}" --epochs 2 --lr 1e30 --on-nan continue --log-every 1 --out diverged
check "a diverging training ends, if it is to" test "$status" -eq 0
check "a diverging training warns once" test "$(grep -c '^tuff: warning: the loss is ' "$err")" -eq 1
check "its metrics are JSON" json diverged/metrics.jsonl loss train_loss

# The default folder: a new one each time.
run train lenet-mnist "${small[@]}" --epochs 1
run train lenet-mnist "${small[@]}" --epochs 1
check "two runs below runs/" test "$(ls -d runs/lenet-mnist-digits-????-??-??-[12] | wc -l)" -eq 2

# Checks only.
run train lenet-mnist "${small[@]}" --out dry --dry-run
check "--dry-run succeeds" test "$status" -eq 0
check "--dry-run writes nothing" absent dry
run train lenet-mnist "${small[@]}" --epochs 1 --out done
cp -r done before-dry
refuses 1 "'done' has its 1 epoch already" "--dry-run of a run that is finished" train --resume done --dry-run
run train --resume done --epochs 2 --dry-run
check "--dry-run of one that goes on" test "$status" -eq 0
check "--dry-run of a run leaves it" diff -r before-dry done
refuses 1 '\-\-steps: expected at most the 4 steps of an epoch, found 5' "too many steps" \
    train lenet-mnist "${small[@]}" --steps 5 --out never
refuses 1 "lenet-mnist" "misspelt model" train lenet-minst "${small[@]}" --out never
refuses 1 "lenet-cifar10 takes images of 3 x 32 x 32" "model that does not fit the data" \
    train lenet-cifar10 "${small[@]}" --out never
check "nothing was written for what was refused" absent never

# A model file: the checkpoint finds it from elsewhere.
cat > tiny.yaml <<'END'
name: tiny
input: [1, 28, 28]
layers:
  - max_pool2d: {kernel: 4}
  - flatten
  - linear: {name: only, features: 10}
END
run train ./tiny.yaml "${small[@]}" --epochs 1 --out tiny-run
check "a model file trains" test "$status" -eq 0
mkdir elsewhere && cd elsewhere || exit 1
run eval --backend reference ../tiny-run
check "its checkpoint finds the model file from elsewhere" test "$status" -eq 0
check "without a warning" err_empty
cd ..
sed -i 's/max_pool2d/avg_pool2d/' tiny.yaml
run eval --backend reference tiny-run
check "layers that have changed since are warned of" err_has \
    "^tuff: warning: .*tiny-run/last.safetensors: was trained with other layers than the model 'tiny' has now"
rm tiny.yaml
refuses 1 'tiny.yaml' "a model file that is gone" eval --backend reference tiny-run
refuses 1 'tiny-run' "a checkpoint of another model" eval --backend reference --model lenet-mnist tiny-run

# What eval refuses.
refuses 1 "cannot read 'nothing'" "a run that is not there" eval nothing
refuses 1 "'elsewhere' holds no last.safetensors" "a folder without a checkpoint" eval elsewhere
refuses 1 "file: expected a safetensors file" "a text for a checkpoint" eval file
head -c 1000 before/last.safetensors > short.safetensors
refuses 1 'short.safetensors' "a checkpoint that is cut off" eval --backend reference short.safetensors
printf '\2\0\0\0\0\0\0\0{}' > empty.safetensors
refuses 1 'does not say which model it belongs to; name it with --model' "a checkpoint without metadata" \
    eval --backend reference empty.safetensors
finish
