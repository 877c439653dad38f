//===- PrintProfile.cpp - Where the time went -----------------------------===//
#include "Commands.h"
#include "Output.h"
#include "format/Json.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace einfall::tool {
namespace {

/// Steps of an entry that run the same kernel.
struct Row {
  std::string program, source;
  size_t steps = 0;
  rt::StepTime time;
};

std::vector<Row> collect(const std::vector<rt::StepTime> &times) {
  std::vector<Row> rows;
  for (size_t i = 0; i < times.size(); ++i) {
    const rt::StepInfo &step = *times[i].info;
    auto row = std::find_if(rows.begin(), rows.end(),
                            [&](const Row &r) { return r.program == step.program; });
    if (row == rows.end())
      row = rows.insert(row, {step.program, step.source, 0, {}});
    ++row->steps;
    row->time.launches += times[i].launches;
    row->time.seconds += times[i].seconds;
    row->time.bytes += times[i].bytes;
    row->time.points += times[i].points;
    for (size_t c = 0; c < times[i].counters.size(); ++c)
      row->time.counters[c] += times[i].counters[c];
  }
  std::sort(rows.begin(), rows.end(),
            [](const Row &a, const Row &b) { return a.time.seconds > b.time.seconds; });
  return rows;
}

void printRow(const Row &row, double total, uint64_t calls) {
  double seconds = std::max(row.time.seconds, 1e-12);
  std::printf("  %10.4f %5.1f%% %8zu %9.2f %9.2f %9.2f  %s  %s\n",
              1e3 * row.time.seconds / double(calls), 100 * row.time.seconds / total, row.steps,
              1e6 * seconds / double(std::max<uint64_t>(row.time.launches, 1)),
              row.time.bytes / seconds / 1e9, row.time.points / seconds / 1e9, row.program.c_str(),
              row.source.c_str());
  const rt::Counters &counters = row.time.counters;
  if (counters[EINF_CHUNKS])
    std::printf("  %10s %" PRIu64 " of %" PRIu64 " chunks visited, %" PRIu64 " of %" PRIu64
                " masked stages without their mask\n",
                "", counters[EINF_VISITED], counters[EINF_CHUNKS], counters[EINF_UNMASKED],
                counters[EINF_UNMASKED] + counters[EINF_MASKED]);
}

} // namespace

void printProfile(const rt::Profile &profile) {
  for (const auto &[name, times] : profile.times()) {
    if (times.empty())
      continue;
    uint64_t calls = std::max<uint64_t>(times[0].launches, 1);
    rt::StepTime sum;
    for (const rt::StepTime &time : times) {
      sum.seconds += time.seconds;
      sum.bytes += time.bytes;
    }
    std::printf("%s: %" PRIu64 " calls, %zu launches and %.4f ms of kernels a call, %.2f GB/s\n",
                name.c_str(), calls, times.size(), 1e3 * sum.seconds / double(calls),
                sum.bytes / std::max(sum.seconds, 1e-12) / 1e9);
    // A point is one application of the kernel's map: in a contraction a
    // multiplication and an addition.
    std::printf("  %10s %6s %8s %9s %9s %9s  %s\n", "ms a call", "share", "launches", "us each",
                "GB/s", "Gpoint/s", "kernel, first place of it");
    for (const Row &row : collect(times))
      printRow(row, std::max(sum.seconds, 1e-12), calls);
  }
}

rt::Status writeProfile(const rt::Session &session, const rt::Profile &profile,
                        const std::string &path) {
  rt::JsonWriter j;
  j.beginObject().key("compiler_build_id").string(session.package().manifest().compilerBuildId);
  j.key("target").string(session.target()).key("entries").beginArray();
  for (const auto &[name, times] : profile.times()) {
    if (times.empty())
      continue;
    j.beginObject().key("name").string(name);
    j.key("calls").number(int64_t(times[0].launches)).key("steps").beginArray();
    for (size_t i = 0; i < times.size(); ++i) {
      j.beginObject().key("program").string(times[i].info->program);
      j.key("launches").number(int64_t(times[i].launches)).key("seconds").real(times[i].seconds);
      j.key("bytes").real(times[i].bytes).key("points").real(times[i].points);
      if (const rt::Counters &counters = times[i].counters; counters[EINF_CHUNKS]) {
        static const char *const names[EINF_COUNTERS] = {"chunks", "visited", "unmasked", "masked"};
        for (size_t c = 0; c < counters.size(); ++c)
          j.key(names[c]).number(int64_t(counters[c]));
      }
      j.endObject();
    }
    j.endArray().endObject();
  }
  j.endArray().endObject();
  return writeFile(path, {j.take(), "\n"});
}

} // namespace einfall::tool
