"""The steps of tools/gpu-run, the most valuable ones first."""

import collections
import glob
import json
import os
import shutil
import subprocess
import tempfile

import rounds
from gpu_session import Failure, Skip, TooLong, link_libraries, missing_libraries

# least: seconds without which it is not begun; limit: that it may take at most.
Step = collections.namedtuple("Step", "name title least limit run")

HERE = os.path.dirname(os.path.abspath(__file__))
LEAST_ROUNDS = 2
# What a start of tuff may spend on timing tiles. By default it is two seconds, which may not do for a whole net.
TUNING_MS = "TUFF_VULKAN_TUNE_MS"
MOST_TUNING_SECONDS = 60

# PyTorch's configurations by what they compute in: TF32 is PyTorch's float32 with products of 10-bit mantissas.
PLAIN = {"mode": "eager", "channels_last": False, "autocast": None, "tf32": False}
CONFIGURATIONS = [
    ("float32", {}),
    ("float32", {"mode": "graph"}),
    ("TF32", {"tf32": True}),
    ("TF32", {"mode": "graph", "tf32": True}),
    ("TF32", {"mode": "graph", "tf32": True, "channels_last": True}),
    ("mixed", {"channels_last": True, "autocast": "float16", "tf32": True}),
    ("mixed", {"channels_last": True, "autocast": "bfloat16", "tf32": True}),
    ("mixed", {"mode": "graph", "channels_last": True, "autocast": "bfloat16", "tf32": True}),
    ("mixed", {"mode": "graph", "channels_last": True, "autocast": "float16", "tf32": True}),
]
# These compile for a minute.
COMPILED = [
    ("TF32", {"mode": "compile-graph", "tf32": True, "channels_last": True}),
    ("mixed", {"mode": "compile", "channels_last": True, "autocast": "bfloat16", "tf32": True}),
    ("mixed", {"mode": "compile-graph", "channels_last": True, "autocast": "float16", "tf32": True}),
    ("mixed", {"mode": "compile-graph", "channels_last": True, "autocast": "bfloat16", "tf32": True}),
]
# Without a GPU there are neither graphs nor fused optimizers: what tries out this program elsewhere.
ON_CPU = [("float32", {}), ("mixed", {"channels_last": True, "autocast": "bfloat16"})]


def configuration_name(configuration):
    parts = [{"compile-graph": "torch.compile, CUDA graph", "compile": "torch.compile", "graph": "CUDA graph"}
             .get(configuration["mode"], configuration["mode"])]
    if configuration["channels_last"]:
        parts.append("channels last")
    if configuration["autocast"]:
        parts.append("autocast " + configuration["autocast"])
    return ", ".join(parts)


# ---- What there is -----------------------------------------------------------------------------------------------


def nvidia_smi():
    """What it says of each GPU; None if there is no such program."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    fields = "name,driver_version,memory.total,clocks.sm,clocks.mem,clocks.max.sm,power.draw,temperature.gpu"
    try:
        done = subprocess.run([program, "--query-gpu=" + fields, "--format=csv,noheader"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "%s: %s" % (program, error)
    return done.stdout.strip()


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
        return "%s, %d usable" % (names[0] if names else "unknown", len(os.sched_getaffinity(0)))
    except OSError:
        return "unknown"


# NVIDIA's driver, by that library of it which knows no X. The one that its own file names, libGLX_nvidia.so.0, may be
# of no use where there is no display.
DRIVER_FILE = {"file_format_version": "1.0.1", "ICD": {"library_path": "libEGL_nvidia.so.0", "api_version": "1.3.0"}}


def ask_for_devices(session):
    """(what tuff finds, None), or (None, why it failed). The log has what the Vulkan loader has against a driver."""
    try:
        return json.loads(session.tuff("devices", "--json", variables={"VK_LOADER_DEBUG": "error,warn"})), None
    except Failure as reason:
        return None, reason


def has_gpu(devices, name):
    return any(backend["name"] == name and not device["software_gpu"]
               for backend in devices["backends"] for device in backend["devices"])


def list_devices(session):
    """What tuff finds. If Vulkan has no GPU, it looks for NVIDIA's once more, unless other drivers were asked for."""
    devices, failure = ask_for_devices(session)
    named = session.env.get("VK_DRIVER_FILES") or session.env.get("VK_ICD_FILENAMES") or "nvidia"
    if session.options.backend == "vulkan" and "nvidia" in named and not (devices and has_gpu(devices, "vulkan")):
        env, path = session.env, os.path.join(session.out, "nvidia_egl_icd.json")
        with open(path, "w") as file:
            json.dump(DRIVER_FILE, file)
        session.env = dict(env, VK_DRIVER_FILES=path, VK_ICD_FILENAMES=path)
        others, _ = ask_for_devices(session)
        if others and has_gpu(others, "vulkan"):
            return others
        session.env = env
        os.remove(path)
    if failure:
        raise failure
    return devices


