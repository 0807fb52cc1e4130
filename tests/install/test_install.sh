#!/usr/bin/env bash
# An installation as its users see it: the command finds its plugins, a program builds against the library with CMake and
# with pkg-config, and a plugin builds on its own against nothing but what was installed, and passes tuff check.
#
#   test_install.sh BUILD SOURCE    BUILD: a build tree of Tuff; SOURCE: its sources
set -euo pipefail

build=$(realpath "$1") source=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
# Nothing but the installation may be found.
unset TUFF_PLUGIN_PATH
checks=0
ok() {
    checks=$((checks + 1))
    echo "ok $checks - $1"
}
fail() {
    echo "not ok - $1" >&2
    [[ -z ${2:-} ]] || sed 's/^/# /' "$2" >&2
    exit 1
}

cmake --install "$build" --prefix "$prefix" >"$work/log" 2>&1 || fail "cmake --install" "$work/log"
tuff=$prefix/bin/tuff
"$tuff" devices >"$work/log" 2>&1 || fail "the installed command starts" "$work/log"
grep -q "$prefix/.*/tuff/plugins/tuff-reference.so" "$work/log" || fail "it finds the installed plugins" "$work/log"
if grep "$build" "$work/log"; then fail "it looks into the build tree"; fi
ok "the installed command finds its own plugins"

for file in bash-completion/completions/tuff zsh/site-functions/_tuff man/man1/tuff.1 man/man1/tuff-train.1; do
    [[ -s $prefix/share/$file ]] || fail "share/$file is installed"
done
compopt() { :; } # no completion is under way, and it would say so
# shellcheck disable=SC1091 # installed above
source "$prefix/share/bash-completion/completions/tuff"
COMP_WORDS=("$tuff" train lenet-m) COMP_CWORD=2
_tuff
[[ ${COMPREPLY[*]} == lenet-mnist ]] || fail "the installed completion knows a model"
unset -f compopt
ok "completion and manual pages are installed"

mv "$prefix" "$work/moved"
prefix=$work/moved tuff=$work/moved/bin/tuff
"$tuff" summary lenet-mnist | grep 60,074 > /dev/null || fail "the installation works where it was moved to"
ok "an installation can be moved"

cat >"$work/program.c" <<'END'
#include <tuff/trainer.h>
int main(void)
{
    struct tuff_model *model;
    if (tuff_model_load(NULL, "lenet-mnist", &model) != TUFF_OK)
        return 1;
    int right = tuff_model_parameter_elements(model) == 60074;
    tuff_model_destroy(&model);
    return right && model == NULL ? 0 : 1;
}
END
pkgconfig=$(dirname "$(find "$prefix" -name tuff.pc)")
# shellcheck disable=SC2046
cc "$work/program.c" -o "$work/program" $(PKG_CONFIG_PATH=$pkgconfig pkg-config --cflags --libs tuff) \
    -Wl,-rpath,"$(dirname "$pkgconfig")" >"$work/log" 2>&1 || fail "a program builds with pkg-config" "$work/log"
"$work/program" || fail "a program built with pkg-config runs"
ok "a program builds with pkg-config and runs"

mkdir "$work/app"
cp "$work/program.c" "$work/app/"
cat >"$work/app/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(app LANGUAGES C)
find_package(tuff REQUIRED)
add_executable(app program.c)
target_link_libraries(app PRIVATE tuff::tuff)
END
{ cmake -S "$work/app" -B "$work/app/build" -DCMAKE_PREFIX_PATH="$prefix" && cmake --build "$work/app/build"; } \
    >"$work/log" 2>&1 || fail "a program builds with find_package" "$work/log"
"$work/app/build/app" || fail "a program built with find_package runs"
ok "a program builds with find_package and runs"

# The program of docs/embedding.md, as it stands there.
mkdir "$work/embedding"
awk '/^```/ { inside = 0 } inside { print } $0 == "```c" { inside = 1 }' "$source/docs/embedding.md" >"$work/embedding/app.c"
grep -q tuff_model_builder_create "$work/embedding/app.c" || fail "docs/embedding.md has a program"
# shellcheck disable=SC2046
cc -std=c11 -Wall -Wextra -Wconversion -Wshadow -Werror "$work/embedding/app.c" -o "$work/embedding/app" \
    $(PKG_CONFIG_PATH=$pkgconfig pkg-config --cflags --libs tuff) -Wl,-rpath,"$(dirname "$pkgconfig")" \
    >"$work/log" 2>&1 || fail "the documentation's program builds" "$work/log"
