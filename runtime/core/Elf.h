//===- Elf.h - What code may be loaded ------------------------------------===//
#ifndef EINFALL_CORE_ELF_H
#define EINFALL_CORE_ELF_H

#include "einfall/status.h"

#include <cstddef>
#include <span>
#include <string>

namespace einfall::rt {

/// Checks that `image` is a shared object for `arch` which loading only maps:
/// no libraries needed, no undefined symbols, no constructors or destructors,
/// no relocations beyond its own addresses, no segment writable and
/// executable. `name` names it in errors.
Status checkCode(std::span<const std::byte> image, const std::string &arch,
                 const std::string &name);

} // namespace einfall::rt
#endif
