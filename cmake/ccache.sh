#!/bin/sh
# The compiler's launcher: ccache, so that objects of one checkout or build folder serve every other.
#   ccache.sh COMPILER ARGUMENTS...     with CCACHE_BASEDIR, the checkout
# Precompiled headers hold absolute paths, and CMake names them by such. No object depends on either:
# ccache takes a sum of what went into the header, made here, and its path becomes a relative one.
# The headers themselves serve their own folder only.
set -e
header=
for argument; do
  shift
  case $argument in
    -emit-pch) header=1 ;;
    "$PWD"/*/cmake_pch.hxx | "$PWD"/*/cmake_pch.hxx.pch) argument=${argument#"$PWD"/} ;;
  esac
  set -- "$@" "$argument"
done
export CCACHE_PCH_EXTSUM=1 CCACHE_SLOPPINESS=pch_defines,time_macros
if [ -z "$header" ]; then
  export CCACHE_NOHASHDIR=1
  exec ccache "$@"
fi
unset CCACHE_NOHASHDIR
ccache "$@"
words=$(printf '%s\n' "$*" | sed -e "s|$PWD|build|g" -e "s|$CCACHE_BASEDIR|checkout|g")
while [ $# -gt 1 ]; do
  case $1 in
    -o) output=$2 ;;
    -MF) dependencies=$2 ;;
  esac
  shift
done
{
  echo "$words"
  sed -e 's/\\$//' -e '1s/^[^:]*://' "$dependencies" | xargs cat
} | sha256sum >"$output.sum"
