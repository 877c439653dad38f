//===- Shared.cpp - libeinfall.so: the static runtime as a library --------===//
#include "einfall/einfall.h"

static_assert(EINF_API_VERSION == 1u, "the library's SOVERSION follows");
