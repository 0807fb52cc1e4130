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

refuses 1 "lenet-mnist" "misspelt model has a suggestion" summary lenet-mnits
refuses 1 "none.yaml" "model file that is not there" summary ./none.yaml
printf 'name: broken\ninput: [1, 28\n' > broken.yaml
refuses 1 'broken.yaml:[0-9]*:' "model file that cannot be read says where" summary ./broken.yaml
"$tuff" summary lenet-mnist > /dev/full 2> "$err"
status=$?
: > "$out"
check "a full disk is a failure" test "$status" -eq 1
check "a full disk is said" one_error 'standard output'
finish