def find_backend(session, devices):
    """That of the options, which has to have a device that is worth the time."""
    backends = {backend["name"]: backend for backend in devices["backends"]}
    wanted = backends.get(session.options.backend)
    if wanted is None:
        raise Failure("there is no backend %s, but %s" % (session.options.backend, ", ".join(backends) or "none"))
    if not wanted["devices"]:
        raise Failure("backend %s finds no device: %s" % (wanted["name"], wanted["error"] or "no driver was found"))
    any_will_do = session.options.quick or session.options.device
    if not any_will_do and not has_gpu(devices, wanted["name"]):
        raise Failure("backend %s finds no GPU, but what computes on the CPU: %s; name it with --device to measure it"
                      % (wanted["name"], ", ".join(device["name"] for device in wanted["devices"])))
    return wanted


def find_device(session):
    """At the beginning of every run: what was found before has to be of this machine."""
    brought = link_libraries(session.folder)
    missing = missing_libraries(session.folder)
    try:
        devices = list_devices(session)
        wanted = find_backend(session, devices)
    except Failure as reason:
        raise Failure("%s (libraries that this machine lacks and that were brought along: %s; that were not: %s)"
                      % (reason, ", ".join(brought) or "none", ", ".join(missing) or "none"))
    names = [device["name"] for device in wanted["devices"]]
    if session.document.setdefault("devices", names) != names:
        raise Failure("%s is of a machine with %s, this one has %s: name another folder with --out"
                      % (session.path, ", ".join(session.document["devices"]), ", ".join(names)))
    helps = {command: session.tuff(command, "--help-all") for command in ("bench", "train", "check")}
    try:  # this plans a training, and runs none of it, but checks what float16 is computed with
        session.tuff("summary", "lenet-mnist", "--batch", 16, "--precision", "mixed", *session.target())
        no_mixed = None
    except (Failure, TooLong) as reason:  # in float32 there is enough to measure
        no_mixed = str(reason) or "the self-check of float16 did not end"
    return {
        "devices": devices,
        "driver_file": session.env.get("VK_DRIVER_FILES"),
        "libraries_brought": brought,
        "libraries_missing": missing,
        "nvidia_smi": nvidia_smi(),
        "processor": processor(),
        "mixed": {command: no_mixed is None and "--precision" in text for command, text in helps.items()},
        "no_mixed": no_mixed,
        "mnist": has_mnist(session),
    }


def find_pytorch(session):
    if session.options.pytorch == "none":
        raise Skip("--pytorch none")
    try:
        found = session.ask_pytorch(work="probe")
    except Failure as reason:
        raise Skip("no PyTorch: %s" % reason)
    if found.get("device") is None:
        raise Skip("PyTorch %s has no device %s" % (found.get("torch"), session.options.pytorch))
    return found


def has_pytorch(session):
    return bool(session.figures("pytorch"))


