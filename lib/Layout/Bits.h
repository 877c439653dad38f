//===- Bits.h - Vectors and matrices over F2 --------------------*- C++ -*-===//
//
// The field of two elements: addition is exclusive or, so a vector is a word and
// a matrix a list of words, its columns. Nothing here exceeds 64 dimensions.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_LAYOUT_BITS_H
#define EINFALL_LIB_LAYOUT_BITS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>

namespace einfall::layout {

using Vectors = llvm::ArrayRef<uint64_t>;
using VectorList = llvm::SmallVector<uint64_t>;

/// Ones in the lowest `bits` places.
inline uint64_t lowMask(unsigned bits) { return bits >= 64 ? ~0ull : (1ull << bits) - 1; }

/// The sum of those columns that `x` has a one for: the matrix times `x`.
uint64_t multiply(Vectors columns, uint64_t x);

/// The span of the vectors inserted so far. It knows of each vector in it which
/// inserted ones it is the sum of, so it also solves linear equations.
class Span {
public:
  Span() = default;
  explicit Span(Vectors vectors) { insert(vectors); }

  /// False if the vector was in the span already.
  bool insert(uint64_t vector);
  void insert(Vectors vectors);
  /// `solve` takes no account of this vector: it answers up to multiples of it.
  void insertVanishing(uint64_t vector) { add(vector, 0); }
  bool contains(uint64_t vector) const { return reduce(vector).vector == 0; }
  /// Bit i is set if the i-th inserted vector is part of the sum. Vectors that
  /// were dependent on earlier ones are never used, so the answer is linear.
  std::optional<uint64_t> solve(uint64_t vector) const;
  unsigned rank() const { return rows.size(); }

private:
  struct Row {
    uint64_t vector, sources;
  };
  Row reduce(uint64_t vector) const;
  bool add(uint64_t vector, uint64_t sources);

  llvm::SmallVector<Row> rows; // each has a leading one that no other has
  unsigned inserted = 0;
};

unsigned rankOf(Vectors vectors);
/// A basis of the x with columns * x = 0.
VectorList kernelOf(Vectors columns);
/// A basis of what both spans hold.
VectorList intersectionOf(Vectors a, Vectors b);
/// Those of `candidates`, in order, that are independent of `vectors` and of
/// the candidates taken before.
VectorList extensionOf(Vectors vectors, Vectors candidates);
/// The unit vectors of `bits` dimensions, lowest first.
VectorList unitVectors(unsigned bits);

} // namespace einfall::layout

#endif
