#!/usr/bin/env bash
# test_resume.sh TUFF BACKEND READ_EVENTS: a training that is interrupted by signals, or killed, and resumed, ends with the files
# of one that was not.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
backend=$2
# shellcheck disable=SC2034 # of same_run
read_events=$(realpath "$3")
source "$(dirname "$0")/assert.sh"

can_open "$backend"

# Starts tuff in the background, and sends SIGNAL once metrics.jsonl has grown by LINES. A shell starts such programs
# with SIGINT ignored, which tuff would respect.
lines() { cat "$1/metrics.jsonl" 2> /dev/null | wc -l; }
stop_after()
{
    local signal=$1 wanted=$2 folder=$3 before
    shift 3
    before=$(lines "$folder")
    env --default-signal=INT "$tuff" train "$@" > "$out" 2> "$err" < /dev/null &
    local training=$!
    # The lines of a run that is resumed may first become fewer.
    while kill -0 $training 2> /dev/null && (($(lines "$folder") < before + wanted)); do sleep 0.01; done
    kill -"$signal" $training 2> /dev/null
    wait $training 2> /dev/null
    status=$?
}

# 3 epochs of 25 steps on the reference; the others are faster and get more to do.
count=400 every=2
[[ $backend == reference ]] || count=4800 every=12
[[ $backend == vulkan ]] && count=1200 every=5
[[ $backend == cpu ]] && count=24000 every=60
options()
{
    some=(lenet-mnist --backend "$backend" --digits-train $count --digits-test 64 --epochs 3 --log-every $every)
    adam=("${some[@]}" --optimizer adamw --schedule cosine --warmup 0.3 --ema 0.9 --eval-every 0.5 --save-every 0.25 --tensorboard)
}
options

# Long enough to be stopped within, however fast the machine is.
begun=$EPOCHREALTIME
run train "${adam[@]}" --out whole
while ((status == 0 && ${EPOCHREALTIME/./} - ${begun/./} < 1500000 && count < 400000)); do
    count=$((2 * count)) every=$((2 * every))
    options
    rm -r whole
    begun=$EPOCHREALTIME
    run train "${adam[@]}" --out whole
done
echo "$count images, a line every $every steps"
check "a training that nobody stops" test "$status" -eq 0
stop_after INT 4 parts "${adam[@]}" --out parts
check "SIGINT: exit status 130" test "$status" -eq 130
check "SIGINT: says how to go on" out_has "^resume  *$tuff train --resume parts$"
command=$(sed -n 's/^resume  *//p' "$out")
stop_after INT 4 parts --resume parts
check "SIGINT again: exit status 130" test "$status" -eq 130
bash -c "$command" > "$out" 2> "$err" < /dev/null
status=$?
check "the command that was printed resumes" test "$status" -eq 0
check "it says from where" err_has '^tuff: parts goes on after step [1-9][0-9]* of '
check "no warning, no error" lacks 'warning: parts\|error' "$err"
same_run "interrupted" whole parts

# Killed at any moment, again and again.
kills=0
stop_after KILL 4 killed "${adam[@]}" --out killed
while ((status == 137 && kills < 6)) || [[ ! -e killed/state.safetensors ]]; do
    kills=$((kills + 1))
    if [[ -e killed/state.safetensors ]]; then
        stop_after KILL $((kills % 3 + 1)) killed --resume killed
    else
        stop_after KILL $((4 + kills)) killed "${adam[@]}" --out killed --force
    fi
done
check "it was killed" test "$kills" -ge 1
run train --resume killed
same_run "killed" whole killed

# SGD with momentum, in a single part of the first epoch, and more epochs than there were to be.
sgd=("${some[@]}" --augment crop=2,cutout=4 --normalize auto --optimizer sgd --momentum 0.9 --nesterov --lr 0.02 --clip-norm 1 --freeze conv1 --label-smoothing 0.1 --no-fusion)
run train "${sgd[@]}" --out sgd
stop_after INT 2 sgd-parts "${sgd[@]}" --epochs 1 --out sgd-parts
check "sgd: interrupted" test "$status" -eq 130
run train --resume sgd-parts
went_on=$((status == 0))
# The signal may have come when the last step was done.
check "sgd: resumed" bash -c "(($status == 0)) || grep -q 'has its 1 epoch already' '$err'"
run train --resume sgd-parts
check "a run that is complete is refused" test "$status" -eq 1
check "and the error says what to do" err_has "'sgd-parts' has its 1 epoch already; --epochs N trains it up to N"
run train --resume sgd-parts/ --epochs 3
check "sgd: more epochs" test "$status" -eq 0
same_run "sgd" sgd sgd-parts
check "config.json says where it went on" test "$(grep -c '"step":' sgd-parts/config.json)" -eq $((1 + went_on))
check "config.json has the new number of epochs" has '^  "epochs": 3,$' sgd-parts/config.json

