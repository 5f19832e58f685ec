"""Adapter by which WebAssembly/wasi-testsuite runs its programs with `warren run`. See CONTRIBUTING.md."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Dict, List, Optional, Tuple

# Another command than this checkout's by WARREN, such as one on PATH.
WARREN = shlex.split(os.getenv("WARREN", str(Path(__file__).resolve().parents[3] / "warren")))


def get_name() -> str:
    return "warren"


def get_version() -> str:
    result = subprocess.run(WARREN + ["--version"], encoding="UTF-8", capture_output=True, check=True)
    return result.stdout.split()[1]


def get_wasi_versions() -> List[str]:
    return ["wasm32-wasip1"]


def get_wasi_worlds() -> List[str]:
    return ["wasi:cli/command"]


def compute_argv(
    test_path: str,
    args_env_root: Tuple[List[str], Dict[str, str], Optional[str]],
    proposals: List[str],
    wasi_world: str,
    wasi_version: str,
) -> List[str]:
    args, env, root = args_env_root
    argv = WARREN + ["run"]
    for name, value in env.items():
        argv += ["--env", f"{name}={value}"]
    if root:
        argv += ["--rw", f"{root}:/"]
    return argv + [str(test_path)] + args
