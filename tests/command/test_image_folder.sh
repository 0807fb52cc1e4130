#!/usr/bin/env bash
# Folders of images through the command: training and evaluating, the cache, broken files, stopping.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
make_images=$(realpath "$2")
source "$(dirname "$0")/assert.sh"
unset XDG_CACHE_HOME
train=(train lenet-cifar10 --backend reference --epochs 1)
caches() { ls home/.cache/tuff/images 2> /dev/null | wc -l; }

mkdir flowers
"$make_images" flowers/train 10 3 40 36
"$make_images" flowers/test 10 1 33 50
run "${train[@]}" --data ./flowers --out first
check "trains on a folder of images" test "$status" -eq 0
check "they have the model's size" out_has '^data    flowers, 30 training and 10 test images (3, 32, 32)'
check "no errors or warnings" lacks "error\|warning" "$err"
check "a cache of each split" test "$(caches)" -eq 2
run "${train[@]}" --data flowers --out second --verbose
check "the second time from the cache" err_has '30 images from the cache .*/tuff/images/flowers-train-'
check "the same checkpoint" same first/last.safetensors second/last.safetensors
run "${train[@]}" --data flowers --out third --no-cache --verbose
check "--no-cache decodes" lacks 'from the cache' "$err"
check "--no-cache: the same checkpoint" same first/last.safetensors third/last.safetensors
cache=$(ls home/.cache/tuff/images/flowers-test-*)
printf x >> "$cache"
run "${train[@]}" --data flowers --out fourth
check "a damaged cache is noticed" err_has 'warning: .*made anew: its sizes do not fit'
check "a damaged cache: the same checkpoint" same first/last.safetensors fourth/last.safetensors

