//===- BuildId.h - Which compiler this is -----------------------*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_BUILDID_H
#define EINFALL_LIB_DRIVER_BUILDID_H

#include <string>

namespace einfall {

/// The project's version and a digest over the code of the compiler and of the
/// LLVM and MLIR that it runs with: equal ids compile equally.
const std::string &compilerBuildId();

} // namespace einfall

#endif
