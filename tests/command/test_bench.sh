#!/usr/bin/env bash
# test_bench.sh TUFF JSON_VALUE BACKEND: what tuff bench prints and writes, of one backend.
# shellcheck disable=SC2317,SC2016 # functions that check calls; awk
tuff=$1
json_value=$(realpath "$2")
backend=$3
source "$(dirname "$0")/assert.sh"

! may_skip "$backend" || skip "TUFF_SKIP_BACKENDS names $backend"

value() { "$json_value" "$@"; }
is() { [[ $(value "$1" "$2") == "$3" ]]; }
# holds FILE EXPRESSION PATH…: the awk expression of the values $1, $2, …
holds()
{
    local file=$1 expression=$2 path values=()
    shift 2
    for path in "$@"; do values+=("$(value "$file" "$path")") || return 1; done
    awk "{ exit !($expression) }" <<< "${values[*]}"
}

run bench lenet-mnist --backend "$backend" --seconds 0.1 --no-peak --quiet
check "bench" test "$status" -eq 0
check "the model" out_has '^model    lenet-mnist, 60,074 parameters$'
check "the backend" out_has "^backend  $backend: "
check "made-up data" out_has '^data     made up, 42,752 images (1, 28, 28)$'
check "the batch" out_has '^batch    16, training with adam$'
check "the time of a step" \
    out_has '^step     [0-9.]* \(us\|ms\|s\) median, [0-9.]* \(us\|ms\|s\) p90, [0-9.]* \(us\|ms\|s\) best, of [0-9]* groups of [0-9]* steps*$'
check "samples" out_has '^samples  [0-9,.]* a second$'
check "the work" out_has '^work     [0-9.]* MFLOP a step, [0-9.]* GFLOP/s$'
check "memory on the device" out_has '^memory   [0-9.]* MiB on the device: parameters 234.9 KiB, gradients 234.9 KiB, optimizer 469.8 KiB,$'
check "memory of the process" out_has '; the process: [0-9.]* [MG]iB resident at most$'
check "the start" out_has '^start    [0-9.]* .* to the end of the first step: model .*, device .*, data .*, plan .*, step '
check "no peak" lacks '^\(peak\|copy\|dispatch\) ' "$out"
check "no profile" lacks '^ *#  op' "$out"

run bench lenet-mnist --backend "$backend" --seconds 0.1 --profile --json figures.json --trace trace.json --seed 7 \
    --batch 32 --optimizer sgd
check "--profile" test "$status" -eq 0
check "the peak" out_has '^peak     [0-9.]* GFLOP/s, of which the step has [0-9.]*%$'
check "how it was measured" out_has ' measured: linear_forward of this backend, \(256\|512\|1024\|2048\) x '
check "the copy" out_has '^copy     [0-9.]* GB/s read and written, tensors of [0-9.]* MiB$'
check "a table of ops" out_has '^  #  op  *layer  *timed  *median  *share  *FLOP  *bytes  *GFLOP/s  *GB/s  *of peak$'
check "products are bound by FLOP, or by bytes where there is much of that" out_has '^linear_[a-z_]*  *[0-9]* .* [0-9]*% [FB]$'
check "optimizers by bytes" out_has '^ *[0-9]*  sgd  .* [0-9]*% B$'
check "what the letters mean" out_has '^of peak: F, .*; B, '
check "with a layer" out_has '^ *[0-9]*  conv2d_\(relu_max_pool2d_\)*backward_weight  *conv2 '
check "and of kinds" out_has '^all of a kind  *calls  *median'
check "the sum of the ops" out_has '^[0-9.]* [a-z]*: the sum of the ops, timed one by one by the \(backend\|host\).s clock in [1-9][0-9]* steps;$'
check "beside a step" out_has ': such a step as a whole; [0-9.]* [a-z]*: a replayed step, in which no op is timed$'
# Rounded to a hundredth of a percent each.
check "shares of ops add up to 100%" awk '
    /^all of a kind/ { exit } $0 ~ /^ *[0-9]+  [a-z]/ { for (i = 1; i <= NF; i++) if ($i ~ /[.][0-9][0-9]%$/) { sum += $i; rows++ } }
    END { exit !(rows > 20 && sum > 99.5 && sum < 100.5) }' "$out"
check "shares of kinds too" awk '
    /^all of a kind/ { kinds = 1; next } /^$/ { kinds = 0 }
    kinds { for (i = 1; i <= NF; i++) if ($i ~ /[.][0-9][0-9]%$/) { sum += $i; rows++ } }
    END { exit !(rows > 10 && sum > 99.5 && sum < 100.5) }' "$out"
check "the best is the first" awk '
    /^all of a kind/ { kinds = 1; next } /^$/ { kinds = 0 }
    kinds { for (i = 1; i <= NF; i++) if ($i ~ /[.][0-9][0-9]%$/) { if (last != "" && $i + 0 > last + 0) wrong = 1; last = $i } }
    END { exit wrong }' "$out"