(cd "$work/embedding" && ./app) >"$work/log" 2>"$work/log.err" || fail "the documentation's program runs" "$work/log.err"
accuracy=$(sed -n 's/^epoch 3: training loss .*, test accuracy \([0-9]*\)\.[0-9]%$/\1/p' "$work/log")
((${accuracy:-0} > 80)) || fail "the documentation's program learns" "$work/log"
[[ -s $work/embedding/small.safetensors ]] || fail "the documentation's program saves what it learned"
(($(grep -c '^image [0-2]: it is [0-9], and looks like [0-9]$' "$work/log") == 3)) ||
    fail "the documentation's program predicts" "$work/log"
grep -qE '^image .: it is (.), and looks like \1$' "$work/log" || fail "it is right once at least" "$work/log"
ok "the program of docs/embedding.md builds, learns and predicts"

# The headers are C++ as well, each by itself.
if command -v c++ >/dev/null; then
    for header in "$prefix"/include/tuff/*.h; do
        [[ $(basename "$header") != op_list.h ]] || continue
        echo "#include <tuff/$(basename "$header")>" >"$work/header.cc"
        # shellcheck disable=SC2046
        c++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only "$work/header.cc" \
            $(PKG_CONFIG_PATH=$pkgconfig pkg-config --cflags tuff) >"$work/log" 2>&1 ||
            fail "$(basename "$header") is C++, too" "$work/log"
    done
    ok "every header is C++, too, and stands alone"
else
    echo "no C++ compiler is here: the headers were tried as C alone"
fi

# The plugin's sources alone: nothing of the tree around them can be reached.
cp -r "$source/plugins/reference" "$work/plugin"
{ cmake -S "$work/plugin" -B "$work/plugin/build" -DCMAKE_PREFIX_PATH="$prefix" && cmake --build "$work/plugin/build"; } \
    >"$work/log" 2>&1 || fail "the reference plugin builds alone" "$work/log"
rm "$prefix"/lib*/tuff/plugins/tuff-reference.so "$prefix"/lib/*/tuff/plugins/tuff-reference.so 2>/dev/null || true
plugin=$work/plugin/build/tuff-reference.so
"$tuff" check --plugin "$plugin" --backend reference --corners --op linear_forward >"$work/log" 2>&1 ||
    fail "a plugin that was built alone passes tuff check" "$work/log"
grep -q " 0 failed" "$work/log" || fail "tuff check says what it ran" "$work/log"
"$tuff" train lenet-mnist --plugin "$plugin" --backend reference --digits-train 64 --digits-test 16 --epochs 1 \
    --out "$work/run" >"$work/log" 2>&1 || fail "a plugin that was built alone trains" "$work/log"
ok "a plugin builds alone against the installation, passes tuff check and trains"

# So does the oneDNN plugin, where the build has one; it is checked in place of the installed one.
installed=$(find "$prefix" -name tuff-onednn.so)
if [[ -n $installed ]]; then
    rm "$installed"
    cp -r "$source/plugins/onednn" "$work/onednn"
    { cmake -S "$work/onednn" -B "$work/onednn/build" -DCMAKE_PREFIX_PATH="$prefix" &&
        cmake --build "$work/onednn/build"; } >"$work/log" 2>&1 || fail "the oneDNN plugin builds alone" "$work/log"
    "$tuff" check --plugin "$work/onednn/build/tuff-onednn.so" --plugin "$plugin" --backend onednn --corners \
        >"$work/log" 2>&1 || fail "the oneDNN plugin that was built alone passes" "$work/log"
    grep -q " 0 failed" "$work/log" || fail "tuff check says what it ran of the oneDNN plugin" "$work/log"
    ok "the oneDNN plugin builds alone against the installation and passes tuff check"
fi

echo "$checks checks"