def has_mixed(session, command="bench"):
    return session.figures("device").get("mixed", {}).get(command, False)


def why_not_mixed(session, command):
    return session.figures("device").get("no_mixed") or "this tuff %s has no --precision" % command


def data_folder(session):
    return os.path.join(session.folder, "data")


def has_mnist(session):
    return bool(glob.glob(os.path.join(data_folder(session), "mnist", "train-images-idx3-ubyte*")))


# ---- Conformance -------------------------------------------------------------------------------------------------


def conformance(*which):
    def run(session):
        report = os.path.join(session.out, "check.json")
        session.tuff("check", *session.target(), *which, "--json", report, status=(0, 1))
        with open(report) as file:
            result = json.load(file)
        os.remove(report)
        return {name: result[name] for name in ("result", "totals", "ops", "failures", "unsupported")}

    return run


def training_agrees(*mixed):
    """Whole training steps beside the reference's."""

    def run(session):
        if mixed and not has_mixed(session, "check"):
            raise Skip(why_not_mixed(session, "check"))
        steps = 2 if session.options.quick else 10
        text = session.tuff("check", *session.target(), "--model", "lenet-mnist", "--steps", steps, *mixed)
        return {"lines": text.strip().splitlines()}

    return run


# ---- tuff alone --------------------------------------------------------------------------------------------------


def tuff_bench(session, net, batch, *more, variables=None):
    text = session.tuff("bench", net, *session.target(), "--batch", batch, *more, "--json", "-", variables=variables)
    return json.loads(text)


def profile(net, batch, *more):
    def run(session):
        seconds = 0.1 if session.options.quick else 1.5
        if "mixed" in more and not has_mixed(session):
            raise Skip(why_not_mixed(session, "bench"))
        return tuff_bench(session, net, batch, "--profile", "--quiet", "--seconds", seconds, *more)

    return run


# ---- Side by side ------------------------------------------------------------------------------------------------


def tuff_precisions(session):
    """{its name: options of tuff bench}"""
    return {"float32": [], **({"mixed": ["--precision", "mixed"]} if has_mixed(session) else {})}


def time_tiles(session, net, batch):
    """A start in each precision that does not count: what it compiles and finds is in the caches then. It leaves most
    of the step's time to what counts. The log says what was found."""
    for options in tuff_precisions(session).values():
        most = min(MOST_TUNING_SECONDS, session.left() / 4)
        tuff_bench(session, net, batch, "--no-peak", "--seconds", 0.01, "--verbose", *options,
                   variables={TUNING_MS: "%.0f" % (1000 * most)})


def tuff_sides(session, net, batch, seconds):
    """(precision, label, function that gives seconds, bytes and parameters). Every round runs in the tiles that
    time_tiles has found: if each start timed more of them, the last round would not be of the first one's program."""

    def side(options):
        def run_one():
            figures = tuff_bench(session, net, batch, "--no-peak", "--quiet", "--seconds", seconds, *options,
                                 variables={TUNING_MS: "0"})
            memory = figures["memory"]
            planned = ("parameters", "gradients", "optimizer", "activations", "data")
            return {"seconds": figures["step"]["median_seconds"], "bytes": sum(memory[name] for name in planned),
                    "parameters": figures["parameters"]}
        return run_one

    return [(precision, "tuff", side(options)) for precision, options in tuff_precisions(session).items()]


def pytorch_sides(session, net, batch, seconds, configurations):
    def side(configuration):
        def run_one():
            return session.ask_pytorch(work="train", model=net, batch=batch, seconds=seconds,
                                       samples=max(2048, 4 * batch), data_dir=None, **configuration)
        return run_one

    whole = [(precision, dict(PLAIN, **change)) for precision, change in configurations]
    return [(precision, configuration_name(c), side(c)) for precision, c in whole]


