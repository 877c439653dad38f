//===- Convert.cpp - From one distributed layout to another ---------------===//
#include "lib/Layout/Convert.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/raw_ostream.h"
#include <cassert>

namespace einfall::layout {

/// Latencies in cycles, of the order that microbenchmarks report for NVIDIA's chips of the last
/// ten years. They decide between few shuffles and memory only.
static constexpr unsigned shuffleLatency = 24, memoryLatency = 30, warpBarrierLatency = 4,
                          blockBarrierLatency = 24;

/// register, lane, warp, and what else there is, with as many lanes and so on as the larger one.
static DimList commonPlaces(const LinearLayout &own, const LinearLayout &other) {
  DimList dims{{dimRegister.str(), own.inBits(dimRegister)}};
  auto add = [&](llvm::StringRef name) {
    if (llvm::none_of(dims, [&](const Dim &dim) { return dim.name == name; }))
      dims.push_back({name.str(), std::max(own.inBits(name), other.inBits(name))});
  };
  add(dimLane), add(dimWarp);
  // Both sides list what is left in the order of the names.
  llvm::SmallVector<llvm::StringRef> names;
  for (const LinearLayout *layout : {&own, &other})
    for (const Dim &dim : layout->ins())
      names.push_back(dim.name);
  llvm::sort(names);
  for (llvm::StringRef name : names)
    add(name);
  return dims;
}

LinearLayout transferBetween(const LinearLayout &source, const LinearLayout &target) {
  LinearLayout from = source.transposeIns(commonPlaces(source, target));
  LinearLayout to = target.transposeIns(commonPlaces(target, source));
  unsigned registers = from.inBits(dimRegister), ownRegisters = to.inBits(dimRegister);
  unsigned inWarp = registers + from.inBits(dimLane);
  VectorList result;
  for (auto [i, element] : llvm::enumerate(to.columns())) {
    // The reader's own place, but for the register.
    uint64_t own = i < ownRegisters ? 0 : 1ull << (i - ownRegisters + registers);
    // Nearest first: in this lane, in this warp, anywhere. What is not searched stays.
    std::optional<uint64_t> found;
    for (unsigned searched : {registers, inWarp, from.inBits()}) {
      uint64_t fixed = own & ~lowMask(searched);
      Span reachable(from.columns().take_front(searched));
      if ((found = reachable.solve(element ^ from(fixed)))) {
        *found ^= fixed;
        break;
      }
    }
    assert(found && "the source reaches every element");
    result.push_back(*found);
  }
  return {to.ins(), from.ins(), result};
}

/// Whether the transfer leaves each place of `dim` at home.
static bool keeps(const LinearLayout &transfer, llvm::StringRef dim) {
  for (uint64_t p : unitVectors(transfer.inBits())) {
    Point at = transfer.unflattenIn(p), from = transfer.unflattenOut(transfer(p));
    for (auto [a, b] : llvm::zip_equal(at, from))
      if (a.first == dim && a.second != b.second)
        return false;
  }
  return true;
}

/// The registers of `layout` that hold something of their own, as a basis, and for each
/// register the one of these that holds the same.
static std::pair<VectorList, std::vector<unsigned>> distinctRegisters(const LinearLayout &layout) {
  Vectors columns = layout.columns(dimRegister);
  Span span;
  VectorList own;
  for (auto [i, column] : llvm::enumerate(columns))
    if (span.insert(column))
      own.push_back(1ull << i);
  std::vector<unsigned> same;
  for (uint64_t r = 0; r < 1ull << columns.size(); ++r)
    same.push_back(*span.solve(multiply(columns, r)));
  return {own, same};
}

static bool isIdentity(llvm::ArrayRef<unsigned> numbers) {
  for (auto [i, number] : llvm::enumerate(numbers))
    if (i != number)
      return false;
  return true;
}

static std::optional<Plan> planRegisters(const LinearLayout &transfer) {
  // Each lane of each warp reads itself, and the same register as the others.
  MoveRegisters move;
  unsigned registers = transfer.inBits(dimRegister);
  for (uint64_t unit : unitVectors(transfer.inBits())) {
    Point from = transfer.unflattenOut(transfer(unit));
    if (unit >> registers && from[0].second)
      return std::nullopt;
  }
  for (uint64_t r = 0; r < 1ull << registers; ++r)
    move.from.push_back(transfer({{dimRegister, r}})[0].second);
  Plan plan;
  bool same = transfer.outBits(dimRegister) == registers && isIdentity(move.from);
  plan.way = same ? Way::nothing : Way::registers;
  if (!same)
    plan.steps.push_back(move);
  return plan;
}

/// Choosing one of the registers by bits of the lane: a select a register and bit.
static unsigned selectsFor(const LinearLayout &choice, unsigned words) {
  return rankOf(choice.columns()) * words;
}

static std::optional<Plan> planShuffles(const LinearLayout &transfer, const LinearLayout &source,
                                        const LinearLayout &target, unsigned elementBits) {
  auto [own, same] = distinctRegisters(target);
  unsigned inWarp = source.inBits(dimRegister) + source.inBits(dimLane);
  VectorList copies = kernelOf(source.columns().take_front(inWarp));
  auto rounds = shuffleRounds(transfer, own, copies, llvm::bit_ceil(elementBits));
  if (!rounds)
    return std::nullopt;
  Plan plan;
  plan.way = Way::shuffles;
  unsigned wordsEach = (elementBits + 31) / 32;
  unsigned words = rounds->size() * wordsEach;
  plan.cost.instructions =
      selectsFor(rounds->front().send, words) + selectsFor(rounds->front().receive, words);
  for (const ShuffleRound &round : *rounds) {
    if (round.crossesLanes) {
      plan.cost.instructions += wordsEach;
      plan.cost.wavefronts += wordsEach;
      plan.cost.latency = shuffleLatency;
    }
    plan.steps.push_back(round);
  }
  if (!isIdentity(same))
    plan.steps.push_back(CopyRegisters{same});
  return plan;
}

static std::optional<Plan> planMemory(const LinearLayout &source, const LinearLayout &target,
                                      bool crossesWarps, const ConversionOptions &options) {
  if (options.elementBits > 8u << vectorBytesBits)
    return std::nullopt;
  Plan plan;
  plan.way = Way::memory;
  plan.storageBits = llvm::bit_ceil(options.elementBits);
  auto staging = searchStaging(source, target, plan.storageBits, options.has);
  if (!staging) {
    // Elements that are alone in their lanes take a byte each.
    plan.storageBits = std::max(8u, plan.storageBits);
    staging = searchStaging(source, target, plan.storageBits, options.has);
  }
  if (!staging)
    return std::nullopt;
  plan.memory = staging->memory;
  plan.steps.push_back(MemoryStep{true, offsetsIn(staging->memory, source), staging->write});
  plan.steps.push_back(Barrier{crossesWarps});
  plan.steps.push_back(MemoryStep{false, offsetsIn(staging->memory, target), staging->read});
  plan.cost.instructions = staging->write.instructions + staging->read.instructions + 1;
  plan.cost.wavefronts = staging->write.wavefronts + staging->read.wavefronts;
  plan.cost.latency = 2 * memoryLatency + (crossesWarps ? blockBarrierLatency : warpBarrierLatency);
  auto [own, same] = distinctRegisters(target);
  if (!isIdentity(same))
    plan.steps.push_back(CopyRegisters{same});
  return plan;
}

Conversion convert(const LinearLayout &from, const LinearLayout &to,
                   const ConversionOptions &options) {
  assert(from.outs() == to.outs() && "two layouts of one tile");
  Conversion result;
  LinearLayout source = from.transposeIns(commonPlaces(from, to));
  LinearLayout target = to.transposeIns(commonPlaces(to, from));
  LinearLayout transfer = transferBetween(source, target);
  for (const Dim &dim : transfer.ins())
    if (dim.name != dimRegister && dim.name != dimLane && dim.name != dimWarp &&
        !keeps(transfer, dim.name)) {
      result.refusal = "elements change their " + dim.name;
      return result;
    }
  bool keepsWarps = keeps(transfer, dimWarp), keepsLanes = keeps(transfer, dimLane);
  auto take = [&](std::optional<Plan> plan) {
    if (plan)
      result.plans.push_back(std::move(*plan));
  };
  if (keepsWarps && keepsLanes)
    take(planRegisters(transfer));
  if (keepsWarps && result.plans.empty())
    take(planShuffles(transfer, source, target, options.elementBits));
  if (result.plans.empty() || result.plans.front().way == Way::shuffles)
    take(planMemory(source, target, !keepsWarps, options));
  // There are two at most.
  if (result.plans.size() == 2 && result.plans[1].cost.total() < result.plans[0].cost.total())
    std::swap(result.plans[0], result.plans[1]);
  if (result.plans.empty())
    result.refusal = "elements are too wide for memory's vectors";
  return result;
}

std::string Plan::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  static constexpr const char *names[] = {"nothing", "registers", "shuffles", "memory"};
  static constexpr const char *kinds[] = {"vectors", "matrices", "transposed matrices"};
  os << names[static_cast<unsigned>(way)];
  unsigned rounds = 0;
  for (const Step &step : steps) {
    rounds += std::holds_alternative<ShuffleRound>(step);
    if (auto *access = std::get_if<MemoryStep>(&step))
      os << (access->isStore ? ", store " : ", load ") << access->access.instructions << " "
         << kinds[static_cast<unsigned>(access->access.kind)] << " in " << access->access.wavefronts
         << " wavefronts";
  }
  if (rounds)
    os << ", " << rounds << " rounds";
  if (cost.total())
    os << ", about " << cost.total() << " cycles";
  return text;
}

} // namespace einfall::layout
