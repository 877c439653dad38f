//===- Bits.cpp - Vectors and matrices over F2 ----------------------------===//
#include "lib/Layout/Bits.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include <cassert>

namespace einfall::layout {

uint64_t multiply(Vectors columns, uint64_t x) {
  uint64_t sum = 0;
  for (; x; x &= x - 1) {
    unsigned i = llvm::countr_zero(x);
    assert(i < columns.size() && "the vector has more dimensions than the matrix columns");
    sum ^= columns[i];
  }
  return sum;
}

Span::Row Span::reduce(uint64_t vector) const {
  Row row{vector, 0};
  for (const Row &pivot : rows)
    if (row.vector & llvm::bit_floor(pivot.vector)) {
      row.vector ^= pivot.vector;
      row.sources ^= pivot.sources;
    }
  return row;
}

bool Span::insert(uint64_t vector) {
  assert(inserted < 64 && "a span remembers 64 vectors");
  return add(vector, 1ull << inserted++);
}

bool Span::add(uint64_t vector, uint64_t sources) {
  Row row = reduce(vector);
  row.sources ^= sources;
  if (!row.vector)
    return false;
  // No other row keeps this leading one: then the order of rows is of no account.
  for (Row &other : rows)
    if (other.vector & llvm::bit_floor(row.vector)) {
      other.vector ^= row.vector;
      other.sources ^= row.sources;
    }
  rows.push_back(row);
  return true;
}

void Span::insert(Vectors vectors) {
  for (uint64_t vector : vectors)
    insert(vector);
}

std::optional<uint64_t> Span::solve(uint64_t vector) const {
  Row row = reduce(vector);
  if (row.vector)
    return std::nullopt;
  return row.sources;
}

unsigned rankOf(Vectors vectors) {
  Span span;
  span.insert(vectors);
  return span.rank();
}

VectorList kernelOf(Vectors columns) {
  VectorList kernel;
  Span span;
  for (auto [i, column] : llvm::enumerate(columns)) {
    if (auto sources = span.solve(column))
      kernel.push_back(*sources | 1ull << i);
    span.insert(column);
  }
  return kernel;
}

VectorList intersectionOf(Vectors a, Vectors b) {
  VectorList both(a);
  both.append(b.begin(), b.end());
  // A sum of a's that is also a sum of b's is a vanishing sum of both.
  VectorList sums;
  for (uint64_t x : kernelOf(both))
    sums.push_back(multiply(a, x & lowMask(a.size())));
  return extensionOf({}, sums);
}

VectorList extensionOf(Vectors vectors, Vectors candidates) {
  Span span;
  for (uint64_t vector : vectors)
    if (!span.contains(vector))
      span.insert(vector);
  VectorList taken;
  for (uint64_t candidate : candidates)
    if (!span.contains(candidate)) {
      span.insert(candidate);
      taken.push_back(candidate);
    }
  return taken;
}

VectorList unitVectors(unsigned bits) {
  VectorList units;
  for (unsigned i = 0; i < bits; ++i)
    units.push_back(1ull << i);
  return units;
}

} // namespace einfall::layout
