#!/usr/bin/env bash
# tuff export, and what the package onnx says of what it writes.
#
#   test_checker.sh TUFF PYTHON
# shellcheck disable=SC2317 # functions that check calls
tuff=$1 python=$2
here=$(realpath "$(dirname "$0")")
source "$here/../command/assert.sh"

step=(--backend reference --steps 1 --digits-train 16)
for model in lenet-mnist "$here/uneven.yaml" "$here/kinds.yaml" "$here/branches.yaml"; do
    name=$(basename "$model" .yaml)
    run train "$model" "${step[@]}" --out "$name"
    check "$name: a step of training" test "$status" -eq 0
    run export "$name" --onnx "$name.onnx"
    check "$name: exported" test "$status" -eq 0
    "$python" "$here/check.py" "$name.onnx" > "$out" 2> "$err"
    status=$?
    check "$name: the package onnx has nothing to say against it" test "$status" -eq 0
    check "$name: it looked at it" out_has ' nodes, [1-9][0-9]* shapes'
    cat "$out"
done
finish
