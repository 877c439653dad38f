//===- Output.cpp - Files that are written whole or not at all ------------===//
#include "Output.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace einfall::tool {

rt::Status writeFile(const std::string &path, std::initializer_list<std::string_view> parts) {
  std::string temporary = path + ".XXXXXX";
  auto failure = [&]() {
    return rt::Status(rt::StatusCode::Io, "cannot write '" + path + "': " + std::strerror(errno));
  };
  int fd = mkstemp(temporary.data());
  if (fd < 0)
    return failure();
  FILE *out = fdopen(fd, "wb");
  bool ok = out;
  for (std::string_view part : parts)
    ok = ok && fwrite(part.data(), 1, part.size(), out) == part.size();
  ok = out && fclose(out) == 0 && ok;
  if (ok && rename(temporary.c_str(), path.c_str()) == 0)
    return {};
  rt::Status status = failure();
  unlink(temporary.c_str());
  return status;
}

} // namespace einfall::tool
