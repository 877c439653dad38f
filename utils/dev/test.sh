#!/usr/bin/env bash
# Sets up, builds and runs every test; the last line is 'N passed, N failed'.
set -euo pipefail
source "$EINFALL_ROOT/utils/dev/common.sh"
if ! "$EINFALL_ROOT/utils/dev/setup.sh" --quiet; then
  echo "set-up failed"
  echo "0 passed, 1 failed"
  exit 1
fi
build_failed=()
"$EINFALL_ROOT/utils/dev/build.sh" -k 0 || build_failed=(--build-failed)
use_environment
cd "$EINFALL_ROOT"
exec python utils/dev/test.py "${build_failed[@]}" "$@"
