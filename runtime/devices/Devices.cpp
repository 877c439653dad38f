//===- Devices.cpp - Devices by name --------------------------------------===//
#include "core/Device.h"
#include "cpu/Device.h"
#include "cuda/Device.h"

#include <charconv>

namespace einfall::rt {

Result<std::shared_ptr<Device>> openDevice(std::string_view choice) {
  if (choice.empty() || choice == "cpu")
    return cpu::openDevice();
  std::string_view kind = choice.substr(0, choice.find(':'));
  std::string_view rest = choice.substr(kind.size());
  int ordinal = 0;
  bool plain = rest.empty();
  if (!plain) {
    const char *end = rest.data() + rest.size();
    auto [at, error] = std::from_chars(rest.data() + 1, end, ordinal);
    plain = error == std::errc() && at == end && ordinal >= 0;
  }
  if (kind != "cuda" || !plain)
    return invalidArgument("there is no device '" + std::string(choice) +
                           "'; expected cpu, cuda or cuda:N");
  return cuda::openDevice(ordinal);
}

} // namespace einfall::rt
