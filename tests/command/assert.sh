# Checks of the command, for the scripts beside this one. Source it with the path of tuff as $1:
#
#   tuff=$1; source "$(dirname "$0")/assert.sh"
#   run summary lenet-mnist                      runs tuff: its $status, and the files $out and $err
#   check "a name" test "$status" -eq 0          one check: the command after the name succeeds
#   finish                                       prints the counts; fails if a check failed or none was made
#
# The script runs in an empty folder of its own, which is removed at the end.
# shellcheck shell=bash disable=SC2034,SC2154,SC2317
set -uo pipefail

[[ -x ${tuff:-} ]] || { echo "usage: $0 TUFF [arguments]: no program '${tuff:-}'" >&2; exit 1; }
tuff=$(realpath "$tuff")
work=$(mktemp -d)
cd "$work" || exit 1
out=$work/.out err=$work/.err status=0
checks=0 failures=0 finished=false
# Nothing of whoever runs the tests: no data, no cache, no locale, no colours asked for or forbidden.
real_data=${TUFF_DATA:-}
unset TUFF_DATA NO_COLOR
export HOME=$work/home LC_ALL=C.UTF-8
mkdir "$HOME"

leave()
{
    local code=$?
    chmod -R u+w "$work" 2> /dev/null
    rm -rf "$work"
    $finished || { echo "ended before its end, after $checks checks" >&2; code=1; }
    exit "$code"
}
trap leave EXIT

run()
{
    "$tuff" "$@" > "$out" 2> "$err" < /dev/null
    status=$?
}

check()
{
    local name=$1
    shift
    checks=$((checks + 1))
    if "$@"; then
        echo "ok $checks - $name"
        return 0
    fi
    failures=$((failures + 1))
    echo "not ok $checks - $name"
    echo "#   failed:      $*"
    echo "#   exit status: $status"
    sed 's/^/#   stdout: /' "$out" 2> /dev/null | head -n 20
    sed 's/^/#   stderr: /' "$err" 2> /dev/null | head -n 20
    return 0
}

out_has() { grep -qe "$1" "$out"; }
err_has() { grep -qe "$1" "$err"; }
out_empty() { [[ ! -s $out ]]; }
err_empty() { [[ ! -s $err ]]; }
has() { grep -qe "$1" "$2"; }
lacks() { [[ -e $2 ]] && ! grep -qe "$1" "$2"; }
absent() { [[ ! -e $1 && ! -L $1 ]]; }
same() { cmp -s "$1" "$2"; }
differ() { [[ -s $1 && -s $2 ]] && ! cmp -s "$1" "$2"; }
# Exactly one line, which is an error that fits the pattern; but for the warning that a driver computes on the CPU.
one_error()
{
    [[ $(grep -vc 'is a driver that emulates a GPU on the CPU' "$err") -eq 1 ]] && grep -q '^tuff: error: ' "$err" &&
        grep -qe "$1" "$err"
}

# Every line of file $1 is a JSON object, and the keys that follow are there. $json_lines: the helper.
json() { "$json_lines" "$@" > "$work/.json"; }

# may_skip BACKEND: whether TUFF_SKIP_BACKENDS, names separated by commas, has it.
may_skip() { [[ ,${TUFF_SKIP_BACKENDS:-}, == *,"$1",* ]]; }
# skip WHY: ends the script as one that was left out.
skip()
{
    finished=true
    echo "skipped: $1"
    exit 77
}
# can_open BACKEND: a check that it trains. One that cannot be opened fails, unless it may be skipped.
can_open()
{
    run train lenet-mnist --backend "$1" --digits-train 1 --digits-test 1 --dry-run
    ((status == 0)) || ! may_skip "$1" || skip "$1 cannot be opened, and TUFF_SKIP_BACKENDS names it"
    check "the backend can be opened" test "$status" -eq 0
}

# What a training wrote, without its figures of time, which differ from run to run: FILE of metrics.jsonl, of metrics.csv.
timeless() { sed -E 's/"(train_seconds|samples_per_second|test_seconds)":[^,}]*//g' "$1"; }
timeless_table() { cut -d, -f1-6,9-11 "$1"; }
# same_run NAME A B: checks that two runs ended alike. read_events: the program of that name.
same_run()
{
    check "$1: the same parameters" same "$2/last.safetensors" "$3/last.safetensors"
    check "$1: the same best parameters" same "$2/best.safetensors" "$3/best.safetensors"
    check "$1: the same metrics.jsonl" diff <(timeless "$2/metrics.jsonl") <(timeless "$3/metrics.jsonl")
    check "$1: the same metrics.csv" diff <(timeless_table "$2/metrics.csv") <(timeless_table "$3/metrics.csv")
    local events=events.out.tfevents.tuff
    [[ ! -e $2/$events ]] || check "$1: the same events" diff <("$read_events" "$2/$events") <("$read_events" "$3/$events")
    check "$1: nothing is left aside" test "$(ls "$2")" = "$(ls "$3")"
}

# refuses STATUS PATTERN NAME ARGUMENT…: tuff ends with STATUS and one line of error that fits PATTERN.
refuses()
{
    local expected=$1 pattern=$2 name=$3
    shift 3
    run "$@"
    check "$name: exit status $expected" test "$status" -eq "$expected"
    check "$name: one line of error" one_error "$pattern"
    check "$name: nothing on stdout" out_empty
}

finish()
{
    finished=true
    echo "$checks checks, $failures failed"
    ((checks > 0 && failures == 0))
    exit
}
