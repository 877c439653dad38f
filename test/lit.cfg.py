# lit over every .mlir under test/ (and .py, .test where a folder says so).
#
#   .venv/bin/lit test -Dbuild=build/dev        (or EINFALL_BUILD_DIR=...)
#
# --param roundtrip=1 makes every einfall-opt print and re-read what it makes.
import os
import platform
import shutil

import lit.formats

source = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = lit_config.params.get("build") or os.environ.get("EINFALL_BUILD_DIR") or "build/dev"
build = os.path.abspath(os.path.join(source, build))


def tool(name):
    for place in (os.path.join(build, "bin", name), f"/usr/lib/llvm-22/bin/{name}",
                  shutil.which(f"{name}-22")):
        if place and os.path.exists(place):
            return place
    return None


config.name = "einfall"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["models", "python", "unit"]
config.test_source_root = os.path.join(source, "test")
config.test_exec_root = os.path.join(build, "lit")

opt = tool("einfall-opt")
if not opt:
    lit_config.fatal(f"no einfall-opt in {build}/bin: build it, or name the folder with -Dbuild=DIR")
if lit_config.params.get("roundtrip"):
    opt += " --verify-roundtrip"
config.substitutions += [(r"(?<![\w/-])einfall-opt(?![\w-])", opt)]
for name in ("FileCheck", "not", "split-file", "count"):
    if path := tool(name):
        config.substitutions.append((r"(?<![\w/-])%s(?![\w-])" % name, path))
for name in ("einfall-compile", "einfall-run"):
    path = os.path.join(build, "bin", name)
    config.substitutions.append((r"(?<![\w/-])%s(?![\w-])" % name, path))
    if os.path.exists(path):
        config.available_features.add(name)
python = os.path.join(source, ".venv/bin/python")
config.substitutions.append(("%python", python if os.path.exists(python) else "python3"))
config.substitutions.append(("%source", source))

config.environment["XDG_CACHE_HOME"] = os.path.join(build, "test-cache")
config.environment["FILECHECK_OPTS"] = "-enable-var-scope"
config.environment["PYTHONPATH"] = os.path.join(source, "python")

# REQUIRES: what the machine can run.
config.available_features.add(platform.machine())
try:
    with open("/proc/cpuinfo") as file:
        flags = set(file.read().split())
except OSError:
    flags = set()
for flag, feature in (("avx2", "avx2"), ("avx512f", "avx512"), ("amx_bf16", "amx"), ("asimd", "neon")):
    if flag in flags:
        config.available_features.add(feature)
if shutil.which("nvidia-smi"):
    config.available_features.add("cuda")
if shutil.which("rocminfo"):
    config.available_features.add("hip")
