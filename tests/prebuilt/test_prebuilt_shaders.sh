#!/usr/bin/env bash
# Whether the committed modules belong to the shaders beside them, and whether the tool would notice if they did not.
#
#   test_prebuilt_shaders.sh SOURCE_FOLDER
set -euo pipefail
source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "FAIL: $1" >&2
    exit 1
}

"$source/tools/update-prebuilt-shaders" --check

copy()
{
    rm -rf "$work/tree"
    mkdir -p "$work/tree/tools"
    cp -r "$source/shaders" "$work/tree/"
    cp "$source/tools/update-prebuilt-shaders" "$work/tree/tools/"
}

# notices NAME FILE: --check fails and names FILE.
notices()
{
    ! "$work/tree/tools/update-prebuilt-shaders" --check >"$work/out" 2>&1 || fail "$1 goes unnoticed"
    grep -qF "$2" "$work/out" || fail "$1: the message does not name $2: $(cat "$work/out")"
}

copy
echo "// changed" >>"$work/tree/shaders/include/gemm_matrix.glsl"
notices "a changed include" shaders/include/gemm_matrix.glsl
copy
echo "// changed" >>"$work/tree/shaders/linear_forward.comp"
notices "a changed shader" shaders/linear_forward.comp
copy
printf 'x' >>"$work/tree/shaders/prebuilt/conv2d_forward.spv"
notices "a changed module" shaders/prebuilt/conv2d_forward.spv
copy
rm "$work/tree/shaders/prebuilt/linear_backward_weight.spv"
notices "a module that is missing" shaders/prebuilt/linear_backward_weight.spv
copy
sed -i '1s/-O /-O0 /' "$work/tree/shaders/prebuilt/MANIFEST"
notices "another command" "compiled otherwise"