def check_twins(net, sides):
    """Both sides' nets are of one size, and PyTorch's gives ten classes."""
    counts = {side["parameters"] for side in sides if "parameters" in side}
    shapes = {side["outputs"][1] for side in sides if "outputs" in side}
    if len(counts) > 1 or shapes - {10}:
        raise Failure("%s is not the same net to both: parameters %s, outputs %s" % (net, sorted(counts), sorted(shapes)))


def speed(net, batch, compiled=False):
    def run(session):
        if compiled and not has_pytorch(session):
            raise Skip("no PyTorch to compile with")
        if compiled and session.options.pytorch == "cpu":
            raise Skip("no GPU to compile for")
        seconds = 0.05 if session.options.quick else 0.25
        programs = tuff_sides(session, net, batch, seconds)
        if has_pytorch(session):
            chosen = ON_CPU if session.options.pytorch == "cpu" else COMPILED if compiled else CONFIGURATIONS
            programs += pytorch_sides(session, net, batch, seconds, chosen)
        sides = [{"precision": precision, "label": label, "who": "tuff" if label == "tuff" else "PyTorch", "seconds": []}
                 for precision, label, _ in programs]
        time_tiles(session, net, batch)
        try:
            take_turns(session, sides, [run_one for _, _, run_one in programs])
            if has_pytorch(session):
                session.ask_pytorch(work="forget")
        except TooLong:
            had = min((len(side["seconds"]) for side in sides if "unusable" not in side), default=0)
            # With none, the fastest side may be among those that have not run. At the end of the whole run the next one
            # goes on.
            if had == 0 or (session.step_deadline == session.deadline and had < LEAST_ROUNDS):
                raise
            session.end_pytorch()  # it forgets, too
        check_twins(net, sides)
        return {"net": net, "batch": batch, "sides": sides, "nvidia_smi": nvidia_smi()}

    return run


def take_turns(session, sides, runs):
    """Rounds of all sides, each run once, as long as there is time for another one."""
    took = 0  # the round before: the first one of all makes PyTorch's nets, and says nothing of the others
    for number, order in enumerate(rounds.turns(len(sides), session.options.rounds)):
        if number >= LEAST_ROUNDS and session.left() < 1.5 * took:
            break
        before = session.left()
        for index in order:
            if "unusable" not in sides[index]:
                add_figures(session, sides[index], runs[index])
        took = before - session.left()


def add_figures(session, side, run_one):
    """One run. What PyTorch cannot do it is asked for once, and not of every net: it gets a new process then, since what
    went wrong may have spoilt the old one, with all that has to be made again."""
    unusable = session.document.setdefault("unusable", {})
    name = "%s, %s" % (side["precision"], side["label"])
    if name in unusable:
        side["unusable"] = unusable[name]
        return
    figures = run_one()
    if "unusable" in figures:
        side["unusable"] = unusable[name] = figures["unusable"]
        session.end_pytorch()
        return
    side["seconds"].append(figures["seconds"])
    for field in ("bytes", "parameters", "outputs"):
        if field in figures:
            side[field] = figures[field]


# ---- Epochs ------------------------------------------------------------------------------------------------------

EPOCH_BATCH = 64


def tuff_epochs(session, count, data):
    run_folder = tempfile.mkdtemp(dir=session.out)
    try:
        session.tuff("train", "lenet-mnist", *session.target(), "--epochs", count, "--batch", EPOCH_BATCH, *data,
                     "--out", os.path.join(run_folder, "run"), "--quiet")
        with open(os.path.join(run_folder, "run", "metrics.jsonl")) as file:
            lines = [json.loads(line) for line in file]
    finally:
        shutil.rmtree(run_folder)
    lines = [line for line in lines if line["type"] == "epoch"]
    return {"who": "tuff", "label": "tuff", "train_seconds": sum(line["train_seconds"] for line in lines),
            "test_seconds": sum(line["test_seconds"] for line in lines), "accuracy": lines[-1]["test_accuracy"]}