run train lenet-mnist --backend reference --epochs 1 --data flowers --out gray
check "another model, another size" out_has 'images (1, 28, 28)'
run data show flowers --size 12 --count 3
check "data show --size: the images have it" out_has '^flowers train: 30 images (3, 12, 12), 10 classes$'
# A test split of its own, where the run's set was divided, is what eval takes; and it can be told to divide.
mkdir -p flat
cp -r flowers/train/* flat/
run "${train[@]}" --data flat --test-fraction 0.34 --out flat-run
check "--test-fraction: trains on a part" out_has '^data    flat, 20 training and 10 test images'
run eval flat-run --backend reference
check "eval divides as the training did" out_has '^flat test: .* of 10 images)'
run eval flat-run --backend reference --data flowers
check "eval takes another set's own split" out_has '^flowers test: .* of 10 images)'
run eval flat-run --backend reference --data flowers --test-fraction 0
check "eval: --test-fraction 0" out_has '^flowers test: .* of 10 images)'
refuses 1 "found none for test; where the folder itself holds CLASS/, --test-fraction 0.2" "a flat folder that is not divided" \
    eval flat-run --backend reference --test-fraction 0
image=$(find flowers/test -type f | head -n 1)
cp "$image" "$(dirname "$image")/another.${image##*.}"
refuses 1 "'first' was evaluated on 10 test images, and this set has 11" "another number of test images" \
    train --resume first --epochs 2
rm "$(dirname "$image")/another.${image##*.}"
mkdir elsewhere
(cd elsewhere && "$tuff" eval --backend reference ../first > "$out" 2> "$err")
check "eval finds the folder from anywhere" out_has '^flowers test: .* of 10 images)'
check "config.json has the folder's path" has "\"name\": \"$work/flowers\"" first/config.json
run export first --onnx first.onnx
check "a network goes to others without that path" bash -c '[[ -s first.onnx ]] && ! grep -q "$PWD" first.onnx'
check "but with the folder's name" has flowers first.onnx

# The same images elsewhere.
cp -r first moved
cp -r flowers moved-flowers
run train --resume moved --epochs 2 --data moved-flowers
check "--resume takes the same images from elsewhere" test "$status" -eq 0
run train --resume moved --epochs 3
check "and keeps the place" test "$status" -eq 0
check "config.json has it" has "\"name\": \"$work/moved-flowers\"" moved/config.json

# A class of another name, which has another place in their order.
cp -r flowers renamed
mv renamed/train/class-9 renamed/train/Other
mv renamed/test/class-9 renamed/test/Other
run eval first --backend reference
check "eval: the classes of the training" err_empty
run eval first --backend reference --data renamed
check "eval: other classes are warned of" err_has \
    "^tuff: warning: first/last.safetensors was trained with other classes: class 0 was 'class-0', and is 'Other' here$"

echo "no image" > flowers/train/class-3/odd.png
run "${train[@]}" --data flowers --out broken
check "a broken image: exit status" test "$status" -eq 1
check "a broken image: its name" err_has 'warning: flowers/train/class-3/odd.png: neither PNG nor JPEG'
check "a broken image: an error" err_has 'error: flowers/train: 1 of 31 images cannot be read; .*--skip-broken'
check "a broken image: nothing was written" absent broken
run "${train[@]}" --data flowers --out skipped --skip-broken
check "--skip-broken: exit status" test "$status" -eq 0
check "--skip-broken: says what is left out" err_has 'warning: flowers/train: 1 of 31 images are left out'
check "--skip-broken: the same training" diff <(timeless first/metrics.jsonl) <(timeless skipped/metrics.jsonl)
cp flowers/train/class-3/odd.png flowers/test/class-3/
run eval skipped --backend reference
check "--skip-broken: an evaluation leaves out as much" test "$status" -eq 0
run train --resume skipped --epochs 2
check "--skip-broken: going on leaves out as much" test "$status" -eq 0
cp -r first later
run train --resume later --epochs 2 --skip-broken
check "--skip-broken of a run that goes on" test "$status" -eq 0
run train --resume later --epochs 3
check "--skip-broken of a run that goes on: is kept" test "$status" -eq 0
rm flowers/train/class-3/odd.png flowers/test/class-3/odd.png

mv flowers/test/class-9 flowers/test/class-x
refuses 1 "train and test must have the same classes: test has no 'class-9'" "classes that differ" "${train[@]}" --data flowers
rm -r flowers/test
refuses 1 "found no test; --test-fraction" "no test split" "${train[@]}" --data flowers
run "${train[@]}" --data flowers --test-fraction 0.33 --out divided
check "--test-fraction divides" out_has '20 training and 10 test images'
run eval --backend reference divided
check "eval divides alike" out_has '^flowers test: .* of 10 images)'
run train lenet-cifar10 --backend reference --data flowers --steps 1 --out steps
check "--steps needs no test split" test "$status" -eq 0

# Many large images, so that there is time to look, and to stop.
"$make_images" one 1 1 1500 1500
for ((c = 0; c < 10; c++)); do
    mkdir -p "many/train/class-$c" "many/test/class-$c"
    ln one/class-0/0.png "many/test/class-$c/0.png"
    for ((i = 0; i < 60; i++)); do
        ln one/class-0/0.png "many/train/class-$c/$i.png"
    done
done
rm -r home/.cache
env --default-signal=INT "$tuff" "${train[@]}" --data many --out stopped > "$out" 2> "$err" &
training=$!
for ((i = 0; i < 200; i++)); do
    err_has '^reading training images  [0-9]*/600 images$' && break
    sleep 0.1
done
check "lines of progress" err_has '^reading training images  [0-9]*/600 images$'
SECONDS=0
kill -INT "$training"
wait "$training"
status=$?
check "SIGINT: exit status 130" test "$status" -eq 130
check "SIGINT: at once" test "$SECONDS" -le 5
check "SIGINT: says so" err_has '^tuff: interrupted$'
check "SIGINT: no error" lacks 'error' "$err"
check "SIGINT: no cache, whole or not" test "$(caches)" -eq 0
check "SIGINT: no run" absent stopped
if command -v script > /dev/null; then
    printf -v command '%q ' timeout --signal=INT 8 "$tuff" "${train[@]}" --data many --out bar
    TERM=xterm script --quiet --return --command "stty cols 90; $command" /dev/null 2>&1 < /dev/null | tr '\r' '\n' > lines
    check "terminal: a bar" has '^reading training images \[=*> *\]  *[0-9]*%  [0-9]*/600 images' lines
    check "terminal: fits 90 columns" awk '/^reading.*\[/ && length >= 98 { wide = 1 } END { exit wide }' lines
fi
finish
