//===- Serve.cpp - One bandwidth, measured whenever a line asks for it ----===//
//
// Memory of a shared host is faster in one minute than in the next. A rate that
// is compared with a program's is measured in turn with it, so the process and
// its buffer stay, as the program's do.
//
//===----------------------------------------------------------------------===//
#include "Roof.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace einfall::roof {
namespace {

constexpr unsigned kTries = 3;

/// Loops over one buffer, and what each of them reached.
struct Candidates {
  std::unique_ptr<Buffer> buffer;
  std::vector<Loop> loops;
  std::vector<std::vector<double>> rates;
};

/// All loops take turns, so that no change of the memory's rate decides between them.
void tryAll(std::vector<Candidates> &all, unsigned threads, double seconds) {
  for (unsigned i = 0; i < kTries; ++i)
    for (Candidates &of : all)
      for (size_t loop = 0; loop < of.loops.size(); ++loop)
        of.rates[loop].push_back(measure(of.loops[loop], threads, seconds, 1));
}

double middle(std::vector<double> rates) {
  std::nth_element(rates.begin(), rates.begin() + rates.size() / 2, rates.end());
  return rates[rates.size() / 2];
}

} // namespace

bool serve(const BandwidthLimit &limit, uint64_t bytes, unsigned threads, double seconds) {
  std::vector<Candidates> all;
  for (bool huge : {true, false}) {
    Candidates of{std::make_unique<Buffer>(bytes, huge), {}, {}};
    if (!of.buffer->data())
      return false;
    of.loops = limit.loops(*of.buffer, huge ? "huge pages" : "small pages");
    of.rates.resize(of.loops.size());
    all.push_back(std::move(of));
  }
  tryAll(all, threads, seconds);
  const Loop *best = nullptr;
  size_t kept = 0;
  double most = 0;
  for (size_t i = 0; i < all.size(); ++i)
    for (size_t loop = 0; loop < all[i].loops.size(); ++loop)
      if (double rate = middle(all[i].rates[loop]); rate > most) {
        most = rate;
        best = &all[i].loops[loop];
        kept = i;
      }
  all[1 - kept].buffer.reset();
  std::printf("{\"limit\": \"%s\", \"working_set\": %llu, \"loop\": \"%s\"}\n", limit.name,
              static_cast<unsigned long long>(bytes), best->name.c_str());
  std::fflush(stdout);
  char line[64];
  while (std::fgets(line, sizeof line, stdin)) {
    double asked = std::max(0.001, std::atof(line));
    std::printf("{\"value\": %.6g}\n", measure(*best, threads, asked, 1) / 1e9);
    std::fflush(stdout);
  }
  return true;
}

} // namespace einfall::roof
