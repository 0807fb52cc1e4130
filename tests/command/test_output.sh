#!/usr/bin/env bash
# Where output goes: a full disk, a closed stream, a pipe that nobody reads; and colours.
# shellcheck disable=SC2317 # functions that check calls
tuff=$1
source "$(dirname "$0")/assert.sh"
escape=$(printf '\033')
some=(--backend reference --digits-train 160 --digits-test 16 --epochs 1)

# Nothing that is printed gets lost silently.
full()
{
    "$tuff" "$@" > /dev/full 2> "$err" < /dev/null
    status=$?
    check "$1 on a full disk: exit status 1" test "$status" -eq 1
    check "$1 on a full disk: one line of error" one_error 'cannot write to standard output: No space left on device'
}
: > "$out"
full --help
full --version
full summary lenet-mnist
full devices
full devices --json
full man train
full completion bash
full check --backend reference --op relu_forward --corners
full eval --help
"$tuff" train lenet-mnist "${some[@]}" --out full > /dev/full 2> "$err" < /dev/null
status=$?
check "train on a full disk: exit status 1" test "$status" -eq 1
check "train on a full disk: says so once" test "$(grep -c 'cannot write to standard output' "$err")" -eq 1
check "train on a full disk: what was trained is kept" test -s full/last.safetensors

"$tuff" summary lenet-mnist >&- 2> "$err" < /dev/null
status=$?
check "stdout closed: exit status 1" test "$status" -eq 1
check "stdout closed: one line of error" one_error 'cannot write to standard output: Bad file descriptor'
"$tuff" plugin new > "$out" 2>&- < /dev/null
status=$?
check "stderr closed: the status is what it was" test "$status" -eq 2
# A file that is opened must not become what is printed on.
"$tuff" train lenet-mnist "${some[@]}" --out closed > /dev/null 2>&- <&-
status=$?
check "stdin and stderr closed: succeeds" test "$status" -eq 0
check "stdin and stderr closed: metrics are metrics" bash -c '[[ -s closed/metrics.jsonl ]] && ! grep -v "^{" closed/metrics.jsonl'

# A pipe that nobody reads any more ends the command, without a word.
env --default-signal=PIPE "$tuff" devices --json 2> "$err" | true
status=${PIPESTATUS[0]}
: > "$out"
check "broken pipe: quiet" err_empty
for ((i = 0; i < 50; i++)); do # until the reader has gone before the writer writes
    env --default-signal=PIPE "$tuff" summary lenet-mnist 2> "$err" | true
    status=${PIPESTATUS[0]}
    ((status == 0)) || break
done
check "broken pipe: ended by SIGPIPE" test "$status" -eq 141
check "broken pipe: still quiet" err_empty
# A training is worth keeping: it stops, as for Ctrl+C. The line after an epoch finds nobody to read it.
env --default-signal=PIPE "$tuff" train lenet-mnist --backend reference --digits-train 800 --digits-test 16 \
    --out pipe 2> "$err" | { head -n 1 > "$out"; until [[ -e pipe/last.safetensors ]]; do sleep 0.1; done; }
status=${PIPESTATUS[0]}
check "train into a broken pipe: ended by SIGPIPE" test "$status" -eq 141
check "train into a broken pipe: no error" lacks 'error' "$err"
check "train into a broken pipe: it says what was saved" err_has '^tuff: interrupted at step .*; saved in pipe$'
run eval pipe --backend reference --digits-test 16
check "train into a broken pipe: the checkpoint is whole" test "$status" -eq 0

# Ctrl+C goes to both: what `tee` leaves unread must not cost the checkpoint.
cat > tee.sh << 'END_OF_SCRIPT'
"$1" train lenet-mnist --backend reference --digits-train 20000 --digits-test 16 --out tee 2>&1 | cat > log &
for ((i = 0; i < 300; i++)); do
    [[ -e tee/metrics.jsonl ]] && break
    sleep 0.1
done
sleep 0.5
kill -KILL $! # cat; the job's first process is tuff
sleep 0.2
kill -INT "$(jobs -p)"
wait
END_OF_SCRIPT
env --default-signal=INT,PIPE bash -m tee.sh "$tuff" > "$out" 2> "$err"
check "Ctrl+C behind a pipe that has gone: the checkpoint is saved" test -s tee/last.safetensors

# Colours: on a terminal, made by script(1), unless NO_COLOR is set or it is dumb.
on_terminal()
{
    local variables=$1
    shift
    printf -v command '%q ' "$tuff" "$@"
    env $variables script --quiet --return --command "$command" /dev/null > "$out" 2>&1 < /dev/null
    status=$?
}
coloured() { grep -q "$escape\[1;31m" "$out"; }
plain() { grep -q 'error:' "$out" && ! grep -q "$escape\[[0-9;]*m" "$out"; }
if command -v script > /dev/null; then
    on_terminal "TERM=xterm" summary no-such-model
    check "colours on a terminal" coloured
    on_terminal "TERM=xterm NO_COLOR=1" summary no-such-model
    check "NO_COLOR: none" plain
    on_terminal "TERM=xterm NO_COLOR=" summary no-such-model
    check "NO_COLOR empty: colours" coloured
    on_terminal "TERM=dumb" summary no-such-model
    check "TERM=dumb: none" plain
    on_terminal "-u TERM" summary no-such-model
    check "no TERM: none" plain
else
    echo "script(1) is not installed: colours on a terminal were not looked at"
fi
run summary no-such-model
check "no terminal: no colours" lacks "$escape" "$err"
finish
