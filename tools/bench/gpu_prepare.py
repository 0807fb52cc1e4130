"""Makes the folder that tools/gpu-run runs from on a machine that has a GPU and nothing of ours."""

import glob
import json
import os
import shutil
import subprocess
import sys

from gpu_session import LOADER, OPENED, Failure, listed_libraries, opened_libraries

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = ("gpu_prepare.py", "gpu_report.py", "gpu_session.py", "gpu_steps.py", "pytorch_cuda.py", "pytorch_nets.py",
           "pytorch_worker.py", "rounds.py")
# Part of the C library, which a machine has, and which has to fit its own loader.
OF_LIBC = ("ld-linux", "libanl.so", "libc.so", "libdl.so", "libm.so", "libmvec.so", "libpthread.so", "libresolv.so", "librt.so",
           "libutil.so", "linux-vdso")
WRAPPER = """#!/bin/sh
# tuff of this folder, with those of the libraries brought along that gpu-run has found missing on this machine.
here=$(cd "$(dirname "$0")" && pwd)
LD_LIBRARY_PATH=$here/install/lib:$here/missing${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
TUFF_PLUGIN_PATH=$here/install/lib/tuff/plugins
export LD_LIBRARY_PATH TUFF_PLUGIN_PATH
exec "$here/install/bin/tuff" "$@"
"""


def output(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failure("%s: %s" % (" ".join(command), (done.stderr.strip() or "no reason given").splitlines()[-1]))
    return done.stdout


def needed_libraries(path):
    """{name: where it lies} of all that a file is linked with."""
    libraries = listed_libraries(output(["ldd", path]))
    for name, place in libraries.items():
        if place is None:
            raise Failure("%s needs %s, which is not found" % (path, name))
    return libraries


def vulkan_libraries(tuff):
    """The same of what is opened at run time. But for the loader the folder is made without what is nowhere here: the
    machine with the GPU may have it."""
    found = opened_libraries(tuff, OPENED)
    for name, package in OPENED.items():
        if found.get(name) is not None:
            continue
        absent = "there is no %s to bring along; on Debian, %s has it" % (name, package)
        if name == LOADER:
            raise Failure(absent)
        print("gpu-run: warning: %s. NVIDIA's driver may find no GPU without it: install it and prepare again" % absent,
              file=sys.stderr)
    return {name: place for name, place in found.items() if place is not None}


def copy(source, target):
    """The file itself, also of a link, without what only a debugger reads."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(os.path.realpath(source), target)
    shutil.copymode(os.path.realpath(source), target)
    os.chmod(target, os.stat(target).st_mode | 0o200)
    if ".so" in os.path.basename(target) and shutil.which("strip"):
        subprocess.run(["strip", "--strip-debug", target], check=False, stderr=subprocess.DEVNULL)


def plugins_of(tuff, names):
    """{name: where it lies}"""
    found = {backend["name"]: backend["path"] for backend in json.loads(output([tuff, "devices", "--json"]))["backends"]}
    for name in names:
        if name not in found:
            raise Failure("%s has no backend %s, but %s: build it" % (tuff, name, ", ".join(found) or "none"))
    return {name: found[name] for name in names}


def copy_mnist(data_dir, folder):
    files = [path for place in (data_dir, os.path.join(data_dir, "mnist"))
             for path in glob.glob(os.path.join(place, "*-idx?-ubyte*"))]
    if not files:
        raise Failure("no MNIST in %s: train-images-idx3-ubyte or train-images-idx3-ubyte.gz was expected" % data_dir)
    for path in files:
        copy(path, os.path.join(folder, "data", "mnist", os.path.basename(path)))


def size_of(folder):
    return sum(os.lstat(os.path.join(place, name)).st_size for place, _, names in os.walk(folder) for name in names)


def prepare(options, script):
    """script: the path of gpu-run. Returns the bytes of the folder."""
    folder = os.path.abspath(options.prepare)
    if os.path.exists(folder) and os.listdir(folder) and not os.path.exists(os.path.join(folder, "prepared.json")):
        raise Failure("%s is there already and was not prepared by this program" % folder)
    for part in ("install", "libraries", "missing", "bench", "data", "cache"):
        shutil.rmtree(os.path.join(folder, part), ignore_errors=True)
    install = os.path.join(folder, "install")
    plugins = plugins_of(options.tuff, options.plugin)
    libraries = vulkan_libraries(options.tuff) if "vulkan" in plugins else {}
    for path in [options.tuff] + list(plugins.values()):
        libraries.update(needed_libraries(path))
    copy(options.tuff, os.path.join(install, "bin", "tuff"))
    for path in plugins.values():
        copy(path, os.path.join(install, "lib", "tuff", "plugins", os.path.basename(path)))
    for name, path in libraries.items():
        if name.startswith("libtuff.so"):
            copy(path, os.path.join(install, "lib", name))
        elif not name.startswith(OF_LIBC):
            copy(path, os.path.join(folder, "libraries", name))
    for name in SCRIPTS:
        copy(os.path.join(HERE, name), os.path.join(folder, "bench", name))
    copy(script, os.path.join(folder, "gpu-run"))
    with open(os.path.join(folder, "tuff"), "w") as file:
        file.write(WRAPPER)
    os.chmod(os.path.join(folder, "tuff"), 0o755)
    if options.data_dir:
        copy_mnist(options.data_dir, folder)
    with open(os.path.join(folder, "prepared.json"), "w") as file:
        json.dump({"plugins": sorted(plugins), "libraries": sorted(libraries)}, file, indent=1)
    return size_of(folder)
