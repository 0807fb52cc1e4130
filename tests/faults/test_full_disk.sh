#!/usr/bin/env bash
# test_full_disk.sh TUFF FAULT_LIBRARY READ_EVENTS: a disk that becomes full at any moment, and a folder that cannot be written.
#
# The disk is a small tmpfs in a mount namespace of its own, which takes root, or a system that lets users have
# namespaces; the first line says so. Elsewhere the fault library stands in, which cuts writes off after so many bytes.
# shellcheck disable=SC2317,SC2012 # functions that check calls; names of our own making
tuff=$1
fault=$(realpath "$2")
# shellcheck disable=SC2034 # of same_run
read_events=$(realpath "$3")
if [[ -z ${TUFF_TEST_DISK:-} ]]; then
    for unshare in "unshare --mount" "unshare --map-root-user --mount"; do
        # shellcheck disable=SC2086 # several words
        if $unshare mount -t tmpfs none /mnt 2> /dev/null; then
            TUFF_TEST_DISK="tmpfs, by $unshare" exec $unshare "$0" "$@"
        fi
    done
    export TUFF_TEST_DISK="the fault library: no tmpfs can be mounted here"
fi
echo "disk: $TUFF_TEST_DISK"
source "$(dirname "$0")/../command/assert.sh"

cat > tiny.yaml <<'END'
name: tiny
input: [1, 28, 28]
layers:
  - max_pool2d: {kernel: 4}
  - flatten
  - linear: {name: only, features: 10}
END
small=("$work/tiny.yaml" --backend reference --digits-train 96 --digits-test 32 --batch 8 --log-every 1 --eval-every 0.5
    --tensorboard)

# full ROOM COMMAND…: tuff, on a disk that has room for so many units more. A unit is a page, or 1000 bytes of what is written.
if [[ $TUFF_TEST_DISK == tmpfs* ]]; then
    pages=64
    mkdir disk && mount -t tmpfs -o size=$((pages * 4))k none disk
    full()
    {
        local used
        used=$(df --output=used -B 4096 disk | tail -n 1)
        head -c $(((pages - used - $1) * 4096)) /dev/zero > disk/filler
        run "${@:2}"
        rm disk/filler
    }
    step=1 most=15
else
    mkdir disk
    full() { TUFF_FAULT_DISK=$(($1 * 1000)) LD_PRELOAD=$fault run "${@:2}"; }
    step=3 most=60
fi

# The rest of a training that was stopped. Where only its last parameters were not written, they are by now.
goes_on()
{
    run train --resume disk/run --epochs 3
    ((status == 0)) || one_error "'disk/run' has its 3 epochs already"
}

whole_lines() { timeless "$1" | diff - <(timeless whole/metrics.jsonl | head -n "$(wc -l < "$1")"); }
says_full()
{
    [[ $(grep -c '^tuff: error: ' "$err") -eq 1 ]] && err_has "^tuff: error: .*disk/run.*: No space left on device$"
}

run train "${small[@]}" --epochs 3 --out whole
check "a training with room" test "$status" -eq 0
run train "${small[@]}" --epochs 1 --out first
check "its first epoch" test "$status" -eq 0

failures_of_new=0 failures_of_old=0
for ((room = 0; room <= most; room += step)); do
    # A training that begins.
    full $room train "${small[@]}" --epochs 3 --out disk/run
    if ((status != 0)); then
        failures_of_new=$((failures_of_new + 1))
        check "room for $room: exit status 1" test "$status" -eq 1
        check "room for $room: one line, which names the file and the reason" says_full
        [[ ! -e disk/run/metrics.jsonl ]] || check "room for $room: whole lines" whole_lines disk/run/metrics.jsonl
        if [[ -e disk/run/state.safetensors ]]; then
            check "room for $room: goes on once there is room" goes_on
        else
            run train "${small[@]}" --epochs 3 --out disk/run --force
            check "room for $room: begins again once there is room" test "$status" -eq 0
        fi
    fi
    same_run "room for $room" whole disk/run
    rm -r disk/run

    # One that goes on.
    cp -r first disk/run
    full $room train --resume disk/run --epochs 3
    if ((status != 0)); then
        failures_of_old=$((failures_of_old + 1))
        check "resumed, room for $room: exit status 1" test "$status" -eq 1
        check "resumed, room for $room: one line, which names the file and the reason" says_full
        check "resumed, room for $room: whole lines" whole_lines disk/run/metrics.jsonl
        run train --resume disk/run --epochs 3 --dry-run
        check "resumed, room for $room: the former checkpoint loads" test "$status" -eq 0
        check "resumed, room for $room: goes on once there is room" goes_on
    fi
    same_run "resumed, room for $room" whole disk/run
    rm -r disk/run
done
echo "# $failures_of_new new trainings and $failures_of_old resumed ones found the disk full"
check "the disk was full at several moments" test "$failures_of_new" -ge 4 -a "$failures_of_old" -ge 2

# A folder that cannot be written.
cp -r first disk/run
if [[ $TUFF_TEST_DISK == tmpfs* ]]; then
    mount -o remount,bind,ro disk
    reason="Read-only file system"
elif ((EUID != 0)); then
    chmod a-w disk disk/run disk/run/*
    reason="Permission denied"
else
    echo "# not checked: a folder that cannot be written, since root may write everywhere and cannot mount here"
    finish
fi
refuses 1 "cannot write into 'disk/*': $reason" "read-only: a new run" train "${small[@]}" --out disk/new
refuses 1 "cannot write into 'disk/run': $reason" "read-only: a run that is to go on" train --resume disk/run --epochs 3
check "read-only: the run is as it was" diff -r first disk/run
[[ $TUFF_TEST_DISK != tmpfs* ]] || umount disk
finish