check "--json is a JSON object" value figures.json
check "the model in it" is figures.json model '"lenet-mnist"'
check "the backend in it" is figures.json backend "\"$backend\""
check "the batch in it" is figures.json batch 32
check "the optimizer in it" is figures.json optimizer '"sgd"'
check "the seed in it" is figures.json seed '"7"'
check "fusion in it" is figures.json fusion true
check "the work in it" is figures.json work '"training"'
check "made up" is figures.json data.made_up true
check "times are in order" holds figures.json '$1 > 0 && $1 <= $2 && $2 <= $3' step.best_seconds step.median_seconds step.p90_seconds
check "samples a second follow" holds figures.json '($1 * $2 - 32) ^ 2 < 1e-6' step.samples_per_second step.median_seconds
check "GFLOP/s follow" holds figures.json '($1 * 1e9 * $2 / $3 - 1) ^ 2 < 1e-9' step.gflops step.median_seconds step.flops
# Behind a pooling a fused convolution's gradients are those of the winners alone.
check "the FLOP of a step" holds figures.json '$1 > 23.8e6 && $1 < 37.4e6' step.flops
check "the share of the peak" holds figures.json '($1 * $2 / $3 - 1) ^ 2 < 1e-9' peak.share_of_step peak.gflops step.gflops
check "the copy in it" holds figures.json '$1 > 0 && ($1 * 1e9 * $2 / (2 * $3) - 1) ^ 2 < 1e-9 && $3 >= 2 ^ 22' \
    copy.gbytes_per_second copy.seconds copy.tensor_bytes
if [[ $backend == reference || $backend == onednn ]]; then # they do not capture
    check "no cost of a dispatch" is figures.json dispatch null
    check "nor in the text" lacks '^dispatch' "$out"
else
    check "the cost of a dispatch" out_has '^dispatch [0-9.]* [num]*s dependent, [0-9.]* [num]*s independent: '
    check "in the document too" holds figures.json '$1 > 0 && $1 < 1 && $2 > 0 && $2 < 1' \
        dispatch.dependent_seconds dispatch.independent_seconds
fi
check "what bounds an op" is figures.json profile.ops.0.bound_by '"bytes"'
check "shares of the peak follow" holds figures.json '($1 * $2 / $3 - 1) ^ 2 < 1e-9' \
    profile.ops.0.of_peak copy.gbytes_per_second profile.ops.0.gbytes_per_second
check "memory" holds figures.json '$1 == 240512 && $2 == $1 && $3 == 0 && $4 > 1e7' memory.parameters memory.gradients memory.optimizer memory.process_resident
check "the start's parts are no more than the whole" holds figures.json '$1 + $2 + $3 + $4 <= $5 && $6 > 0' \
    first_step.phases.device first_step.phases.data first_step.phases.plan first_step.phases.step first_step.seconds first_step.begin
if [[ $backend == vulkan ]]; then
    check "a table of dispatches" out_has '^dispatch  *does  *layer  *timed  *median  *share  *invoked  *GFLOP/s  *GB/s  *of peak$'
    check "in which several ops are one" out_has '^gather_batch  *1-3  *state '
    check "and their sum" out_has '^[0-9.]* [a-z]*: the sum of [1-9][0-9]* dispatches, timed by the device.s clock in replayed steps;$'
    check "dispatches in the document" is figures.json profile.dispatches.list.0.kernel '"gather_batch"'
    check "with what they do" is figures.json profile.dispatches.list.0.ops.1 '"gather_images x"'
    check "by number too" is figures.json profile.dispatches.list.0.indices.2 2
    check "their sum is no more than a step" holds figures.json '$1 > 0 && $1 <= 1.5 * $2' \
        profile.dispatches.sum_seconds profile.dispatches.step_seconds
else
    check "no dispatches" is figures.json profile.dispatches null
fi
check "a profile of the first op" is figures.json profile.ops.0.op '"step_advance"'
check "its sum" holds figures.json '$1 > 0 && $2 > 0' profile.sum_seconds profile.step_seconds

check "--trace is a JSON object" value trace.json
check "with names" is trace.json traceEvents.0.args.name '"tuff bench lenet-mnist"'
check "with what was done first" is trace.json traceEvents.3.name '"model"'
tr -d '\n' < trace.json | sed 's/  */ /g; s/}, {/},\n{/g' > events
check "with ops" test "$(grep -c '"name": "step_advance", "cat": "op", "ph": "X"' events)" -ge 3
check "of which all have a time and a length" awk '
    /"ph": "X"/ { spans++; if ($0 !~ /"ts": [0-9.e+-]+/ || $0 !~ /"dur": [0-9.e+-]+/ || $0 ~ /"dur": -/) wrong = 1 }
    END { exit wrong || spans < 60 }' events

run bench lenet-mnist --backend "$backend" --seconds 0.05 --no-peak --no-fusion --profile --json parts.json --batch 32 \
    --optimizer sgd