# What a run goes on with once, it goes on with from then on. A device that was named is one of its backend.
if [[ $backend != reference ]]; then
    mkdir files
    run train lenet-mnist --backend "$backend" --digits-train 64 --digits-test 16 --epochs 1 --out moved
    sed -i 's|"device_option": null|"device_option": "no such device"|' moved/config.json
    run train --resume moved --epochs 2
    check "the saved device is asked for" err_has "'no such device'"
    run train --resume moved --epochs 2 --backend reference --threads 1 --data-memory 64 --data-dir files
    check "another backend does without it" test "$status" -eq 0
    run train --resume moved --epochs 3
    check "the other backend is gone on with" out_has '^device  reference: '
    check "config.json has the device" has '^  "device_option": null,$' moved/config.json
    check "config.json has the threads" has '^  "threads": 1,$' moved/config.json
    check "config.json has the memory for data" has '^  "data_memory": 64,$' moved/config.json
    check "config.json has the data's folder" has "^    \"folder\": \"$work/files\",$" moved/config.json
    check "config.json says where it began" has "^  \"backend\": \"$backend\",$" moved/config.json
fi

# What differs is refused, and the run stays as it is.
cp -r sgd-parts before
differs() { refuses 1 "$2" "$1" train --resume sgd-parts --epochs 4 "${@:3}"; }
differs "another seed" 'another seed: expected 42, found 7' --seed 7
differs "another batch size" 'another batch size: expected 16, found 8' --batch 8
differs "other data" 'another number of training samples' --digits-train 100
differs "another momentum" 'another momentum: expected 0.9, found 0.5' --momentum 0.5
if [[ $backend == reference || $backend == vulkan ]]; then
    differs "another precision" 'another precision: expected float32, found mixed' --precision mixed
else
    differs "a precision that the backend lacks" "backend $backend has no float16 cast" --precision mixed
fi
differs "another label smoothing" 'another label smoothing: expected 0.1, found 0.2' --label-smoothing 0.2
check "the run is unchanged" diff -r before sgd-parts
refuses 1 'another fusion of ops: expected on, found off' "another fusion" train --resume whole --epochs 9 --no-fusion
refuses 2 '\-\-resume and --out exclude each other' "--out" train --resume sgd-parts --out new
refuses 2 "unexpected argument 'lenet-mnist'" "a model beside --resume" train lenet-mnist --resume sgd-parts
refuses 1 "cannot read 'nothing/config.json'" "a run that is not there" train --resume nothing
mkdir begun && cp before/config.json begun/
refuses 1 "'begun' cannot be resumed: cannot read state.safetensors" "a run without a saved training" train --resume begun
# A run's folder names no code that is loaded, and none of its links is followed where something is written.
cp -r sgd-parts planted
sed -i 's|"plugins": \[\]|"plugins": ["/nowhere/tuff-evil.so"]|' planted/config.json
refuses 1 "the plugin '/nowhere/tuff-evil.so', which is loaded only where it is named on the command line" \
    "a plugin that config.json names" train --resume planted --epochs 9
cp -r sgd-parts linked
mv linked/metrics.jsonl elsewhere && ln -s ../elsewhere linked/metrics.jsonl
refuses 1 "cannot write 'linked/metrics.jsonl'" "metrics that are a link" train --resume linked --epochs 9
check "what the link leads to is unchanged" cmp elsewhere before/metrics.jsonl
echo '{"model": {"source": 7}}' > begun/config.json
refuses 1 "begun/config.json: 'source' is missing or not what tuff train writes" "a config.json of somebody else" \
    train --resume begun
finish
