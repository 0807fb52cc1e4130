"""gpu_run_cases.py BENCH: what tools/gpu-run does on machines that a test has not got, with a stand-in for tuff. BENCH:
the folder of its scripts. Run in an empty folder; an assertion that fails ends it."""

import argparse
import contextlib
import io
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import gpu_prepare  # noqa: E402  (they lie in that folder)
import gpu_session  # noqa: E402
import gpu_steps  # noqa: E402
from gpu_session import Failure, Session, Skip, TooLong  # noqa: E402

# It finds what the variable HAS says, but the GPU where EGL is set and the driver's file is that of gpu-run. Each call
# of bench is noted with what it may spend on tiles.
TUFF = """#!/bin/sh
case "$*" in
    *--help-all*) echo --precision ;;
    devices*)
        if [ -n "$EGL" ] && [ "$VK_DRIVER_FILES" = "$VK_ICD_FILENAMES" ] &&
            grep -qs '"library_path": "libEGL_nvidia.so.0"' "$VK_DRIVER_FILES"; then HAS=gpu; fi
        case $HAS in
            crash) echo broken >&2; exit 139 ;;
            software) devices='{"name": "llvmpipe", "software_gpu": true}' ;;
            gpu) devices='{"name": "NVIDIA H200", "software_gpu": false}' ;;
            nothing) devices= ;;
        esac
        printf '{"backends": [{"name": "vulkan", "error": null, "devices": [%s]}]}' "$devices" ;;
    bench*)
        echo "$TUFF_VULKAN_TUNE_MS $*" >> benches
        echo '{"parameters": 7, "step": {"median_seconds": 0.5},
            "memory": {"parameters": 1, "gradients": 1, "optimizer": 1, "activations": 1, "data": 1}}' ;;
esac
"""
VARIABLES = ("HAS", "EGL", "VK_DRIVER_FILES", "VK_ICD_FILENAMES", "__EGL_VENDOR_LIBRARY_FILENAMES",
             "XDG_CACHE_HOME")


def session(out, quick=False, device=None, **variables):
    """Of a new run in the folder that the stand-in lies in."""
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(variables)
    options = argparse.Namespace(out=out, minutes=60, quick=quick, backend="vulkan", device=device, pytorch="cuda",
                                 python=sys.executable, rounds=3, again=[])
    return Session(os.path.abspath("there"), options)


def make_folder():
    os.makedirs("there/install/bin")
    os.symlink(sys.executable, "there/install/bin/tuff")  # for the dynamic linker alone
    with open("there/tuff", "w") as file:
        file.write(TUFF)
    os.chmod("there/tuff", 0o755)


def failure(function, *arguments):
    try:
        function(*arguments)
    except Failure as reason:
        return str(reason)
    raise AssertionError("it did not fail")


def run(one, *steps):
    with contextlib.redirect_stdout(io.StringIO()):
        return gpu_session.run_steps(one, steps, lambda _: None)


# ---- Files of a driver that is mounted somewhere


def mounted_driver():
    gpu_session.KNOWN_FOLDERS, gpu_session.MOUNTED_FOLDERS = ("known",), ("nowhere", "mounted")
    for path in ("mounted/vulkan/icd.d/nvidia_icd.json", "mounted/glvnd/egl_vendor.d/10_nvidia.json"):
        os.makedirs(os.path.dirname(path))
        open(path, "w").close()
    env = session("mounts").env
    assert env["VK_DRIVER_FILES"] == env["VK_ICD_FILENAMES"] == "mounted/vulkan/icd.d/nvidia_icd.json"
    assert env["__EGL_VENDOR_LIBRARY_FILENAMES"] == "mounted/glvnd/egl_vendor.d/10_nvidia.json"
    assert env["XDG_CACHE_HOME"] == os.path.abspath("there/cache")
    asked = {"VK_ICD_FILENAMES": "a", "__EGL_VENDOR_LIBRARY_FILENAMES": "b", "XDG_CACHE_HOME": "/c"}
    env = session("mounts", **asked).env
    assert "VK_DRIVER_FILES" not in env and all(env[name] == value for name, value in asked.items())
    gpu_session.MOUNTED_FOLDERS = ()


def absent_libraries():
    opened, gpu_prepare.OPENED = gpu_prepare.OPENED, {"libc.so.6": "libc6", "libnowhere.so.1": "no-such-package"}
    told = io.StringIO()
    with contextlib.redirect_stderr(told):
        found = gpu_prepare.vulkan_libraries(sys.executable)
    assert "libc.so.6" in found and "libnowhere.so.1" not in found
    assert "there is no libnowhere.so.1 to bring along; on Debian, no-such-package has it" in told.getvalue()
    gpu_prepare.OPENED = {gpu_prepare.LOADER: "some-package"}
    gpu_prepare.opened_libraries = lambda *_: {}
    assert "some-package has it" in failure(gpu_prepare.vulkan_libraries, sys.executable)
    gpu_prepare.OPENED, gpu_prepare.opened_libraries = opened, gpu_session.opened_libraries


# ---- The device


