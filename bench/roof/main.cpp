//===- main.cpp - einfall-roof: prints the limits of this machine as JSON -===//
#include "Roof.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <thread>

using namespace einfall::roof;

namespace {

const char *const kUsage =
    "usage: einfall-roof [--threads N] [--bytes N] [--seconds S] [--serve] [LIMIT...]\n"
    "\n"
    "Prints the best rates that this machine reaches, as JSON: each the best of several loops.\n"
    "LIMIT is compute, f32_fma, bf16_dot, int8_dot, amx_bf16, amx_int8, read, write or copy\n"
    "(all). Bandwidth is that of a working set of --bytes (256 MiB), passed over again and\n"
    "again: one that fits a cache measures that cache. --seconds (0.05) is for one round of\n"
    "one loop. --serve takes one of read, write and copy, prints which loop reaches most, and\n"
    "answers each line of its input, the seconds to measure for, with what that loop reaches\n"
    "then.\n";

constexpr BandwidthLimit kBandwidth[] = {
    {"read", readLoops}, {"write", writeLoops}, {"copy", copyLoops}};

struct Options {
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  uint64_t bytes = 256u << 20;
  double seconds = 0.05;
  bool serve = false;
  std::vector<std::string> limits;

  bool wants(std::string_view name, bool compute) const {
    return limits.empty() || std::any_of(limits.begin(), limits.end(), [&](const auto &limit) {
             return limit == name || (compute && limit == "compute");
           });
  }
};

/// The limit that --serve measures; null unless it is one of memory, and the only one.
const BandwidthLimit *served(const Options &options) {
  if (options.limits.size() != 1)
    return nullptr;
  auto found = std::find_if(std::begin(kBandwidth), std::end(kBandwidth), [&](const auto &limit) {
    return options.limits.front() == limit.name;
  });
  return found == std::end(kBandwidth) ? nullptr : found;
}

template <typename T> bool number(const char *text, T least, T &value) {
  const char *end = text + std::strlen(text);
  auto [at, error] = std::from_chars(text, end, value);
  return error == std::errc() && at == end && value >= least;
}

bool parse(int argc, char **argv, Options &options) {
  constexpr const char *kLimits[] = {"compute",  "f32_fma", "bf16_dot", "int8_dot", "amx_bf16",
                                     "amx_int8", "read",    "write",    "copy"};
  for (int i = 1; i < argc; ++i) {
    std::string_view option = argv[i];
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    bool known = std::any_of(std::begin(kLimits), std::end(kLimits),
                             [&](const char *limit) { return option == limit; });
    if (known) {
      options.limits.emplace_back(option);
      continue;
    }
    if (option == "--serve") {
      options.serve = true;
      continue;
    }
    bool ok = (option == "--threads" && number(value, 1u, options.threads)) ||
              (option == "--bytes" && number(value, uint64_t(1) << 12, options.bytes)) ||
              (option == "--seconds" && number(value, 0.001, options.seconds));
    if (!ok)
      return false;
    ++i;
  }
  return !options.serve || served(options);
}

void measureCompute(const Options &options, std::vector<Limit> &limits) {
  struct Row {
    const char *name, *unit;
    std::vector<Loop> (*loops)(unsigned);
  };
  for (Row row : {Row{"f32_fma", "GFLOP/s", fmaF32}, Row{"bf16_dot", "GFLOP/s", dotBf16},
                  Row{"int8_dot", "GOP/s", dotInt8}, Row{"amx_bf16", "GFLOP/s", amxBf16},
                  Row{"amx_int8", "GOP/s", amxInt8}})
    if (options.wants(row.name, true))
      limits.push_back(
          best(row.name, row.unit, row.loops(options.threads), options.threads, options.seconds));
}

bool measureBandwidth(const Options &options, std::vector<Limit> &limits) {
  struct Row {
    BandwidthLimit of;
    Limit limit;
  };
  std::vector<Row> rows;
  for (BandwidthLimit of : kBandwidth)
    if (options.wants(of.name, false))
      rows.push_back({of, {}});
  if (rows.empty())
    return true;
  for (bool huge : {true, false}) {
    Buffer buffer(options.bytes, huge);
    if (!buffer.data())
      return false;
    for (Row &row : rows) {
      std::vector<Loop> loops = row.of.loops(buffer, huge ? "huge pages" : "small pages");
      Limit limit = best(row.of.name, "GB/s", loops, options.threads, options.seconds);
      if (limit.value >= row.limit.value)
        row.limit = limit;
    }
  }
  for (Row &row : rows)
    limits.push_back(row.limit);
  return true;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  if (argc == 2 && !std::strcmp(argv[1], "--help")) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "einfall-roof: error: wrong command line\n%s", kUsage);
    return 2;
  }
  auto noMemory = [&] {
    std::fprintf(stderr, "einfall-roof: error: no memory for a working set of %llu bytes\n",
                 static_cast<unsigned long long>(options.bytes));
    return 1;
  };
  if (options.serve)
    return serve(*served(options), options.bytes, options.threads, options.seconds) ? 0
                                                                                    : noMemory();
  std::vector<Limit> limits;
  measureCompute(options, limits);
  if (!measureBandwidth(options, limits))
    return noMemory();
  std::printf("{\"threads\": %u, \"working_set\": %llu, \"limits\": {", options.threads,
              static_cast<unsigned long long>(options.bytes));
  bool first = true;
  for (const Limit &limit : limits) {
    // A limit of 0 is one that this CPU has no instructions for.
    if (limit.value == 0)
      continue;
    std::printf("%s\n  \"%s\": {\"value\": %.4g, \"unit\": \"%s\", \"loop\": \"%s\"}",
                first ? "" : ",", limit.name.c_str(), limit.value, limit.unit, limit.loop.c_str());
    first = false;
  }
  std::printf("}}\n");
  return 0;
}
