//===- Machine.cpp - What schedules know of one machine -------------------===//
#include "lib/Target/Machine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>

namespace einfall {
namespace {

/// Version of the files that `einfall calibrate` writes.
constexpr int64_t kFormat = 1;

llvm::Error wrong(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

struct Size {
  const char *key;
  int64_t Machine::*field;
  int64_t least, most;
};

struct Rate {
  const char *key;
  double Machine::*field;
};

// Between what there is and what would break a schedule lie wide margins.
const Size kSizes[] = {{"first_cache_bytes", &Machine::firstCache, 4 << 10, 16 << 20},
                       {"second_cache_bytes", &Machine::secondCache, 32 << 10, 256 << 20},
                       {"last_cache_bytes", &Machine::lastCache, 32 << 10, int64_t(16) << 30}};
/// Only of CPUs that have such instructions.
const Rate kDotRate = {"bf16_dot_gflops", &Machine::dotFlops};
const Rate kRates[] = {{"gflops", &Machine::flops},
                       {"first_gb_s", &Machine::firstRate},
                       {"second_gb_s", &Machine::secondRate},
                       {"last_gb_s", &Machine::lastRate},
                       {"memory_gb_s", &Machine::memoryRate}};

} // namespace

std::string Machine::describe() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << (name.empty() ? "typical of the target" : name) << ": caches of " << (firstCache >> 10)
     << ", " << (secondCache >> 10) << " and " << (lastCache >> 10) << " KiB";
  os << llvm::format("; one thread: %.3g GFLOP/s, reads of %.3g, %.3g, %.3g and %.3g GB/s", flops,
                     firstRate, secondRate, lastRate, memoryRate);
  return text;
}

Machine typicalMachine(const CpuTarget &target) {
  Machine machine;
  // Two vectors of f32 a cycle; wide ones run at a lower clock.
  machine.flops = target.vectorBytes >= 64 ? 265 : 100;
  machine.firstCache = target.firstCacheKiB << 10;
  machine.secondCache = target.secondCacheKiB << 10;
  return machine;
}

llvm::Expected<Machine> parseMachine(llvm::StringRef text) {
  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse(text);
  if (!parsed)
    return parsed.takeError();
  const llvm::json::Object *object = parsed->getAsObject();
  if (!object)
    return wrong("expected an object");
  if (object->getInteger("einfall_machine") != kFormat)
    return wrong("expected \"einfall_machine\": " + llvm::Twine(kFormat) +
                 ", as einfall calibrate writes it");
  Machine machine;
  std::optional<llvm::StringRef> name = object->getString("cpu");
  if (!name || name->empty())
    return wrong("expected the name of a CPU as \"cpu\"");
  machine.name = name->str();
  for (const Size &size : kSizes) {
    std::optional<int64_t> value = object->getInteger(size.key);
    if (!value || *value < size.least || *value > size.most)
      return wrong(llvm::Twine("expected \"") + size.key + "\" from " + llvm::Twine(size.least) +
                   " to " + llvm::Twine(size.most));
    machine.*size.field = *value;
  }
  if (machine.firstCache > machine.secondCache || machine.secondCache > machine.lastCache)
    return wrong("expected caches that grow with their level");
  llvm::SmallVector<Rate> rates(std::begin(kRates), std::end(kRates));
  if (object->get(kDotRate.key))
    rates.push_back(kDotRate);
  for (const Rate &rate : rates) {
    std::optional<double> value = object->getNumber(rate.key);
    if (!value || !std::isfinite(*value) || *value <= 0 || *value > 1e6)
      return wrong(llvm::Twine("expected \"") + rate.key + "\" above 0");
    machine.*rate.field = *value;
  }
  return machine;
}

llvm::Expected<Machine> readMachine(llvm::StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return wrong("cannot read '" + path + "': " + file.getError().message());
  llvm::Expected<Machine> machine = parseMachine((*file)->getBuffer());
  if (!machine)
    return wrong(path + ": " + llvm::toString(machine.takeError()));
  return machine;
}

} // namespace einfall
