//===- main.cpp - einfall-run ---------------------------------------------===//
#include "Commands.h"
#include "core/ThreadPool.h"

#include <cstdio>

using namespace einfall;
using namespace einfall::tool;

static rt::Status dispatch(const Options &options) {
  if (options.threads > 0)
    rt::ThreadPool::process().resize(unsigned(std::min<int64_t>(options.threads, 256)));
  if (options.mode == Mode::Check && options.file.ends_with(".mlir"))
    return rt::invalidArgument(
        "'" + options.file +
        "' is a program, and a package is needed: einfall-compile it and check "
        "that, or let einfall-opt --ein-interpret run its checks");
  auto package = rt::Package::open(options.file);
  if (!package)
    return package.status();
  switch (options.mode) {
  case Mode::Run:
    return runEntry(*package, options);
  case Mode::Check:
    return runChecks(*package, options);
  case Mode::Generate:
    return generateText(*package, options);
  case Mode::Inspect:
    return inspect(*package, options);
  case Mode::List:
    break;
  }
  return listEntries(*package);
}

int main(int argc, char **argv) {
  rt::Result<Options> options = parseOptions(argc, argv);
  if (!options) {
    std::fprintf(stderr, "einfall-run: error: %s\n%s", options.status().message().c_str(), kUsage);
    return 2;
  }
  if (options->help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  rt::Status status = dispatch(*options);
  if (status.ok())
    return std::fflush(stdout) == 0 ? 0 : 1;
  std::fflush(stdout);
  std::fprintf(stderr, "einfall-run: error: %s\n", status.message().c_str());
  return 1;
}
