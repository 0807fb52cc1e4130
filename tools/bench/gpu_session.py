"""What tools/gpu-run keeps between its steps and between its runs: a JSON document that says which steps are done, the
time that is left, and the processes that a step starts."""

import contextlib
import glob
import json
import os
import selectors
import shutil
import signal
import subprocess
import time

# A step that was under way twice when the run was killed is not tried a third time: it may be what kills it. Nor is one
# that took too long twice; once may be due to what is compiled the first time and lies in the caches then.
MOST_ATTEMPTS = 2
# The steps that the others follow from.
FIRST_STEPS = ("device", "pytorch")


class Failure(Exception):
    """Why a step has no figures."""


class TooLong(Exception):
    """The step has had its time."""


class Skip(Exception):
    """Why this machine or this tuff has no use for a step."""


def write_whole(path, text):
    """The file is the old one or the new one, whenever the process ends."""
    aside = path + ".part"
    with open(aside, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


@contextlib.contextmanager
def process(command, env, stderr):
    """A child in a group of its own, which is killed with all of its children in the end."""
    child = subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True
    )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        with contextlib.suppress(BrokenPipeError):  # what it was not able to take any more
            child.stdin.close()
        child.stdout.close()
        child.wait()


class Session:
    def __init__(self, folder, options):
        self.folder = folder
        self.options = options
        self.out = os.path.abspath(options.out or os.path.join(folder, "results"))
        os.makedirs(self.out, exist_ok=True)
        self.path = os.path.join(self.out, "gpu-run.json")
        self.deadline = time.monotonic() + 60 * options.minutes
        self.step_deadline = self.deadline
        self.pytorch = None  # the process, once it is asked for
        self.document = {"format": 1, "quick": options.quick, "steps": {}}
        if os.path.exists(self.path):
            with open(self.path) as file:
                self.document = json.load(file)
            if self.document.get("quick") != options.quick:
                raise Failure("%s is of a run %s --quick: name another folder with --out"
                              % (self.path, "with" if self.document.get("quick") else "without"))
        self.env = self.environment()

    # ---- The document

    def save(self):
        write_whole(self.path, json.dumps(self.document, indent=1) + "\n")

    def step(self, name):
        return self.document["steps"].get(name, {})

    def figures(self, name):
        """What a step has found; {} if it has not run to its end."""
        return self.step(name).get("figures", {})

    # ---- Time

    def left(self):
        """Seconds of the step at hand."""
        return self.step_deadline - time.monotonic()

    # ---- tuff

    def environment(self):
        """With caches in the folder: a run of tuff is to find what another one has compiled and timed, also where there
        is no home."""
        env = dict(os.environ)
        env.setdefault("XDG_CACHE_HOME", os.path.join(self.folder, "cache"))
        if "VK_DRIVER_FILES" not in env and "VK_ICD_FILENAMES" not in env:
            driver = mounted_file("vulkan/icd.d/nvidia_icd.json")
            if driver:
                env["VK_DRIVER_FILES"] = env["VK_ICD_FILENAMES"] = driver
        vendor = mounted_file("glvnd/egl_vendor.d/10_nvidia.json")
        if vendor:
            env.setdefault("__EGL_VENDOR_LIBRARY_FILENAMES", vendor)
        return env

    def tuff(self, *arguments, status=(0,), variables=None):
        """What tuff prints. status: those that are no failure. variables: of its environment, besides the session's."""
        variables = variables or {}
        command = [os.path.join(self.folder, "tuff")] + [str(argument) for argument in arguments]
        with open(os.path.join(self.out, "gpu-run.log"), "ab+") as log:
            words = ["%s=%s" % pair for pair in variables.items()] + ["tuff"] + command[1:]
            log.write(("\n$ %s\n" % " ".join(words)).encode())
            log.flush()
            begin = log.tell()
            with process(command, dict(self.env, **variables), log) as child:
                try:
                    text, _ = child.communicate(timeout=max(0.1, self.left()))
                except subprocess.TimeoutExpired:
                    raise TooLong()
            if child.returncode not in status:
                log.seek(begin)
                words = (log.read() + text).decode(errors="replace").strip().splitlines() or ["no reason given"]
                raise Failure("tuff %s: exit status %d: %s" % (arguments[0], child.returncode, words[-1]))
            return text.decode(errors="replace")

    def target(self):
        arguments = ["--backend", self.options.backend]
        return arguments + (["--device", self.options.device] if self.options.device else [])

    # ---- PyTorch

    def ask_pytorch(self, **request):
        """Its answer. A process that dies or takes too long is ended; the next question starts another one."""
        if self.pytorch is None:
            self.pytorch = PyTorch(self)
        try:
            return self.pytorch.ask(dict(request, device=self.options.pytorch), self.left())
        except (Failure, TooLong, KeyboardInterrupt):
            self.end_pytorch()
            raise

    def end_pytorch(self):
        ended, self.pytorch = self.pytorch, None
        if ended is not None:
            ended.end()


