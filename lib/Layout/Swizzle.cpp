//===- Swizzle.cpp - Memory without conflicts between two layouts ---------===//
#include "lib/Layout/Swizzle.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cassert>
#include <vector>

namespace einfall::layout {

LinearLayout offsetsIn(const LinearLayout &memory, const LinearLayout &distributed) {
  return distributed.then(memory.pseudoInverse());
}

namespace {
/// What one side asks of the order, as vectors of coordinates.
struct Demand {
  AccessKind kind = AccessKind::vector;
  VectorList registers;
  unsigned width = 0;  // as many of the lowest vectors are this side's own
  VectorList row;      // matrices: which ones they are
  VectorList separate; // must not fall into them
  VectorList phase;    // served together
};
} // namespace

static VectorList concat(Vectors a, Vectors b) {
  VectorList both(a);
  both.append(b.begin(), b.end());
  return both;
}

static VectorList columnsBesides(const LinearLayout &layout) {
  VectorList columns;
  for (const Dim &dim : layout.ins())
    if (dim.name != dimRegister && dim.name != dimLane)
      llvm::append_range(columns, layout.columns(dim.name));
  return columns;
}

static std::optional<Demand> matrixDemand(const LinearLayout &layout, unsigned elementBits,
                                          bool transposed) {
  Vectors lanes = layout.columns(dimLane);
  VectorList registers = extensionOf({}, layout.columns(dimRegister));
  unsigned inWord = llvm::Log2_32(std::max(1u, 32 / elementBits));
  if (elementBits < 8 || elementBits > 32 || (transposed && elementBits != 16) ||
      lanes.size() != warpBits || registers.size() < inWord)
    return std::nullopt;
  Demand demand;
  demand.registers = registers;
  VectorList word(Vectors(registers).take_front(inWord)),
      further(Vectors(registers).drop_front(inWord));
  if (transposed) {
    demand.kind = AccessKind::matrixTransposed;
    demand.row.assign(lanes.begin() + 2, lanes.end());
    demand.phase = concat(word, lanes.take_front(2));
  } else {
    demand.kind = AccessKind::matrix;
    demand.row = concat(word, lanes.take_front(2));
    demand.phase.assign(lanes.begin() + 2, lanes.end());
  }
  demand.width = demand.row.size();
  demand.separate = concat(concat(demand.phase, further), columnsBesides(layout));
  return demand;
}

static Demand vectorDemand(const LinearLayout &layout, unsigned elementBits, unsigned width) {
  Demand demand;
  Vectors lanes = layout.columns(dimLane);
  demand.registers.assign(layout.columns(dimRegister));
  demand.width = width;
  demand.separate = concat(lanes, columnsBesides(layout));
  // A fraction of a byte is refused later; until then it counts as one.
  unsigned log2bytes = std::max(3u, width + llvm::Log2_32(elementBits)) - 3;
  demand.phase.assign(lanes.take_front(std::min<size_t>(phaseBits(log2bytes), lanes.size())));
  return demand;
}

static std::vector<Demand> demandsOf(const LinearLayout &layout, unsigned elementBits,
                                     bool matrices) {
  std::vector<Demand> demands;
  unsigned widest = 3 + vectorBytesBits - llvm::Log2_32(elementBits);
  for (unsigned width = 0; width <= widest; ++width)
    demands.push_back(vectorDemand(layout, elementBits, width));
  for (bool transposed : {false, true})
    if (matrices)
      if (auto demand = matrixDemand(layout, elementBits, transposed))
        demands.push_back(*demand);
  return demands;
}

/// The lowest vectors of the order: those of the wider side, which begin with
/// those of the narrower one.
static std::optional<VectorList> vectorsFor(const Demand &wide, const Demand &narrow) {
  if (!narrow.row.empty() || !wide.row.empty()) {
    // A row of a matrix is given; the other side takes of it what it can.
    const Demand &given = wide.row.empty() ? narrow : wide;
    const Demand &other = wide.row.empty() ? wide : narrow;
    if (!other.row.empty())
      return given.row == other.row ? std::optional(given.row) : std::nullopt;
    Span span(other.registers);
    bool fits = other.width <= given.row.size() &&
                llvm::all_of(Vectors(given.row).take_front(other.width),
                             [&](uint64_t v) { return span.contains(v); });
    return fits ? std::optional(given.row) : std::nullopt;
  }
  VectorList apart = concat(wide.separate, narrow.separate);
  VectorList low = extensionOf(apart, intersectionOf(wide.registers, narrow.registers));
  if (low.size() < narrow.width)
    return std::nullopt;
  low.truncate(narrow.width);
  for (uint64_t v : extensionOf(concat(wide.separate, low), wide.registers))
    if (low.size() < wide.width)
      low.push_back(v);
  return low.size() == wide.width ? std::optional(low) : std::nullopt;
}

/// Vectors that meet neither space, in the span of `all`.
static VectorList linesBetween(Vectors u, Vectors w, Vectors all) {
  VectorList lines = extensionOf(concat(u, w), all);
  VectorList shared = intersectionOf(u, w);
  for (auto [a, b] : llvm::zip(extensionOf(shared, u), extensionOf(shared, w)))
    lines.push_back(a ^ b);
  return lines;
}

static std::optional<VectorList> orderFor(const Demand &a, const Demand &b, unsigned bits,
                                          unsigned elementBits) {
  const Demand &wide = a.width >= b.width ? a : b, &narrow = a.width >= b.width ? b : a;
  auto low = vectorsFor(wide, narrow);
  if (!low)
    return std::nullopt;
  // The rest of the order, such that what must not fall into the vectors lies in it.
  VectorList rest =
      extensionOf(*low, concat(concat(wide.separate, narrow.separate), unitVectors(bits)));
  unsigned wavefront = banksBits + bankBytesBits + 3 - llvm::Log2_32(elementBits);
  unsigned lineCount = bits > wavefront ? bits - wavefront : 0;
  VectorList u = intersectionOf(wide.phase, rest), w = intersectionOf(narrow.phase, rest);
  VectorList lines = linesBetween(u, w, rest);
  // Where lanes span more than a wavefront, conflicts cannot be avoided.
  llvm::append_range(lines, extensionOf(lines, rest));
  lines.truncate(lineCount);
  VectorList order = *low;
  llvm::append_range(order, extensionOf(concat(*low, lines), concat(u, rest)));
  llvm::append_range(order, lines);
  return order;
}

std::optional<Staging> searchStaging(const LinearLayout &writer, const LinearLayout &reader,
                                     unsigned elementBits, MatrixInstructions has) {
  assert(writer.outs() == reader.outs() && "two layouts of one tile");
  assert(writer.isSurjective() && reader.isSurjective() && "every element has a place");
  unsigned bits = writer.outBits();
  std::optional<Staging> best;
  for (const Demand &write : demandsOf(writer, elementBits, has.store))
    for (const Demand &read : demandsOf(reader, elementBits, has.load)) {
      auto order = orderFor(write, read, bits, elementBits);
      if (!order)
        continue;
      LinearLayout memory(Dim{dimOffset.str(), bits}, writer.outs(), *order);
      auto writes = accessOf(write.kind, offsetsIn(memory, writer), elementBits);
      auto reads = accessOf(read.kind, offsetsIn(memory, reader), elementBits);
      if (!writes || !reads)
        continue;
      Staging staging{memory, *writes, *reads};
      if (!best || staging.cost() < best->cost())
        best = staging;
    }
  return best;
}

} // namespace einfall::layout
