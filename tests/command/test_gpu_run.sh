#!/usr/bin/env bash
# test_gpu_run.sh TUFF PYTHON SCRIPT JSON_VALUE BACKEND: a folder for a machine with a GPU, and a quick run of it here, on
# whatever device the backend has, without PyTorch: killed midway, it goes on where it was.
# shellcheck disable=SC2317,SC2016 # functions that check calls
tuff=$1
python=$2
script=$(realpath "$3")
cases=$(realpath "$(dirname "$0")/gpu_run_cases.py")
json_value=$(realpath "$4")
backend=$5
source "$(dirname "$0")/assert.sh"

! may_skip "$backend" || skip "TUFF_SKIP_BACKENDS names $backend"

gpu_run()
{
    "$python" "$@" > "$out" 2> "$err" < /dev/null
    status=$?
}
value() { "$json_value" "$@"; }
is() { [[ $(value "$1" "$2") == "$3" ]]; }

gpu_run "$script" --help
check "--help" test "$status" -eq 0
check "--help has examples" out_has '^  tools/gpu-run --prepare gpu --data-dir ~/mnist'
gpu_run "$script"
check "nothing asked for" err_has 'prepare FOLDER or --run FOLDER is missing$'
gpu_run "$script" --run .
check "a folder of somebody else" err_has '. was not made by --prepare$'
gpu_run "$script" --prepare gpu --tuff "$tuff" --plugin no-such
check "no such backend" test "$status" -eq 1
check "it says which there are" err_has '^gpu-run: .* has no backend no-such, but .*reference.*: build it$'
mkdir full && touch full/file
gpu_run "$script" --prepare full --tuff "$tuff"
check "a folder that is in use" err_has 'full is there already and was not prepared by this program$'
gpu_run "$script" --prepare gpu --tuff "$tuff" --data-dir .
check "no MNIST" err_has '^gpu-run: no MNIST in .: train-images-idx3-ubyte or '
rm -rf gpu

mkdir cases
(cd cases && "$python" "$cases" "$(dirname "$script")/bench" > "$out" 2> "$err" < /dev/null)
status=$?
check "what it does on other machines" test "$status" -eq 0

gpu_run "$script" --prepare gpu --tuff "$tuff" --plugin "$backend" --plugin reference
check "--prepare" test "$status" -eq 0
check "its size" out_has '^gpu: [0-9.]* MiB; copy it to '
mv gpu moved # as if copied elsewhere
tuff_there() { env -u TUFF_PLUGIN_PATH moved/tuff "$@" > "$out" 2> "$err" < /dev/null; }
check "tuff runs from the folder" tuff_there devices
check "with its own plugins" out_has "moved/install/lib/tuff/plugins/tuff-$backend.so"
check "it has the nets that are measured" tuff_there summary resnet18-cifar10
check "and it is ResNet-18" out_has '^total  *11,173,962 '

# A library that the machine lacks is found among those brought along: the one that the program also looks for where it
# was built, unless that path is made another one. So is one that is opened at run time.
cat > lacking.py << 'END'
import os, shutil, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "moved/bench")
import gpu_session
nowhere = gpu_session.missing_libraries("moved")  # what was not there to be brought along
assert gpu_session.link_libraries("moved") == [], "this machine has all of them"
other = os.listdir("moved/libraries")[0]
name = next(name for name in os.listdir("moved/install/lib") if name.startswith("libtuff.so"))
os.rename("moved/install/lib/" + name, "moved/libraries/" + name)
built = os.path.dirname(sys.argv[1]).encode()
with open("moved/install/bin/tuff", "rb") as file:
    program = file.read()
with open("moved/install/bin/tuff", "wb") as file:
    file.write(program.replace(built, b"/" + (len(built) - 1) * b"x"))
assert gpu_session.missing_libraries("moved") == [name, *nowhere]
shutil.copyfile("moved/libraries/" + other, "moved/libraries/libopened.so.1")
gpu_session.OPENED = {"libopened.so.1": "no-package"}
assert gpu_session.missing_libraries("moved") == [name, "libopened.so.1"]
assert gpu_session.link_libraries("moved") == ["libopened.so.1", name]
assert gpu_session.missing_libraries("moved") == []
END
"$python" lacking.py "$tuff" > "$out" 2> "$err"
status=$?
check "what is missing is linked" test "$status" -eq 0
check "and tuff runs" tuff_there devices

run_quick() { gpu_run moved/gpu-run --quick --backend "$backend" --pytorch none "$@"; }
results=moved/results/gpu-run
state() { value $results.json "steps.$1.state" 2> /dev/null; }

# Killed as soon as a step is under way that comes after one that is done.
"$python" moved/gpu-run --quick --backend "$backend" --pytorch none > first 2>&1 < /dev/null &
killed=$!
for ((i = 0; i < 1200; i++)); do
    [[ $(state "check training") == '"running"' ]] && break
    kill -0 $killed 2> /dev/null || break
    sleep 0.1
