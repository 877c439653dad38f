#!/usr/bin/env bash
# Installs the system packages that are missing and fills .venv.
set -euo pipefail
source "$EINFALL_ROOT/utils/dev/common.sh"
system_list=$EINFALL_ROOT/requirements/debian.txt
python_list=$EINFALL_ROOT/requirements/dev.txt
quiet=
[ "${1:-}" = --quiet ] && quiet=1

stamp=$EINFALL_VENV/.einfall-setup
key=$(cat "$system_list" "$python_list" "${BASH_SOURCE[0]}" | cksum)
up_to_date() { [ -x "$EINFALL_PYTHON" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]; }
if up_to_date; then
  [ -n "$quiet" ] || say "everything is installed"
  exit 0
fi
hold_lock setup
up_to_date && exit 0

# Commands that stand for packages where there is no dpkg to ask.
missing_commands() {
  local command
  for command in clang++-22 ld.lld-22 mlir-opt-22 mlir-tblgen-22 FileCheck-22 clang-format-22 \
    cmake ninja ccache git python3; do
    command -v "$command" >/dev/null || echo "$command"
  done
}

missing_packages() {
  local package
  for package in $(entries "$system_list"); do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      echo "$package"
  done
}

explain_llvm_source() {
  echo "If your release has no LLVM 22, https://apt.llvm.org has packages for Debian and Ubuntu:"
  echo "add its repository 'llvm-toolchain-<release>-22' and run ./dev setup again."
}

install_system_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    local missing
    missing=$(missing_commands | tr '\n' ' ')
    [ -z "$missing" ] && return 0
    {
      echo "dev: this system has no apt-get. Commands that are missing: $missing"
      echo "Install the equivalents of these Debian packages:"
      entries "$system_list" | sed 's/^/  /'
    } >&2
    exit 1
  fi
  local missing as_root=()
  missing=$(missing_packages | tr '\n' ' ')
  [ -z "$missing" ] && return 0
  say "system packages that are missing: $missing"
  if [ "$(id -u)" != 0 ]; then
    # Without a terminal nobody could answer sudo's question.
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
      as_root=(sudo)
    else
      {
        echo "dev: error: not root and no sudo. Install them with:"
        echo "  apt-get install --no-install-recommends $missing"
        explain_llvm_source
      } >&2
      exit 1
    fi
  fi
  say "installing them with apt-get"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
  "${apt[@]}" update -qq </dev/null >&2 || say "apt-get update failed; trying with the lists at hand"
  # shellcheck disable=SC2086
  if ! "${apt[@]}" install -y -qq --no-install-recommends $missing </dev/null >&2; then
    {
      echo "dev: error: apt-get could not install: $missing"
      explain_llvm_source
    } >&2
    exit 1
  fi
}

# The plain torch wheel of Linux on x86 brings CUDA along; the CPU build is a
# tenth of its size. PyTorch's own index has it where the configured one has not.
install_torch() {
  local requirement version
  requirement=$(entries "$python_list" | grep '^torch==')
  version=${requirement#torch==}
  if "$EINFALL_PYTHON" -c "import importlib.metadata as m, sys
sys.exit(m.version('torch').split('+')[0] != '$version')" 2>/dev/null; then
    return 0
  fi
  if [ "$(uname -sm)" = "Linux x86_64" ]; then
    say "installing $requirement (CPU build)"
    "${pip[@]}" "$requirement+cpu" 2>/dev/null && return 0
    "${pip[@]}" --index-url https://download.pytorch.org/whl/cpu "$requirement+cpu" 2>/dev/null &&
      return 0
    say "no CPU-only build found; taking the default one"
  fi
  "${pip[@]}" "$requirement"
}

install_python_packages() {
  if [ ! -x "$EINFALL_PYTHON" ]; then
    say "creating the virtual environment .venv"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
      die "Python 3.10 or later is needed; python3 is $(python3 --version 2>&1)"
    python3 -m venv "$EINFALL_VENV" || die "could not create .venv: apt-get install python3-venv"
  fi
  pip=("$EINFALL_PYTHON" -m pip install --quiet --disable-pip-version-check --no-input)
  say "installing Python packages: $(entries "$python_list" | tr '\n' ' ')"
  install_torch </dev/null >&2 || die "pip could not install torch"
  "${pip[@]}" -r "$python_list" </dev/null >&2 || die "pip could not install $python_list"
}

install_system_packages
install_python_packages
printf '%s\n' "$key" >"$stamp"
say "set up"
