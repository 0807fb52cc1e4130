#!/usr/bin/env bash
# tuff export: what it takes, what it refuses, and that it overwrites nothing by a slip. What is in the files is tested in
# tests/onnx.
# shellcheck disable=SC2317 # functions that check calls
tuff=$1
source "$(dirname "$0")/assert.sh"

run train lenet-mnist --backend reference --steps 2 --digits-train 64 --out run
check "a training" test "$status" -eq 0
run export run --onnx lenet.onnx
check "a run is exported" test "$status" -eq 0
check "it says the model" out_has '^model   lenet-mnist, 60,074 parameters, from run/last.safetensors$'
check "it says what to put in" out_has '^input   images (batch, 1, 28, 28) of float32 from 0 to 1: bytes divided by 255$'
check "it says what comes out" out_has '^output  logits (batch, 10)$'
check "it says what it wrote" out_has '^wrote   lenet.onnx: ONNX, opset 13$'
check "the parameters are there" test "$(wc -c < lenet.onnx)" -gt $((4 * 60074))
check "their names are there" has 'fc3.bias' lenet.onnx
check "the data set goes along" has 'digits' lenet.onnx
check "no path of this machine does" bash -c '! grep -q "$PWD" lenet.onnx'
run export run/last.safetensors --onnx again.onnx
check "a file is exported, to the same bytes" same lenet.onnx again.onnx
refuses 1 "'lenet.onnx' is there already" "a file that is there" export run --onnx lenet.onnx
run export run --onnx lenet.onnx --force
check "--force replaces it" test "$status" -eq 0
run train lenet-mnist --backend reference --epochs 1 --digits-train 64 --digits-test 16 --out judged
run export judged --checkpoint best --onnx best.onnx
check "--checkpoint best takes the best evaluation's" out_has ', from judged/best.safetensors$'
refuses 1 "'run' holds no best.safetensors" "no evaluation, no best one" export run --checkpoint best --onnx new.onnx
refuses 2 "expected 'last' or 'best', found 'bset'; did you mean 'best'?" "a misspelt choice" \
    export run --checkpoint bset --onnx new.onnx
mkdir folder
refuses 1 "expected a file, found the folder 'folder'" "a folder" export run --onnx folder --force
mkfifo pipe
refuses 1 "expected a regular file, found 'pipe'" "a pipe, whose place a file would take" \
    export run --onnx pipe --force
check "the pipe is still there" test -p pipe
refuses 1 "not written to standard output" "standard output" export run --onnx -
refuses 1 "cannot write" "a folder that is not there" export run --onnx no/such/lenet.onnx
check "nothing else was written" test "$(find . -name '*.tmp.*' | wc -l)" -eq 0
refuses 2 '\-\-onnx FILE is missing' "no format" export run
refuses 2 'CHECKPOINT is missing' "no checkpoint" export --onnx new.onnx
refuses 1 "cannot read 'nowhere': No such file" "no such run" export nowhere --onnx new.onnx
refuses 1 "'folder' holds no last.safetensors" "a folder without a checkpoint" export folder --onnx new.onnx
refuses 1 "is no\|expected\|safetensors" "a file that is no checkpoint" export run/config.json --onnx new.onnx
refuses 1 "expected the shape" "another model" export run --model lenet-cifar10 --onnx new.onnx
refuses 1 "did you mean 'lenet-mnist'" "a misspelt model" export run --model lenet-mnst --onnx new.onnx
check "nothing was written" absent new.onnx
finish
