#!/usr/bin/env bash
# test_threads.sh SOURCE BUILD: builds the command and the backends reference and cpu with ThreadSanitizer in BUILD, and
# does what has threads: training on four, images that are streamed, folders of images that are decoded, drawing digits,
# an interruption. Criterion's tests do not start under it: the memory that Criterion shares with the processes of its
# tests has no place beside the sanitizer's own.
set -euo pipefail
source=$(realpath "$1") build=$(realpath -m "$2")
cmake -S "$source" -B "$build" -DTUFF_SANITIZE=thread -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DTUFF_VULKAN=OFF -DTUFF_ONEDNN=OFF -DBUILD_TESTING=ON --log-level=WARNING
MAKEFLAGS=--no-print-directory cmake --build "$build" --parallel 2 --target tuff tuff-reference tuff-cpu make_images

export TSAN_OPTIONS="halt_on_error=1 exitcode=66 suppressions=$source/tests/tsan.supp"
export TUFF_PLUGIN_PATH=$build/plugins
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export XDG_CACHE_HOME=$work/cache HOME=$work
unset TUFF_DATA

checks=0
check()
{
    local name=$1 expected=$2 status=0
    shift 2
    "$@" > out 2>&1 < /dev/null || status=$?
    if ((status != expected)); then
        echo "not ok - $name: exit status $status"
        cat out
        exit 1
    fi
    checks=$((checks + 1))
    echo "ok $checks - $name"
}

small=(--digits-train 3000 --digits-test 600 --batch 64)
check "training on the CPU" 0 "$build/tuff" train lenet-mnist "${small[@]}" --backend cpu --threads 4 --epochs 1 \
    --augment crop=2 --optimizer adamw --ema 0.9 --clip-norm 1 --out first
cat > blocks.yaml <<END
name: blocks
input: [1, 28, 28]
layers:
  - conv2d: {channels: 8, kernel: 3, stride: 2}
  - residual: {layers: [{conv2d: {channels: 8, kernel: 3, padding: 1}}, batch_norm2d, relu]}
  - avg_pool2d: {kernel: 3}
  - dropout: {p: 0.5}
  - flatten
  - linear: {features: 10}
END
check "batch normalization, a residual block, dropout" 0 "$build/tuff" train blocks.yaml "${small[@]}" --backend cpu \
    --threads 3 --steps 20 --out blocks
check "images that are streamed" 0 "$build/tuff" train lenet-mnist "${small[@]}" --backend cpu --threads 4 --steps 40 \
    --data-memory 1 --out streamed
check "evaluation" 0 "$build/tuff" eval first --backend cpu --threads 4
check "going on" 0 "$build/tuff" train --resume first --epochs 2
check "the reference" 0 "$build/tuff" train lenet-mnist "${small[@]}" --backend reference --steps 2 --out slow
mkdir set
"$build/tests/make_images" set/train 10 12 40 36
"$build/tests/make_images" set/test 10 2 40 36
check "a folder of images, decoded" 0 "$build/tuff" train lenet-cifar10 --data ./set --backend cpu --threads 4 --epochs 1 \
    --out decoded
check "a folder of images, from the cache" 0 "$build/tuff" eval decoded --backend cpu --threads 4
check "an interruption" 130 timeout --signal INT --preserve-status 20 "$build/tuff" train lenet-mnist --backend cpu \
    --threads 4 --epochs 1000 --out stopped
# The reference is loaded first: a library that comes after OpenBLAS has the sanitizer look for it again, and take its
# two executable segments for two libraries that one suppression names.
check "ops of the CPU backend" 0 "$build/tuff" check --plugin "$build/plugins/tuff-reference.so" --backend cpu --threads 4 \
    --op conv2d_backward_weight --corners
echo "$checks checks"
