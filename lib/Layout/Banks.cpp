//===- Banks.cpp - Wavefronts of shared memory ----------------------------===//
#include "lib/Layout/Banks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cassert>

namespace einfall::layout {

/// Wavefronts of one phase whose lanes are at sums of `addresses`. The words of one lane's
/// vector do not count: it is aligned, so they are in banks of their own.
static unsigned wavefrontsOfPhase(Vectors addresses) {
  VectorList words, banks;
  for (uint64_t address : addresses) {
    words.push_back(address >> bankBytesBits);
    banks.push_back(words.back() & lowMask(banksBits));
  }
  return 1u << (rankOf(words) - rankOf(banks));
}

unsigned wavefronts(Vectors lanes, unsigned log2bytes) {
  assert(lanes.size() <= warpBits && log2bytes <= vectorBytesBits);
  unsigned together = std::min<unsigned>(phaseBits(log2bytes), lanes.size());
  unsigned phases = 1u << (lanes.size() - together);
  return phases * wavefrontsOfPhase(lanes.take_front(together));
}

bool isConflictFree(Vectors lanes, unsigned log2bytes) {
  unsigned together = std::min<unsigned>(phaseBits(log2bytes), lanes.size());
  return wavefrontsOfPhase(lanes.take_front(together)) == 1;
}

namespace {
/// The columns of a layout, by what accesses treat differently.
struct Columns {
  Columns(const LinearLayout &toOffset, unsigned elementBits)
      : registers(toOffset.columns(dimRegister)), lanes(toOffset.columns(dimLane)),
        elementLog2(llvm::Log2_32(elementBits)) {
    assert(llvm::isPowerOf2_32(elementBits) && elementBits <= 128 && "no such element");
    for (const Dim &dim : toOffset.ins())
      if (dim.name != dimRegister && dim.name != dimLane)
        llvm::append_range(others, toOffset.columns(dim.name));
  }

  /// The address of an offset, in bytes.
  uint64_t bytes(uint64_t offset) const { return offset << elementLog2 >> 3; }
  VectorList bytes(Vectors offsets) const {
    VectorList result;
    for (uint64_t offset : offsets)
      result.push_back(bytes(offset));
    return result;
  }

  Vectors registers, lanes;
  VectorList others;
  unsigned elementLog2;
};
} // namespace

static bool areAligned(Vectors offsets, unsigned bits) {
  return llvm::all_of(offsets, [&](uint64_t offset) { return !(offset & lowMask(bits)); });
}

/// The registers at offsets 1, 2, 4 .., as many as asked for.
static std::optional<VectorList> adjacent(Vectors registers, unsigned bits) {
  Span span(registers);
  VectorList word;
  for (uint64_t unit : unitVectors(bits)) {
    auto found = span.solve(unit);
    if (!found)
      return std::nullopt;
    word.push_back(*found);
  }
  return word;
}

/// Registers that, with those in `word`, make all that differ, at offsets that are
/// multiples of the word.
static VectorList besides(Vectors registers, Vectors word) {
  Span span;
  for (uint64_t r : word)
    span.insert(multiply(registers, r));
  VectorList rest;
  for (auto [i, column] : llvm::enumerate(registers)) {
    if (!span.insert(column))
      continue;
    uint64_t low = column & lowMask(word.size());
    rest.push_back(1ull << i ^ multiply(word, low));
  }
  return rest;
}

static std::optional<Access> vectorAccess(const Columns &columns, unsigned log2vector) {
  auto word = adjacent(columns.registers, log2vector);
  if (!word || !areAligned(columns.lanes, log2vector) || !areAligned(columns.others, log2vector))
    return std::nullopt;
  Access access;
  access.word = *word;
  access.repeats = besides(columns.registers, *word);
  access.instructions = 1u << access.repeats.size();
  access.wavefronts = access.instructions * wavefronts(columns.bytes(columns.lanes),
                                                       log2vector + columns.elementLog2 - 3);
  return access;
}

std::optional<Access> vectorAccess(const LinearLayout &toOffset, unsigned elementBits) {
  Columns columns(toOffset, elementBits);
  unsigned least = columns.elementLog2 < 3 ? 3 - columns.elementLog2 : 0;
  std::optional<Access> best;
  // Wide vectors have fewer instructions, but may have more conflicts.
  for (unsigned bits = least; bits + columns.elementLog2 <= 3 + vectorBytesBits; ++bits) {
    auto access = vectorAccess(columns, bits);
    if (access && (!best || access->cost() <= best->cost()))
      best = access;
  }
  return best;
}

std::optional<Access> matrixAccess(const LinearLayout &toOffset, unsigned elementBits,
                                   bool transposed) {
  if (elementBits != 16 && (transposed || (elementBits != 8 && elementBits != 32)))
    return std::nullopt;
  Columns columns(toOffset, elementBits);
  if (columns.lanes.size() != warpBits)
    return std::nullopt;
  unsigned inWord = llvm::Log2_32(32 / elementBits);
  unsigned inRow = inWord + 2;
  Access access;
  access.kind = transposed ? AccessKind::matrixTransposed : AccessKind::matrix;
  // Lanes that go along a row of 16 bytes, and those that go down the rows.
  Vectors along = transposed ? columns.lanes.drop_front(2) : columns.lanes.take_front(2);
  Vectors down = transposed ? columns.lanes.take_front(2) : columns.lanes.drop_front(2);
  for (auto [i, offset] : llvm::enumerate(along))
    if (offset != 1ull << (i + (transposed ? 0 : inWord)))
      return std::nullopt;
  if (transposed) {
    // Two rows are in one word: those of any register that has a row of its own.
    VectorList own = besides(columns.registers, {});
    if (own.empty())
      return std::nullopt;
    access.word = {own.front()};
    access.repeats.assign(own.begin() + 1, own.end());
    access.rows.push_back(multiply(columns.registers, own.front()));
  } else {
    auto word = adjacent(columns.registers, inWord);
    if (!word)
      return std::nullopt;
    access.word = *word;
    access.repeats = besides(columns.registers, *word);
  }
  access.rows.append(down.begin(), down.end());
  VectorList further;
  for (uint64_t r : access.repeats)
    further.push_back(multiply(columns.registers, r));
  if (!areAligned(access.rows, inRow) || !areAligned(further, inRow) ||
      !areAligned(columns.others, inRow))
    return std::nullopt;
  unsigned together = std::min<size_t>(2, access.repeats.size());
  access.matrices.assign(access.repeats.begin(), access.repeats.begin() + together);
  access.repeats.erase(access.repeats.begin(), access.repeats.begin() + together);
  access.instructions = 1u << access.repeats.size();
  access.wavefronts =
      (access.instructions << together) * wavefrontsOfPhase(columns.bytes(access.rows));
  return access;
}

std::optional<Access> accessOf(AccessKind kind, const LinearLayout &toOffset,
                               unsigned elementBits) {
  if (kind == AccessKind::vector)
    return vectorAccess(toOffset, elementBits);
  return matrixAccess(toOffset, elementBits, kind == AccessKind::matrixTransposed);
}

} // namespace einfall::layout
