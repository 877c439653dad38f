//===- Elf.h - What code may be loaded ------------------------------------===//
#ifndef EINFALL_CORE_ELF_H
#define EINFALL_CORE_ELF_H

#include "einfall/status.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace einfall::rt {

/// Checks that `image` is a shared object for `arch` which loading only maps:
/// no libraries needed, no undefined symbols, no constructors or destructors,
/// no relocations beyond its own addresses, no segment writable and
/// executable. `name` names it in errors.
Status checkCode(std::span<const std::byte> image, const std::string &arch,
                 const std::string &name);

/// The bytes of a data symbol that `image` exports, in the image itself; nothing
/// if it exports none. The image has passed checkCode.
std::optional<std::span<const std::byte>> findData(std::span<const std::byte> image,
                                                   std::string_view name);

} // namespace einfall::rt
#endif