def epochs(session):
    """Twice each, in turns."""
    count = 2 if session.options.quick else 10
    mnist = has_mnist(session) and not session.options.quick
    if mnist:
        data = ["--data", "mnist", "--data-dir", data_folder(session)]
    else:
        data = ["--data", "digits"] + (["--digits-train", 320, "--digits-test", 100] if session.options.quick else [])
    runs = [tuff_epochs(session, count, data)]
    if mnist and has_pytorch(session):
        for mode in ("eager",) if session.options.pytorch == "cpu" else ("eager", "graph", "graph", "eager"):
            configuration = dict(PLAIN, mode=mode)
            figures = session.ask_pytorch(work="epochs", model="lenet-mnist", batch=EPOCH_BATCH, epochs=count,
                                          data_dir=data_folder(session), **configuration)
            runs.append(dict(figures, who="PyTorch", label=configuration_name(configuration)))
    runs.append(tuff_epochs(session, count, data))
    return {"epochs": count, "batch": EPOCH_BATCH, "data": "mnist" if mnist else "digits", "runs": runs}


# ---- All of them -------------------------------------------------------------------------------------------------


def speed_steps(speeds):
    """The first one of a net has more time: its kernels and PyTorch's are compiled then."""
    steps, begun = [], set()
    for net, batch in speeds:
        limit = 90 if net in begun else 180
        steps.append(Step("speed %s %d" % (net, batch), "training steps", 15, limit, speed(net, batch)))
        begun.add(net)
    return steps


def all_steps(quick):
    if quick:
        speeds = [("lenet-mnist", 16), ("lenet-mnist", 64)]
    else:
        speeds = [("resnet18-cifar10", 512), ("lenet-mnist", 16), ("lenet-mnist", 512), ("lenet-mnist", 64),
                  ("resnet18-cifar10", 128), ("resnet9-cifar10", 512), ("resnet9-cifar10", 128)]
    steps = [
        # Much of this is the self-check of float16, for which every kernel is compiled.
        Step("device", "what there is", 5, 120, find_device),
        # Without it nothing is compared, and its first import reads gigabytes.
        Step("pytorch", "whether there is a PyTorch", 5, 120, find_pytorch),
        Step("peak", "matrix product, copy, dispatch, and a profile of lenet-mnist", 10, 60, profile("lenet-mnist", 16)),
        Step("check training", "training steps beside the reference's", 10, 60, training_agrees()),
        Step("check mixed training", "the same with --precision mixed", 10, 60, training_agrees("--precision", "mixed")),
    ]
    steps += speed_steps(speeds)
    # Behind the first two nets: it takes a minute, much of it the reference's.
    place = [step.name for step in steps].index("speed %s %d" % speeds[1]) + 1
    steps.insert(place, Step("check corners", "every op's corner cases beside the reference's", 15, 150,
                             conformance("--corners", *(["--op", "relu_forward"] if quick else []))))
    if quick:
        return steps + [Step("epochs", "epochs with evaluation", 5, 60, epochs)]
    steps += [
        Step("profile resnet18-cifar10 512", "where the time goes", 10, 60, profile("resnet18-cifar10", 512)),
        Step("profile mixed resnet18-cifar10 512", "the same with --precision mixed", 10, 60,
             profile("resnet18-cifar10", 512, "--precision", "mixed")),
        Step("epochs", "ten epochs of MNIST with evaluation", 20, 120, epochs),
        Step("profile lenet-mnist 512", "where the time goes", 10, 60, profile("lenet-mnist", 512)),
        Step("check", "every op's corner and random cases beside the reference's", 40, 300, conformance()),
    ]
    for net, batch in (("resnet18-cifar10", 512), ("lenet-mnist", 512), ("resnet9-cifar10", 512)):
        steps.append(Step("compiled %s %d" % (net, batch), "training steps beside torch.compile's", 60, 180,
                          speed(net, batch, compiled=True)))
    return steps
