//===- Options.h - The command line of einfall-run ------------------------===//
#ifndef EINFALL_RUN_OPTIONS_H
#define EINFALL_RUN_OPTIONS_H

#include "einfall/status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace einfall::tool {

enum class Mode { List, Run, Check, Generate, Inspect };

using NamedFile = std::pair<std::string, std::string>;
using NamedNumber = std::pair<std::string, int64_t>;

struct Options {
  Mode mode = Mode::List;
  std::string file;
  bool help = false, json = false, verify = false, report = false, bos = false;
  int64_t threads = 0;        ///< 0: as the runtime decides
  std::string device = "cpu"; ///< as rt::openDevice has it

  // Running an entry; checking one (all if it is empty).
  std::string entry;
  bool check = false;
  std::vector<NamedFile> inputs, outputs, expected;
  std::vector<NamedNumber> params, bounds;
  double atol = 0, rtol = 0;
  int64_t repeat = 1;
  bool profile = false;    ///< also when generating
  std::string profileJson; ///< file for the profile; may be empty

  // Generating.
  std::vector<std::vector<int64_t>> ids;
  std::optional<std::string> prompt;
  int64_t newTokens = 48, context = 0, chunk = 512, topK = 0;
  double temperature = 0;
  uint64_t seed = 0;
  bool ignoreEos = false;
};

extern const char *const kUsage;

/// Reads the command line; the error is what to tell the user.
rt::Result<Options> parseOptions(int argc, char **argv);

} // namespace einfall::tool
#endif