done
kill -KILL $killed
wait $killed 2> /dev/null
cp "$results.json" killed.json
check "a killed run leaves a document" value killed.json
check "with what was done" is killed.json steps.peak.state '"done"'
check "and what was under way" is killed.json "steps.check training.state" '"running"'
run_quick --list
check "--list says so" out_has '^check training  *running '
run_quick
check "it goes on" test "$status" -eq 0
check "with the step that was under way" out_has '^check training: '
check "and not with those that were done" lacks '^peak: ' "$out"
for step in device peak "check corners" "check training" "speed lenet-mnist 16" "speed lenet-mnist 64" epochs; do
    check "step $step" is $results.json "steps.$step.state" '"done"'
done
check "PyTorch was not asked for" is $results.json steps.pytorch.message '"--pytorch none"'
check "figures that were there stay" test "$(value $results.json steps.peak.seconds)" = "$(value killed.json steps.peak.seconds)"
check "a measured copy" value $results.json steps.peak.figures.copy.gbytes_per_second
check "two rounds" value $results.json "steps.speed lenet-mnist 64.figures.sides.0.seconds.1"
check "conformance" is $results.json "steps.check corners.figures.totals.failed" 0
check "a page" has '^# tuff on this GPU$' $results.md
check "of steps" has '^| lenet-mnist | 64 | float32 | [0-9.]* [mu]*s ([0-9.]* [mu]*s to ' $results.md
check "of conformance" has '^| check corners | passed | [0-9]* | 0 | 0 |' $results.md
check "of what the device can do" has '^| peak | [0-9.]* GFLOP/s | [0-9.]* GB/s |' $results.md
check "of epochs" has '^| tuff | [0-9.]* [mu]*s | [0-9.]* [mu]*s | [0-9.]*% |$' $results.md
check "which says what it is worth" has '^A run with --quick: ' $results.md
check "and what is not in it" has '^- pytorch: skipped, --pytorch none$' $results.md
check "nothing else is left" test "$(cd moved/results && echo *)" = "gpu-run.json gpu-run.log gpu-run.md"

run_quick
check "all is done" test "$status" -eq 0
check "but for a look at the device" lacks '^[a-z].*: .*the reference' "$out"
run_quick --again "check corners"
check "--again" out_has '^check corners: '
run_quick --again "check corner"
check "--again, misspelt" err_has "^gpu-run: --again: there is no step 'check corner' (see --list)$"
run_quick --minutes 0.001 --out short
check "no time" test "$status" -eq 3
check "it says what is not done" out_has '^no time is left for: .*epochs; run it again$'
gpu_run moved/gpu-run --backend "$backend" --pytorch none
check "--quick is not mixed with what counts" err_has 'is of a run with --quick: name another folder with --out$'

"$python" moved/gpu-run --quick --backend "$backend" --pytorch none --out stopped > "$out" 2> "$err" < /dev/null &
asked=$!
for ((i = 0; i < 300; i++)); do
    grep -qs '"state": "running"' stopped/gpu-run.json && break
    sleep 0.1
done
kill -TERM $asked
wait $asked
status=$?
check "asked to end it ends as if interrupted" test "$status" -eq 130
check "without a word" err_empty
check "and leaves a document" has '"state": "interrupted"' stopped/gpu-run.json

# A step's failure is noted, and the next one runs. This tuff says that it has --precision, too.
cat > pretending << 'END'
#!/bin/bash
if [[ $* == *--help-all* ]]; then echo '--precision NAME'; exit; fi
if [[ $1 == check ]]; then echo broken on purpose >&2; exit 1; fi
arguments=()
for argument; do [[ $argument == --precision || $argument == mixed ]] || arguments+=("$argument"); done
exec "$(dirname "$0")/tuff.whole" "${arguments[@]}"
END
mv moved/tuff moved/tuff.whole
install -m 755 pretending moved/tuff
run_quick --out failing
check "a failing step fails the run" test "$status" -eq 1
check "it is noted" is failing/gpu-run.json "steps.check training.message" '"tuff check: exit status 1: broken on purpose"'
check "on the page too" has '^- check training: failed, tuff check: exit status 1: broken on purpose$' failing/gpu-run.md
check "the next ones ran" is failing/gpu-run.json steps.epochs.state '"done"'
check "mixed precision is measured where there is it" is failing/gpu-run.json "steps.speed lenet-mnist 16.figures.sides.1.precision" '"mixed"'
check "and has a row" has '^| lenet-mnist | 16 | mixed | [0-9.]* [mu]*s ' failing/gpu-run.md
mv moved/tuff.whole moved/tuff
run_quick --out failing --again failed
check "--again failed" test "$status" -eq 0
finish
