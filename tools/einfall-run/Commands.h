//===- Commands.h - What einfall-run does ---------------------------------===//
#ifndef EINFALL_RUN_COMMANDS_H
#define EINFALL_RUN_COMMANDS_H

#include "Options.h"
#include "core/Package.h"

namespace einfall::tool {

using PackagePtr = std::shared_ptr<rt::Package>;

rt::Status listEntries(const PackagePtr &package);
rt::Status inspect(const PackagePtr &package, const Options &options);
rt::Status runEntry(const PackagePtr &package, const Options &options);
rt::Status generateText(const PackagePtr &package, const Options &options);

} // namespace einfall::tool
#endif
