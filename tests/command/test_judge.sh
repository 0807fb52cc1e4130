#!/usr/bin/env bash
# eval, predict, misses and report: the figures agree with each other, files are what they should be, wrong usage is
# refused.
# shellcheck disable=SC2317 # functions that check calls
tuff=$1
json_value=$(realpath "$2")
source "$(dirname "$0")/assert.sh"
train=(train lenet-mnist --backend reference --digits-train 400 --digits-test 100)
run "${train[@]}" --epochs 2 --log-every 5 --out run
check "a run to judge" test "$status" -eq 0
judged=(run --backend reference)

png() { [[ $(head -c 8 "$1" | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a ]]; }
svg() { xmllint --noout --nonet "$1"; }
for command in eval predict misses report "data show"; do
    read -ra words <<< "$command"
    run "${words[@]}" --help
    check "$command --help succeeds" test "$status" -eq 0
    check "$command --help begins with the usage" out_has "^Usage: tuff $command "
    check "$command --help has examples" out_has "^  tuff $command "
    check "$command --help fits 80 columns" awk 'length > 80 { exit 1 }' "$out"
    check "$command --help fits 40 lines" test "$(wc -l < "$out")" -le 40
done

is_json() { "$json_value" "$out"; }
# field PATH: what the JSON on stdout has there.
field() { "$json_value" "$out" "$1"; }

# eval
run eval "${judged[@]}"
check "eval succeeds" test "$status" -eq 0
check "eval: loss, accuracy and top 5" out_has '^digits test: loss [0-9.]*, accuracy \([0-9.]*\)% ([0-9]* of 100 images), top 5 '
check "eval: a line for each class" out_has '^7  *[0-9]*  *[0-9.]*%  *[0-9.]*%  *[0-9.]*%$'
check "eval: the mean" out_has '^mean  *100  '
right=$(grep -o '([0-9]* of 100' "$out" | tr -dc '0-9 ' | cut -d' ' -f1)
diagonal=$(awk '/^Labels down/ { getline; for (i = 0; i < 10; i++) { getline; sum += $(i + 2) == "." ? 0 : $(i + 2) } } END { print sum }' "$out")
check "eval: the matrix' diagonal adds up to what is right" test "$right" = "$diagonal"
all=$(awk '/^Labels down/ { getline; for (i = 0; i < 10; i++) { getline; for (k = 2; k <= 11; k++) sum += $k == "." ? 0 : $k } } END { print sum }' "$out")
check "eval: the matrix holds every image" test "$all" = 100
COLUMNS=40 run eval "${judged[@]}"
check "eval: what is mixed up where the matrix is too wide" out_has '^Mixed up most:$'
check "eval: no line wider than the narrow terminal's table" out_has '^label  guess'
run eval "${judged[@]}" --json
check "eval --json is nothing but JSON" is_json
check "eval --json: as many right as the text says" test "$(field correct)" = "$right"
check "eval --json: the last cell of the matrix" field confusion.9.9
check "eval --json: ten classes have ten names" test "$(field classes.9.name)" = '"9"'
check "eval --json: the accuracy" awk "BEGIN { exit !($(field accuracy) == $right / 100) }"
run eval "${judged[@]}" --csv figures.csv --heatmap heat.png
check "eval: files are written" test "$status" -eq 0
check "eval --csv: a heading" has '^class,samples,guessed,correct,precision,recall,f1,guess 0,guess 1,' figures.csv
check "eval --csv: a line for each class" test "$(wc -l < figures.csv)" -eq 11
check "eval --csv: what is right adds up" test "$(awk -F, 'NR > 1 { sum += $4 } END { print sum }' figures.csv)" = "$right"
check "eval --csv: columns of the matrix add up to the guesses" awk -F, 'NR > 1 { for (i = 0; i < 10; i++) column[i] += $(8 + i); guessed[NR - 2] = $3 } END { for (i = 0; i < 10; i++) if (column[i] != guessed[i]) exit 1 }' figures.csv
check "eval --heatmap: a PNG" png heat.png
run eval "${judged[@]}" --heatmap heat.svg --quiet
check "eval --heatmap: SVG" svg heat.svg
refuses 2 "heatmap: expected a file that ends in .png or .svg" "a picture of another kind" eval run --heatmap heat.jpg
refuses 2 "expected 'train' or 'test'" "a split that is none" eval run --split all
run eval "${judged[@]}" --csv -
check "eval --csv -: the table alone" same "$out" figures.csv
refuses 2 "\-\-json and --csv - exclude each other" "two documents at once" eval "${judged[@]}" --csv - --json
run eval "${judged[@]}" --csv none/figures.csv
check "a table that cannot be written" test "$status" -eq 1
check "a table that cannot be written: one line" one_error none/figures.csv

# misses
run misses "${judged[@]}" --csv misses.csv --out misses.png
check "misses succeeds" test "$status" -eq 0
check "misses: as many as eval says are wrong" out_has "^$((100 - right)) of 100 images of digits test are misses"
check "misses --csv: all of them" test "$(wc -l < misses.csv)" -eq $((101 - right))
check "misses --csv: the most confident first" awk -F, 'NR > 2 && $6 > before { exit 1 } NR > 1 { before = $6 }' misses.csv
check "misses --csv: label and guess differ" awk -F, 'NR > 1 && $2 == $4 { exit 1 }' misses.csv
check "misses --out: a PNG" png misses.png
run misses "${judged[@]}" --csv -
check "misses --csv -: the table alone" same "$out" misses.csv
run misses "${judged[@]}" --limit 3 --csv three.csv --out three.svg --show --style plain
check "misses --limit: so many lines" test "$(wc -l < three.csv)" -eq 4
check "misses --limit: so many pictures" test "$(grep -c '<image' three.svg)" -eq 3
check "misses --show: they are on the terminal" out_has '[@%#]'
check "misses --out: SVG" svg three.svg

# predict
index=$(awk -F, 'NR == 2 { print $1 }' misses.csv)
guess=$(awk -F, 'NR == 2 { print $4 }' misses.csv)
label=$(awk -F, 'NR == 2 { print $2 }' misses.csv)
run predict "${judged[@]}" --index "$index"
check "predict succeeds" test "$status" -eq 0
check "predict: what misses says" out_has "^digits test $index: $guess, labelled $label: wrong$"
check "predict: five classes" test "$(grep -c '^  *[0-9]  *[0-9.]*%' "$out")" -eq 5
run predict "${judged[@]}" --index "$index" --index 0 --top 3 --quiet --save two.svg
check "predict: two images" test "$(grep -c '^digits test ' "$out")" -eq 2
check "predict --top: three classes each" test "$(grep -c '^  *[0-9]  *[0-9.]*%' "$out")" -eq 6
check "predict --save: SVG" svg two.svg
check "predict --save: both" test "$(grep -c '<image' two.svg)" -eq 2
run predict "${judged[@]}" --index "$index" --json
check "predict --json is nothing but JSON" is_json
check "predict --json: the guess" test "$(field predictions.0.guess)" = "$guess"
# From the ten logits, printed at full precision, follows the probability of the guess.
logits=$(field predictions.0.logits) probability=$(field predictions.0.probability)
check "predict --json: logits and probability agree" awk -v logits="${logits//[^0-9.,e+-]/}" -v p="$probability" -v guess="$guess" '
    BEGIN {
        n = split(logits, value, ",")
        for (i = 1; i <= n; i++) sum += exp(value[i])
        found = exp(value[guess + 1]) / sum
        exit !(n == 10 && found - p < 1e-12 && p - found < 1e-12)
    }'
refuses 2 "an image or --index is missing" "predict without an image" predict run
refuses 1 "expected a sample from 0 to 99, found '100'" "an image beyond the set" predict "${judged[@]}" --index 100
refuses 2 "expected a whole number, found '-1'" "an image before the set" predict "${judged[@]}" --index -1
refuses 2 "style: expected one of" "a style that is none" predict run --index 1 --style sepia

# report
run report "${judged[@]}"
check "report succeeds" test "$status" -eq 0
check "report says where the page is" out_has '^report  run/report/index.html$'
page=run/report/index.html
check "the page is well-formed" svg $page
for section in training classes misses filters model run; do
    check "the page has the section $section" has "<section id=\"$section\"" $page
done
check "the page: as many misses as eval says" has ">$((100 - right)) <small>of 100<" $page
check "the page: settings" has '<dt>optimizer</dt><dd>adam, ' $page
for picture in loss accuracy steps confusion misses filters; do
    check "$picture.png" png run/report/$picture.png
    check "$picture.svg" svg run/report/$picture.svg
done
# What a stranger's run folder holds leads nowhere else.
mkdir linked elsewhere
cp run/config.json run/metrics.jsonl run/last.safetensors linked/
ln -s ../elsewhere linked/report
refuses 1 "'linked/report' is a link; name the page's folder with --out" "a link for the page's folder" report linked --no-eval
rm linked/report && mkdir linked/report
ln -s ../../elsewhere/index.html linked/report/index.html.new
run report linked --no-eval
check "report beside a link" test "$status" -eq 0
check "report beside a link: nothing is written through it" test -z "$(ls elsewhere)"
run report run --no-eval --out bare --data-dir nowhere
check "report without an evaluation" test "$status" -eq 0
check "report without an evaluation: curves" has '<section id="training"' bare/index.html
check "report without an evaluation: no misses" lacks '<section id="misses"' bare/index.html
check "report without an evaluation: the model" has '<section id="model"' bare/index.html
mkdir mine && echo mine > mine/index.html && cp mine/index.html mine/steps.png
refuses 1 "'mine/index.html' is no page of tuff's; choose another folder" "report over another page" report run --no-eval --out mine
run report run --backend none --out mine
check "report over another page: known before the evaluation" err_has "is no page of tuff's"
check "report over another page: it stays" same mine/index.html mine/steps.png
check "report over another page: nothing is written" test "$(ls mine)" = "$(printf 'index.html\nsteps.png')"

# A run without an evaluation, and one that was interrupted in its first epoch.
run "${train[@]}" --steps 5 --out 'steps <i>'
run report 'steps <i>' --backend reference
check "a run without test figures" test "$status" -eq 0
check "a run without test figures: no test curve" lacks '>test</text>' 'steps <i>/report/index.html'
check "the command that made it, as a shell takes it" has '^<pre><code>.*tuff train lenet-mnist .* --steps 5 --out &#39;steps &lt;i&gt;&#39;</code>' 'steps <i>/report/index.html'
cp -r run stopped
rm -r stopped/report
echo '{"type":"interrupted","epoch":1,"step":7,"train_loss":2.1,"train_accuracy":0.25,"train_samples":112}' > stopped/metrics.jsonl
run report stopped --backend reference
check "a run interrupted in its first epoch" test "$status" -eq 0
check "a run interrupted in its first epoch: said" has 'interrupted in epoch 1, after 7 steps' stopped/report/index.html
check "a run interrupted in its first epoch: judged all the same" has '<section id="classes"' stopped/report/index.html
echo '{"type":"epoch","epoch":1,"step":7,"train_loss":null,"train_accuracy":0.1,"test_loss":null,"test_accuracy":0.1}' > stopped/metrics.jsonl
run report stopped --no-eval
check "a training that diverged" has 'no value is a number' stopped/report/index.html
sed -i 's|"source": "lenet-mnist"|"source": "<img src=x>"|' stopped/config.json
run report stopped --no-eval
check "what config.json says is text" lacks '<img src=x>' stopped/report/index.html
refuses 1 "expected the folder of a run, found the file" "report of a file" report run/last.safetensors
refuses 1 "holds no run" "report of a folder that is no run" report run/report
mkdir broken && printf '{\n"epochs": }\n' > broken/config.json
refuses 1 "broken/config.json:2:11: " "report of a run whose config.json is broken" report broken
refuses 1 "cannot read 'nothing'" "report of nothing" report nothing
echo 'nonsense' > stopped/metrics.jsonl
refuses 1 "metrics.jsonl:1: " "metrics that are none" report stopped --no-eval
finish
