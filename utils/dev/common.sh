# Sourced by dev and its verbs; EINFALL_ROOT is set.
export EINFALL_BUILD_DIR=$EINFALL_ROOT/build/dev
EINFALL_VENV=$EINFALL_ROOT/.venv
EINFALL_PYTHON=$EINFALL_VENV/bin/python

say() { printf 'dev: %s\n' "$*" >&2; }
die() {
  printf 'dev: error: %s\n' "$*" >&2
  exit 1
}

# The built tools, the virtual environment and the Python package on their paths.
use_environment() {
  export PATH=$EINFALL_BUILD_DIR/bin:$EINFALL_VENV/bin:$PATH
  export PYTHONPATH=$EINFALL_ROOT/python:$EINFALL_BUILD_DIR/python${PYTHONPATH:+:$PYTHONPATH}
  export VIRTUAL_ENV=$EINFALL_VENV
}

# Holds the lock NAME until the script ends, so that two calls do not set up or
# build the same folder at once.
hold_lock() {
  mkdir -p "$EINFALL_ROOT/build"
  command -v flock >/dev/null || return 0
  exec 9>"$EINFALL_ROOT/build/.$1.lock"
  if ! flock -n 9; then
    say "waiting for another ./dev $1"
    flock 9
  fi
}

# Lines of a list file without comments and blanks.
entries() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$1"; }

jobs_count() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN; }
