#!/usr/bin/env bash
# Configures and builds build/dev: build.sh [--quiet] [NINJA TARGETS...]
set -euo pipefail
source "$EINFALL_ROOT/utils/dev/common.sh"
quiet=
if [ "${1:-}" = --quiet ]; then
  quiet=1
  shift
fi
"$EINFALL_ROOT/utils/dev/setup.sh" --quiet
hold_lock build
cd "$EINFALL_ROOT"

arguments=(--preset dev
  "-DPython_EXECUTABLE=$EINFALL_PYTHON" "-DPython3_EXECUTABLE=$EINFALL_PYTHON"
  "-Dpybind11_DIR=$("$EINFALL_PYTHON" -m pybind11 --cmakedir)"
  -DEINFALL_BUILD_TESTS=ON)
[ -f python/CMakeLists.txt ] || arguments+=(-DEINFALL_BUILD_PYTHON=OFF)

# CMake reruns by itself when its files change, not when these arguments do.
stamp=$EINFALL_BUILD_DIR/.einfall-configured
log=$EINFALL_BUILD_DIR/build.log
mkdir -p "$EINFALL_BUILD_DIR"
key=$(cat CMakePresets.json <(printf '%s\n' "${arguments[@]}") | cksum)
if [ ! -f "$EINFALL_BUILD_DIR/build.ninja" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$key" ]; then
  [ -f python/CMakeLists.txt ] || say "no python/CMakeLists.txt: building without the extension"
  say "configuring build/dev"
  if ! cmake "${arguments[@]}" </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    die "cmake failed"
  fi
  printf '%s\n' "$key" >"$stamp"
fi

if [ -z "$quiet" ]; then
  exec ninja -C "$EINFALL_BUILD_DIR" "$@"
fi
# Quiet: a line where there is work, everything where it fails.
if ninja -C "$EINFALL_BUILD_DIR" -n "$@" 2>/dev/null | grep -q '^\[1/'; then
  say "building"
fi
if ! ninja -C "$EINFALL_BUILD_DIR" "$@" >"$log" 2>&1; then
  cat "$log" >&2
  die "the build failed"
fi