def other_driver():
    """NVIDIA's driver is tried by its other library where it has given nothing else, or only a CPU's."""
    for number, has in enumerate(("nothing", "software", "crash")):
        one = session("egl%d" % number, HAS=has, EGL="1")
        figures = gpu_steps.find_device(one)
        assert one.document["devices"] == ["NVIDIA H200"]
        assert figures["driver_file"] == os.path.join(one.out, "nvidia_egl_icd.json") == one.env["VK_ICD_FILENAMES"]
    one = session("egl3", HAS="gpu", EGL="1")
    assert gpu_steps.find_device(one)["driver_file"] is None
    one = session("egl4", quick=True, HAS="software", EGL="1", VK_DRIVER_FILES="/lvp_icd.json")
    assert gpu_steps.find_device(one)["driver_file"] == "/lvp_icd.json", "drivers that somebody has named stay"
    one = session("egl5", HAS="crash")
    assert "exit status 139: broken (libraries that " in failure(gpu_steps.find_device, one)
    assert os.listdir(one.out) == ["gpu-run.log"] and "VK_DRIVER_FILES" not in one.env
    assert "finds no device: no driver was found" in failure(gpu_steps.find_device, session("egl6", HAS="nothing"))


def software_driver():
    """It is measured if it was asked for, and else leaves no trace of its name."""
    one = session("cpu0", HAS="software")
    assert "finds no GPU, but what computes on the CPU: llvmpipe; " in failure(gpu_steps.find_device, one)
    assert "devices" not in one.document
    for number, asked in enumerate(({"device": "llvm"}, {"quick": True}), 1):
        one = session("cpu%d" % number, HAS="software", **asked)
        gpu_steps.find_device(one)
        assert one.document["devices"] == ["llvmpipe"]


def self_check():
    """Whatever float16 does, float32 is measured."""
    for number, (result, reason) in enumerate((
        (None, None),
        (Failure("wrong results"), "wrong results"),
        (TooLong(), "the self-check of float16 did not end"),
    )):
        one = session("mixed%d" % number, HAS="gpu")

        def tuff(*arguments, **more):
            if arguments[0] == "summary" and result is not None:
                raise result
            return Session.tuff(one, *arguments, **more)

        one.tuff = tuff
        assert run(one, gpu_steps.Step("device", "", 0, 100, gpu_steps.find_device))
        assert one.step("device")["state"] == "done"
        assert gpu_steps.has_mixed(one) == (result is None)
        assert one.figures("device")["no_mixed"] == reason


# ---- Turns


def speed_session(out, answers):
    """Whose PyTorch takes too long when it is asked more often than that."""
    one = session(out, HAS="gpu")
    one.document["steps"] = {
        "device": {"figures": {"mixed": {"bench": True}}}, "pytorch": {"state": "done", "figures": {"torch": "none"}}
    }
    asked = []

    def ask_pytorch(**request):
        asked.append(request)
        if len(asked) > answers:
            raise TooLong()
        return {"seconds": 1.0, "bytes": 1, "parameters": 7, "outputs": [1, 10]}

    one.ask_pytorch = ask_pytorch
    one.step_deadline = one.deadline - 1  # the whole run has time for more
    return one


def tiles():
    """They are timed in a start of each precision that does not count, and never in those that do."""
    configurations = len(gpu_steps.CONFIGURATIONS)
    one = speed_session("turns0", 3 * configurations + 1)
    one.step_deadline = time.monotonic() + 100
    sides = gpu_steps.speed("lenet-mnist", 16)(one)["sides"]
    assert [len(side["seconds"]) for side in sides] == [3] * (2 + configurations)
    with open("benches") as file:
        spent = [(float(words[0]), "mixed" in words) for words in map(str.split, file)]
    assert [mixed for most, mixed in spent if most > 0] == [False, True]
    assert all(most <= 25000 for most, _ in spent), "of the time that is left"
    assert len(spent) == 2 + 2 * 3 and all(most > 0 for most, _ in spent[:2])


def time_runs_out():
    """What there is counts once every side has been measured."""
    configurations = len(gpu_steps.CONFIGURATIONS)
    sides = gpu_steps.speed("lenet-mnist", 16)(speed_session("turns1", configurations + 1))["sides"]
    counts = {len(side["seconds"]) for side in sides if side["who"] == "PyTorch"}
    assert counts == {1, 2}
    everything = gpu_steps.speed("lenet-mnist", 16)(speed_session("turns2", 3 * configurations))["sides"]
    assert all(len(side["seconds"]) == 3 for side in everything), "nor is it lost when PyTorch is to forget its nets"
    cut = speed_session("turns3", configurations + 1)
    cut.step_deadline = cut.deadline
    for one in (speed_session("turns4", configurations - 1), cut):
        try:
            gpu_steps.speed("lenet-mnist", 16)(one)
        except TooLong:
            continue
        raise AssertionError("the fastest side may be without a figure; at the end of a run the next one goes on")


def retries():
    """What took too long is tried by one more run, after what that run tries for the first time."""
    order = []

    def step(name, result):
        def work(_):
            order.append(name)
            raise result
        return gpu_steps.Step(name, "", 0, 100, work)

    one = session("retries")
    steps = [step("slow", TooLong()), step("other", Skip("no use")), step("next", Failure("broken"))]
    assert run(one, steps[0]) and "; another run tries it once more" in one.step("slow")["message"]
    assert run(one, *steps) and order == ["slow", "other", "next", "slow"]
    assert "another run" not in one.step("slow")["message"]
    assert run(one, *steps) and len(order) == 4


make_folder()
mounted_driver()
absent_libraries()
other_driver()
software_driver()
self_check()
tiles()
time_runs_out()
retries()
