#!/usr/bin/env bash
# test_hang.sh TUFF VULKAN_FAULT_FOLDER: work on the device that never ends, from each wait on in turn: an error within the
# time that is waited, nothing that the driver may still use is destroyed, and what was saved can be gone on with.
# shellcheck disable=SC2317 # functions that check calls
tuff=$1
fault=$(realpath "$2")
source "$(dirname "$0")/../command/assert.sh"

can_open vulkan

cat > tiny.yaml <<'END'
name: tiny
input: [1, 28, 28]
layers:
  - conv2d: {channels: 4, kernel: 3, stride: 2}
  - relu
  - flatten
  - linear: {name: last, features: 10}
END
small=("$work/tiny.yaml" --backend vulkan --digits-train 32 --digits-test 8 --batch 8 --log-every 1)

run train "${small[@]}" --epochs 3 --out whole
check "undisturbed: it trains" test "$status" -eq 0

tries=0 gone_on=0
hangs() # WAIT: whether a training whose device stops at that wait ends by it
{
    rm -rf run report
    LD_LIBRARY_PATH=$fault TUFF_FAULT_HANG=$1 TUFF_FAULT_REPORT=$work/report run train "${small[@]}" --epochs 3 --out run
    ((status != 0))
}
went_on() { ((status == 0)) || err_has "'run' has its 3 epochs already"; } # stopped behind its last step
for ((wait = 1; wait < 100000; wait += wait / 3 + 1)); do
    hangs "$wait" || break
    tries=$((tries + 1))
    check "wait $wait: exit status 1" test "$status" -eq 1
    check "wait $wait: an error that says so" err_has '^tuff: error: vulkan: .*: work did not end within [0-9]* seconds$'
    check "wait $wait: the device is left" err_has '^tuff: warning: vulkan: .*: left as it is, since its work never ended$'
    check "wait $wait: so is its instance" has '^objects 1 instance' report
    if [[ -e run/state.safetensors ]]; then
        gone_on=$((gone_on + 1))
        run train --resume run
        check "wait $wait: it goes on" went_on
        check "wait $wait: to the same end" same run/last.safetensors whole/last.safetensors
    fi
done
check "each wait was reached" test "$status" -eq 0
check "some stopped before anything was saved, some after" test "$gone_on" -gt 0 -a "$gone_on" -lt "$tries"
echo "$tries waits did not end"
finish