class PyTorch:
    def __init__(self, session):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pytorch_cuda.py")
        self.stack = contextlib.ExitStack()
        self.log = self.stack.enter_context(open(os.path.join(session.out, "gpu-run.log"), "ab+"))
        self.begin = self.log.tell()
        self.child = self.stack.enter_context(process([session.options.python, "-B", script], dict(os.environ), self.log))
        self.answers = b""

    def ask(self, request, seconds):
        deadline = time.monotonic() + seconds
        try:
            self.child.stdin.write((json.dumps(request) + "\n").encode())
            self.child.stdin.flush()
        except BrokenPipeError:
            raise Failure(self.last_words())
        with selectors.DefaultSelector() as selector:
            selector.register(self.child.stdout, selectors.EVENT_READ)
            while b"\n" not in self.answers:
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise TooLong()
                part = os.read(self.child.stdout.fileno(), 1 << 16)
                if not part:
                    raise Failure(self.last_words())
                self.answers += part
        line, self.answers = self.answers.split(b"\n", 1)
        return json.loads(line)

    def last_words(self):
        self.log.seek(self.begin)
        words = self.log.read().decode(errors="replace").strip().splitlines()
        return "PyTorch ended: %s" % (words[-1] if words else "no reason given")

    def end(self):
        self.stack.close()


# Where drivers put the files that tell the Vulkan loader and libglvnd of them: folders that those know, and folders
# that containers have a driver in.
KNOWN_FOLDERS = ("/etc", "/usr/share", "/usr/local/share")
MOUNTED_FOLDERS = ("/usr/local/nvidia/share", "/usr/local/nvidia", "/opt/nvidia/share")


def mounted_file(name):
    """Of a driver that is mounted where no loader looks; None if the known folders have the file."""
    if any(os.path.exists(os.path.join(folder, name)) for folder in KNOWN_FOLDERS):
        return None
    for folder in MOUNTED_FOLDERS:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    return None


LOADER = "libvulkan.so.1"
# Libraries that are opened at run time, so that no program is linked with them, and Debian's package of each: Vulkan's
# loader, and what NVIDIA's driver needs, also where there is no display: without libEGL.so.1, say, it has no
# vkCreateInstance.
OPENED = {
    LOADER: "libvulkan1",
    "libEGL.so.1": "libegl1",
    "libGLdispatch.so.0": "libglvnd0",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
}
# That driver itself: it is the machine's, but what it is linked with may be lacking there.
NVIDIA_DRIVERS = ("libGLX_nvidia.so.0", "libEGL_nvidia.so.0")


def listed_libraries(text):
    """{name: where it lies, None if nowhere} of what the dynamic linker lists, or ldd."""
    pairs = [line.strip().split(" => ", 1) for line in text.splitlines() if " => " in line]
    return {name: None if place.startswith("not found") else place.rsplit(" (", 1)[0] for name, place in pairs}


def opened_libraries(program, opened, **variables):
    """The same of a program, libraries that it opens, and all that they are linked with: the dynamic linker lists it
    instead of starting the program. Of what is opened it leaves out what is nowhere."""
    env = dict(os.environ, LD_TRACE_LOADED_OBJECTS="1", LD_PRELOAD=" ".join(opened), **variables)
    return listed_libraries(subprocess.run([program], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                           text=True).stdout)


