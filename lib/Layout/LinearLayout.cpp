//===- LinearLayout.cpp - Where elements lie ------------------------------===//
#include "lib/Layout/LinearLayout.h"
#include "llvm/ADT/STLExtras.h"
#include <cassert>

namespace einfall::layout {

unsigned totalBits(Dims dims) {
  unsigned bits = 0;
  for (const Dim &dim : dims)
    bits += dim.bits;
  return bits;
}

static const Dim *dimNamed(Dims dims, llvm::StringRef name) {
  const Dim *dim = llvm::find_if(dims, [&](const Dim &dim) { return dim.name == name; });
  return dim == dims.end() ? nullptr : dim;
}

/// The lowest bit of a dimension in the number that holds all of them.
static unsigned startOf(Dims dims, llvm::StringRef name) {
  unsigned start = 0;
  for (const Dim &dim : dims) {
    if (dim.name == name)
      return start;
    start += dim.bits;
  }
  llvm_unreachable("no dimension of this name");
}

static uint64_t flatten(Dims dims, const Point &point) {
  uint64_t flat = 0;
  for (auto [name, value] : point) {
    assert(value <= lowMask(dimNamed(dims, name)->bits) && "the value is outside of its dimension");
    flat |= value << startOf(dims, name);
  }
  return flat;
}

static Point unflatten(Dims dims, uint64_t flat) {
  Point point;
  for (const Dim &dim : dims) {
    point.push_back({dim.name, flat & lowMask(dim.bits)});
    flat >>= dim.bits;
  }
  return point;
}

LinearLayout::LinearLayout(Dims ins, Dims outs, Vectors columns)
    : inDims(ins), outDims(outs), matrix(columns) {
  assert(totalBits(ins) == columns.size() && "a column for each bit");
  assert(totalBits(outs) <= maxBits && columns.size() <= maxBits && "words hold the bits");
  assert(llvm::all_of(columns, [&](uint64_t c) { return c <= lowMask(outBits()); }) &&
         "a basis is outside of the outputs");
}

LinearLayout LinearLayout::identity(unsigned bits, llvm::StringRef in, llvm::StringRef out) {
  return strided(bits, 0, in, out);
}

LinearLayout LinearLayout::strided(unsigned bits, unsigned shift, llvm::StringRef in,
                                   llvm::StringRef out) {
  VectorList columns;
  for (unsigned i = 0; i < bits; ++i)
    columns.push_back(1ull << (i + shift));
  return {Dim{in.str(), bits}, Dim{out.str(), bits + shift}, columns};
}

LinearLayout LinearLayout::zeros(unsigned bits, llvm::StringRef in, llvm::StringRef out) {
  return {Dim{in.str(), bits}, Dim{out.str(), 0}, VectorList(bits, 0)};
}

unsigned LinearLayout::inBits(llvm::StringRef in) const {
  const Dim *dim = dimNamed(inDims, in);
  return dim ? dim->bits : 0;
}
unsigned LinearLayout::outBits(llvm::StringRef out) const {
  const Dim *dim = dimNamed(outDims, out);
  return dim ? dim->bits : 0;
}
bool LinearLayout::hasIn(llvm::StringRef in) const { return dimNamed(inDims, in); }
bool LinearLayout::hasOut(llvm::StringRef out) const { return dimNamed(outDims, out); }
unsigned LinearLayout::inStart(llvm::StringRef in) const { return startOf(inDims, in); }
unsigned LinearLayout::outStart(llvm::StringRef out) const { return startOf(outDims, out); }

Vectors LinearLayout::columns(llvm::StringRef in) const {
  return hasIn(in) ? columns().slice(inStart(in), inBits(in)) : Vectors();
}

uint64_t LinearLayout::basis(llvm::StringRef in, unsigned bit, llvm::StringRef out) const {
  return (columns(in)[bit] >> outStart(out)) & lowMask(outBits(out));
}

uint64_t LinearLayout::flattenIn(const Point &point) const { return flatten(inDims, point); }
uint64_t LinearLayout::flattenOut(const Point &point) const { return flatten(outDims, point); }
Point LinearLayout::unflattenIn(uint64_t flat) const { return unflatten(inDims, flat); }
Point LinearLayout::unflattenOut(uint64_t flat) const { return unflatten(outDims, flat); }
Point LinearLayout::operator()(const Point &point) const {
  return unflattenOut((*this)(flattenIn(point)));
}

LinearLayout LinearLayout::then(const LinearLayout &next) const {
  assert(llvm::all_of(outDims, [&](const Dim &dim) { return next.inBits(dim.name) >= dim.bits; }) &&
         "the second layout does not take what the first one gives");
  VectorList result;
  for (uint64_t column : matrix)
    result.push_back(next(next.flattenIn(unflattenOut(column))));
  return {inDims, next.outDims, result};
}

LinearLayout LinearLayout::pseudoInverse() const {
  Span span;
  span.insert(matrix);
  VectorList units = unitVectors(outBits());
  // What no place holds goes to 0.
  for (uint64_t unit : extensionOf(matrix, units))
    span.insertVanishing(unit);
  VectorList result;
  for (uint64_t unit : units)
    result.push_back(*span.solve(unit));
  return {outDims, inDims, result};
}

std::optional<LinearLayout> LinearLayout::inverse() const {
  if (!isBijective())
    return std::nullopt;
  return pseudoInverse();
}

uint64_t LinearLayout::freeBits() const {
  uint64_t mask = 0;
  Span span;
  for (auto [i, column] : llvm::enumerate(matrix))
    if (!span.insert(column))
      mask |= 1ull << i;
  return mask;
}

uint64_t LinearLayout::freeBits(llvm::StringRef in) const {
  return hasIn(in) ? (freeBits() >> inStart(in)) & lowMask(inBits(in)) : 0;
}

uint64_t LinearLayout::zeroBits(llvm::StringRef in) const {
  uint64_t mask = 0;
  for (auto [i, column] : llvm::enumerate(columns(in)))
    if (!column)
      mask |= 1ull << i;
  return mask;
}

} // namespace einfall::layout
