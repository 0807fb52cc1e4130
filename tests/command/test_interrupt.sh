#!/usr/bin/env bash
# Signals: the first saves what was trained, the second stops at once.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
source "$(dirname "$0")/assert.sh"
# Long enough that it does not end by itself.
long=(--backend reference --digits-train 20000 --digits-test 100)

# Starts a training in the background and waits until its run has begun. A shell starts such programs with SIGINT
# ignored, which tuff would respect.
start()
{
    rm -rf run
    env --default-signal=INT,HUP "$tuff" train lenet-mnist "${long[@]}" --out run "$@" > "$out" 2> "$err" &
    training=$!
    for ((i = 0; i < 300; i++)); do
        [[ -s run/config.json && -e run/metrics.jsonl ]] && break
        sleep 0.1
    done
    sleep 0.5
}
end()
{
    wait "$training"
    status=$?
}

start
kill -INT "$training"
end
check "SIGINT: exit status 130" test "$status" -eq 130
check "SIGINT: a checkpoint is saved" test -s run/last.safetensors
check "SIGINT: it says what was saved" err_has '^tuff: interrupted at step [1-9][0-9]*; saved in run$'
check "SIGINT: it says how to go on" out_has "^resume  *$tuff train --resume run$"
check "SIGINT: no error" lacks '^tuff: error' "$err"
check "SIGINT: metrics say so" has '"type":"interrupted"' run/metrics.jsonl
check "SIGINT: no whole epoch" has '"epoch":"0"' run/last.safetensors
check "SIGINT: nothing is left aside" test "$(ls run | xargs)" = \
    "config.json last.safetensors metrics.csv metrics.jsonl state.safetensors"
run eval --backend reference run --digits-test 50
check "SIGINT: the checkpoint can be evaluated" test "$status" -eq 0

start
kill -TERM "$training"
end
check "SIGTERM: exit status 143" test "$status" -eq 143
check "SIGTERM: a checkpoint is saved" test -s run/last.safetensors

start
kill -HUP "$training"
end
check "SIGHUP: exit status 129" test "$status" -eq 129
check "SIGHUP: a checkpoint is saved" test -s run/last.safetensors

# A single step that takes many seconds: it is finished for one signal, and not for two.
start --batch 20000
kill -INT "$training"
sleep 0.5
check "SIGINT waits for the step at hand" kill -0 "$training"
kill -TERM "$training"
end
check "a second signal ends it" test "$status" -eq 143
check "a second signal: no checkpoint" absent run/last.safetensors

# The search for what made a loss no number goes through whole steps again, and ends behind the one at hand.
start --batch 2000 --optimizer sgd --lr 1e30 --log-every 1
for ((i = 0; i < 1200; i++)); do
    err_has 'going through the steps since the beginning once more' && break
    sleep 0.1
done
kill -INT "$training"
end
check "SIGINT in the search for NaN: the training has failed" test "$status" -eq 1
check "SIGINT in the search for NaN: it says so" \
    err_has '^tuff: error: the loss is not finite at step 2: where it came from was not looked for to the end$'
check "SIGINT in the search for NaN: metrics say so" has '"type":"not_finite","step":2,' run/metrics.jsonl
check "SIGINT in the search for NaN: nothing is saved" absent run/state.safetensors

# A shell's loop ends with what Ctrl+C ended: only if the program died by the signal and did not merely return 130.
cat > loop.sh << 'END_OF_SCRIPT'
for turn in 1 2; do
    echo "$turn" >> turns
    "$1" train lenet-mnist --backend reference --digits-train 20000 --digits-test 100 --out loop-$turn
done
END_OF_SCRIPT
setsid env --default-signal=INT bash loop.sh "$tuff" > "$out" 2> "$err" &
training=$!
for ((i = 0; i < 300; i++)); do
    [[ -s loop-1/config.json && -e loop-1/metrics.jsonl ]] && break
    sleep 0.1
done
sleep 0.5
kill -INT -- -"$training"
end
check "Ctrl+C ends a loop of the shell" test "$(cat turns)" = 1
check "Ctrl+C in a loop: a checkpoint is saved" test -s loop-1/last.safetensors

env --ignore-signal=INT "$tuff" train lenet-mnist --backend reference --digits-train 1600 --digits-test 16 --epochs 1 \
    --out ignored > "$out" 2> "$err" &
training=$!
for ((i = 0; i < 300; i++)); do
    [[ -e ignored/metrics.jsonl ]] && break
    sleep 0.1
done
check "it can be told to stop" kill -INT "$training"
end
check "a signal that was ignored from the start stays so" test "$status" -eq 0
finish