check "--no-fusion" test "$status" -eq 0
check "it is in the document" is parts.json fusion false
check "no op stands for several" lacks 'conv2d_relu_\|linear_relu_' "$out"
check "each part is there" out_has '^ *[0-9]*  max_pool2d_backward  *'
# Without momentum: 2 for each parameter; 18.57 million for 16 samples.
check "the FLOP of the parts" holds parts.json '$1 > 36.3e6 && $1 < 37.4e6' step.flops

if [[ $backend == reference || $backend == vulkan ]]; then
    run bench lenet-mnist --backend "$backend" --seconds 0.05 --no-peak --precision mixed --json mixed.json
    check "--precision mixed" test "$status" -eq 0
    check "the text says so" out_has '^batch    16, training with adam, in mixed precision$'
    check "and the document" is mixed.json precision '"mixed"'
fi

# What tuff summary plans is what a training takes: on the device, and of the machine where that is the same memory.
if [[ $backend == cpu ]]; then
    for batch in 16 64; do
        run bench resnet9-cifar10 --backend cpu --seconds 0.02 --no-peak --batch $batch --json memory$batch.json
        check "a batch of $batch" test "$status" -eq 0
        sed -n 's/.*activations \([^,]*\),.*/\1/p' "$out" > taken
        run summary resnet9-cifar10 --backend cpu --batch $batch
        check "planned" out_has "^Memory that training takes on cpu: .*, batch of $batch:"
        check "are its activations" out_has "^  activations  *$(cat taken)\$"
        for part in parameters gradients optimizer activations data process_resident; do
            value memory$batch.json memory.$part
        done > bytes$batch
    done
    check "what a larger batch adds to the process is as planned, within 5%" \
        awk 'FNR == 1 { file++ } FNR < 6 { plan[file] += $1 } FNR == 6 { resident[file] = $1 }
             END { planned = plan[2] - plan[1]; took = resident[2] - resident[1]
                   print planned " bytes planned, " took " taken"
                   exit !(planned > 1e8 && took > 0.95 * planned && took < 1.05 * planned) }' bytes16 bytes64
fi

if [[ $backend == vulkan ]]; then
    TUFF_VULKAN_MIN_LIMITS=1 run bench lenet-mnist --backend vulkan --seconds 0.05 --no-peak --precision mixed
    check "--precision mixed without 16-bit storage" test "$status" -eq 1
    check "says what the device lacks" err_has 'has no 16-bit storage (storageBuffer16BitAccess), which float16 tensors take$'
    check "and what to do" err_has '^tuff: error: backend vulkan has no float16 cast.*(--precision float32)$'
fi

run bench lenet-mnist --backend "$backend" --seconds 0.05 --no-peak --eval --batch 8 --json -
check "--eval --json -" test "$status" -eq 0
cp "$out" document.json
check "stdout is the document and nothing else" value document.json
check "the text goes to stderr" err_has '^batch    [0-9]*, evaluation$'
check "evaluation takes several batches at once" holds document.json '$1 >= 8 && $1 % 8 == 0' batch
check "it has no optimizer" is document.json optimizer null
check "and no gradients" is document.json memory.gradients 0
for ceiling in peak copy dispatch; do check "no $ceiling in it" is document.json "$ceiling" null; done
check "no profile in it" is document.json profile null

run bench lenet-mnist --backend "$backend" --seconds 0.05 --no-peak --data digits --batch 64
check "--data" test "$status" -eq 0
check "names the set" out_has '^data     digits, 60,000 images (1, 28, 28)$'

if [[ $backend == reference ]]; then
    refuses 1 "no model 'lenet-mnits' ships; did you mean 'lenet-mnist'?" "misspelt model" bench lenet-mnits
    refuses 1 "unknown backend 'refrence'; did you mean 'reference'?" "misspelt backend" bench lenet-mnist -b refrence
    refuses 1 "unknown data set 'minst'; did you mean 'mnist'?" "misspelt data set" bench lenet-mnist -b reference -D minst
    refuses 1 "takes images of 3 x 32 x 32, but digits has 1 x 28 x 28" "data that does not fit" bench lenet-cifar10 -b reference -D digits
    refuses 1 "cannot write 'no/where.json': No such file" "a file that cannot be" bench lenet-mnist -b reference --json no/where.json
    refuses 1 "cannot write 'no/where.json': No such file" "a trace that cannot be" bench lenet-mnist -b reference --trace no/where.json
    refuses 2 "json - and --trace - exclude each other" "two documents" bench lenet-mnist --json - --trace -
    refuses 2 "data-dir goes with --data only" "--data-dir alone" bench lenet-mnist --data-dir .
    refuses 2 "MODEL is missing" "no model" bench --batch 3
    refuses 2 "seconds: expected a number above 0" "--seconds 0" bench lenet-mnist --seconds 0
fi
finish