def missing_libraries(folder):
    """Names of what the dynamic linker does not find for tuff, its plugins and what they open."""
    install = os.path.join(folder, "install")
    plugins = glob.glob(os.path.join(install, "lib", "tuff", "plugins", "*.so"))
    places = [os.path.join(install, "lib"), os.path.join(folder, "missing"), os.environ.get("LD_LIBRARY_PATH")]
    found = opened_libraries(os.path.join(install, "bin", "tuff"), [*OPENED, *NVIDIA_DRIVERS, *plugins],
                             LD_LIBRARY_PATH=":".join(place for place in places if place))
    return [name for name in {**found, **dict.fromkeys(OPENED)} if found.get(name) is None]


def link_libraries(folder):
    """Links those of the libraries that were brought along and that this machine lacks, to where the wrapper has tuff
    look for them. Its own come first, since its driver may need them newer than those are. Returns their names."""
    brought, missing = os.path.join(folder, "libraries"), os.path.join(folder, "missing")
    shutil.rmtree(missing, ignore_errors=True)
    os.makedirs(missing)
    linked = []
    while True:  # what a library needs is known once it is found
        lacking = [name for name in missing_libraries(folder)
                   if name not in linked and os.path.exists(os.path.join(brought, name))]
        if not lacking:
            return sorted(linked)
        for name in lacking:
            os.symlink(os.path.join("..", "libraries", name), os.path.join(missing, name))
        linked += lacking


# ---- The loop ----------------------------------------------------------------------------------------------------


def show(text):
    print(text, flush=True)


def run_step(session, step, report):
    """One step, and what became of it in the document."""
    entry = session.step(step.name)
    attempts = entry.get("attempts", 0) + 1
    session.document["steps"][step.name] = entry = {"state": "running", "attempts": attempts}
    begin = time.monotonic()
    session.step_deadline = min(begin + step.limit, session.deadline)
    cut_short = session.step_deadline == session.deadline
    try:
        session.save()
        show("%s: %s" % (step.name, step.title))
        entry["figures"] = step.run(session)
        entry["state"] = "done"
    except KeyboardInterrupt:  # not the step's fault
        entry.update(state="interrupted", attempts=attempts - 1)
        session.save()
        raise
    except Skip as reason:
        entry.update(state="skipped", message=str(reason))
    except TooLong:
        had = "it had %.0f s" % (time.monotonic() - begin)
        if cut_short:  # by the end of the whole run: the next one begins it again
            entry.update(state="cut short", message=had, attempts=0)
        else:
            again = "; another run tries it once more" if attempts < MOST_ATTEMPTS else ""
            entry.update(state="too long", message=had + again)
    except Failure as reason:
        entry.update(state="failed", message=str(reason))
    except Exception as error:  # one step's trouble, such as a figure that is missing, is not the others'
        entry.update(state="failed", message="%s: %s" % (type(error).__name__, error))
    entry["seconds"] = time.monotonic() - begin
    session.save()
    report(session)
    show("  %s, %.1f s%s" % (entry["state"], entry["seconds"], ": " + entry["message"] if "message" in entry else ""))


def settled(session, step):
    """Whether there is nothing more to do for a step."""
    entry = session.step(step.name)
    state = entry.get("state")
    if step.name == "device":  # it may be another machine now
        return False
    if step.name in session.options.again or ("failed" in session.options.again and state in ("failed", "too long")):
        return False
    if state == "running" and entry.get("attempts", 0) >= MOST_ATTEMPTS:
        entry.update(state="failed", message="the run ended %d times while it was under way" % MOST_ATTEMPTS)
        session.save()
        return True
    if state == "too long":
        return entry.get("attempts", 0) >= MOST_ATTEMPTS
    return state in ("done", "failed", "skipped")


def had_its_time(session, step):
    return step.name not in FIRST_STEPS and session.step(step.name).get("state") == "too long"


def run_steps(session, steps, report):
    """The steps that are not done, in their order, but those that took too long before behind those that had no time
    yet. Returns whether all of them are settled."""
    postponed = []
    for step in sorted(steps, key=lambda step: had_its_time(session, step)):
        if settled(session, step):
            continue
        if session.deadline - time.monotonic() < step.least * (0.2 if session.options.quick else 1):
            postponed.append(step.name)
            continue
        run_step(session, step, report)
        if step.name == "device" and session.step("device")["state"] != "done":
            return False
        if session.step(step.name)["state"] == "cut short":
            postponed.append(step.name)
    session.end_pytorch()
    report(session)
    if postponed:
        show("no time is left for: %s; run it again" % ", ".join(postponed))
    return not postponed
