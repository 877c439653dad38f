#!/usr/bin/env bash
# Installs the system packages that some tests want and nothing needs.
set -euo pipefail
source "$EINFALL_ROOT/utils/dev/common.sh"
list=$EINFALL_ROOT/requirements/debian-optional.txt

command -v dpkg-query >/dev/null || die "this system has no dpkg; the optional packages are in $list"
missing=()
for package in $(entries "$list"); do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} = 0 ]; then
  say "every optional package is installed"
  exit 0
fi
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
say "installing optional packages: ${missing[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
  </dev/null >&2 || die "apt-get could not install: ${missing[*]}"
