#!/usr/bin/env bash
# Compiles the sample model to one file, then generates text without Python.
set -euo pipefail
source "$EINFALL_ROOT/utils/dev/common.sh"
"$EINFALL_ROOT/utils/dev/build.sh" --quiet
use_environment
cd "$EINFALL_ROOT"

model=test/models/tiny-llama
package=build/demo/tiny-llama.einf
prompt=${1:-Once upon a time}
[ -f python/einfall/__main__.py ] || die "the command line 'python -m einfall' is not there yet"
[ -x "$EINFALL_BUILD_DIR/bin/einfall-run" ] || die "the build has no einfall-run yet"

mkdir -p "$(dirname "$package")"
say "compiling $model to $package"
python -m einfall compile "$model" -o "$package"
say "einfall-run $package generate --prompt '$prompt' -n 48"
einfall-run "$package" generate --prompt "$prompt" -n 48
