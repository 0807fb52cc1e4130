#!/usr/bin/env bash
# tuff summary: the table and its sums.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
source "$(dirname "$0")/assert.sh"

run summary lenet-mnist
check "lenet-mnist" test "$status" -eq 0
check "lenet-mnist has 60,074 parameters" out_has '^total  *60,074 '
check "lenet-mnist: first convolution" out_has 'conv2d  *(6, 26, 26)  *60  *36,504$'
check "lenet-mnist: last layer" out_has 'linear  *(10)  *850  *840$'
# 36,504 + 104,544 + 48,000 + 10,080 + 840
check "lenet-mnist: multiply-adds" out_has '^total .* 199,968$'
# 4 bytes each: 60,074 * 4 = 240,296 bytes
check "lenet-mnist: memory of the parameters" out_has 'parameters  *234.7 KiB$'
check "lenet-mnist: with gradients and Adam" out_has 'together  *938.7 KiB$'
check "lenet-mnist: nothing on stderr" err_empty

run summary lenet-cifar10
check "lenet-cifar10" test "$status" -eq 0
check "lenet-cifar10 has 81,302 parameters" out_has '^total  *81,302 '
check "lenet-cifar10: its input" out_has 'input (3, 32, 32), 10 classes'

run summary resnet9-cifar10
check "resnet9-cifar10" test "$status" -eq 0
check "resnet9-cifar10: parameters, and buffers beside them" out_has '^total  *6,573,130  *4,480  *379,261,952$'
check "resnet9-cifar10: memory of the buffers" out_has '^  buffers  *17.5 KiB$'
check "resnet9-cifar10: a block" out_has '^conv1  *block$'
check "resnet9-cifar10: a layer in it" out_has '^  0  *conv2d  *(64, 32, 32)  *1,728 '
check "resnet9-cifar10: a layer in a block in a residual" out_has '^    1  *batch_norm2d  *(128, 16, 16)  *256  *256 '
check "resnet9-cifar10: its sum" out_has '^  sum1  *sum  *(512, 4, 4) '
run summary lenet-mnist
check "lenet-mnist has no buffers" test "$(grep -c buffers "$out")" -eq 0

# 11,689,512: torchvision's.
run summary resnet18
check "resnet18 has 11,689,512 parameters" out_has '^total  *11,689,512 '
check "resnet18: its recipe" out_has '^  weight_decay  *1e-4$'
check "resnet18: how to take it" out_has '^Recipe, which tuff train resnet18 --recipe takes:$'
printf 'name: mine\ninput: [1, 28, 28]\nrecipe: {lr: 0.1}\nlayers: [flatten, linear: {features: 3}]\n' > file.yaml
run summary file.yaml
check "a file's recipe: how to take it" out_has '^Recipe, which tuff train file.yaml --recipe takes:$'
run summary resnet18-cifar10
check "resnet18-cifar10 has 11,173,962 parameters" out_has '^total  *11,173,962 '
run summary mobilenet-small
check "mobilenet-small has 543,050 parameters" out_has '^total  *543,050 '
check "mobilenet-small: a depthwise convolution" out_has '^  conv1  *conv2d  *(64, 16, 16)  *576 '
LC_ALL=C run summary resnet9-cifar10 --graph
check "--graph" out_has '^+-+  128x16x16$'
check "--graph: no table" test "$(grep -c '^total' "$out")" -eq 0
LC_ALL=C.UTF-8 run summary resnet9-cifar10 --graph --graph-out graph.svg
check "--graph: lines" out_has '^├─┘  128x16x16$'
check "--graph-out" has 'res1.0.0' graph.svg
refuses 2 "no training is planned without --batch" "a device for no batch" summary lenet-mnist --backend cpu
refuses 1 "no-such-backend" "an unknown backend" summary lenet-mnist --batch 16 --backend no-such-backend
refuses 1 "a micro-batch of 3 does not divide the batch of 16" "parts of a batch that do not divide it" \
    summary lenet-mnist --batch 16 --micro-batch 3
refuses 2 "\-\-graph-out: expected a file that ends in .png or .svg" "a graph of no format" summary lenet-mnist --graph-out graph.dot

refuses 1 "lenet-mnist" "misspelt model has a suggestion" summary lenet-mnits
refuses 1 "none.yaml" "model file that is not there" summary ./none.yaml
printf 'name: broken\ninput: [1, 28\n' > broken.yaml
refuses 1 'broken.yaml:[0-9]*:' "model file that cannot be read says where" summary ./broken.yaml
mkfifo pipe.yaml
timeout 20 "$tuff" summary ./pipe.yaml > "$out" 2> "$err"
check "a pipe that nobody writes to is not waited for" test $? -eq 1
"$tuff" summary <(printf 'name: piped\ninput: [1, 4, 4]\nlayers: [flatten, {linear: {features: 2}}]\n') > "$out" 2> "$err"
check "a shell's pipe is read" out_has '^piped: input (1, 4, 4), 2 classes'
"$tuff" summary lenet-mnist > /dev/full 2> "$err"
status=$?
: > "$out"
check "a full disk is a failure" test "$status" -eq 1
check "a full disk is said" one_error 'standard output'
finish
