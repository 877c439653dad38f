//===- Commands.h - What einfall-run does ---------------------------------===//
#ifndef EINFALL_RUN_COMMANDS_H
#define EINFALL_RUN_COMMANDS_H

#include "Options.h"
#include "core/Package.h"
#include "core/Profile.h"
#include "core/Session.h"

namespace einfall::tool {

using PackagePtr = std::shared_ptr<rt::Package>;

rt::Status listEntries(const PackagePtr &package);
rt::Status inspect(const PackagePtr &package, const Options &options);
/// Runs the package's tests, or the one that is named; fails if one fails.
rt::Status runChecks(const PackagePtr &package, const Options &options);
rt::Status runEntry(const PackagePtr &package, const Options &options);
/// Prints where the time of the profiled calls went, a kernel a line.
void printProfile(const rt::Profile &profile);
/// The same to a file, a step a row, with the target whose code `session` ran: for
/// `einfall explain --profile`.
rt::Status writeProfile(const rt::Session &session, const rt::Profile &profile,
                        const std::string &path);
rt::Status generateText(const PackagePtr &package, const Options &options);

} // namespace einfall::tool
#endif
