//===- TileLayout.h - Layouts of any extents --------------------*- C++ -*-===//
//
// Linear layouts need powers of two. A tile of 176 columns, or of three values a
// thread, is built of the same pieces with mixed radix in place of bits: *spatial*
// tiles, where each thread has one element, and *local* ones, where one thread has them
// all. In the product f * g each element of f becomes a tile g:
//
//     index  = f.index(t / T, r / R) * g.shape + g.index(t mod T, r mod R)
//
// for thread t and register r, where T and R are the threads and registers of g. It
// is associative and not commutative. The accumulator of mma.m16n8 is
// local(2, 1) * spatial(8, 4) * local(1, 2).
//
// Such a layout is two lists of *digits*, one of the thread and one of the register.
// Each moves along one dimension by its stride (or along none: threads that hold
// copies). Merging neighbours that are one digit in truth makes the lists unique, so
// layouts are equal if their lists are, and division is a comparison of their ends.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_LAYOUT_TILELAYOUT_H
#define EINFALL_LIB_LAYOUT_TILELAYOUT_H

#include "lib/Layout/LinearLayout.h"

namespace einfall::layout {

class TileLayout {
public:
  using Shape = llvm::SmallVector<uint64_t, 4>;

  /// One element in each thread, or all in one; the last dimension varies fastest.
  static TileLayout spatial(llvm::ArrayRef<uint64_t> shape);
  static TileLayout local(llvm::ArrayRef<uint64_t> shape);
  /// The same with the first dimension fastest.
  static TileLayout columnSpatial(llvm::ArrayRef<uint64_t> shape);
  static TileLayout columnLocal(llvm::ArrayRef<uint64_t> shape);
  /// `threads` copies of one element of `rank` dimensions.
  static TileLayout replicated(unsigned rank, uint64_t threads);

  llvm::ArrayRef<uint64_t> shape() const { return extents; }
  uint64_t threads() const;
  uint64_t registers() const; // of each thread
  Shape index(uint64_t thread, uint64_t reg) const;

  TileLayout operator*(const TileLayout &inner) const;
  /// The f with f * inner == *this, if there is one.
  std::optional<TileLayout> divideRight(const TileLayout &inner) const;
  /// The g with outer * g == *this, if there is one.
  std::optional<TileLayout> divideLeft(const TileLayout &outer) const;
  /// Dimension i of the result is dimension order[i] of this layout.
  TileLayout permuted(llvm::ArrayRef<unsigned> order) const;
  bool operator==(const TileLayout &) const = default;

  /// As a linear layout with outputs `names`, given in the order of the shape and
  /// therefore listed in reverse, and 2^laneBits threads a warp; none if an
  /// extent is no power of two.
  std::optional<LinearLayout> linear(llvm::ArrayRef<llvm::StringRef> names,
                                     unsigned laneBits = 5) const;
  /// `(16, 8): threads 4 along 1 by 2, 8 along 0; registers 2 along 1, 2 along 0 by 8`.
  std::string str() const;

private:
  /// `size` steps of `stride` along `dim`, or copies if that is -1.
  struct Digit {
    uint64_t size = 1;
    int dim = -1;
    uint64_t stride = 0;
    bool operator==(const Digit &) const = default;
  };
  using Digits = llvm::SmallVector<Digit, 4>; // fastest first

  static Digits digitsOf(llvm::ArrayRef<uint64_t> shape, bool firstIsFastest);
  static Digits merged(llvm::ArrayRef<Digit> digits);
  static Digits product(llvm::ArrayRef<Digit> outer, llvm::ArrayRef<Digit> inner,
                        llvm::ArrayRef<uint64_t> innerShape);
  static std::optional<Digits> withoutInner(Digits digits, llvm::ArrayRef<Digit> inner,
                                            llvm::ArrayRef<uint64_t> innerShape);
  static std::optional<Digits> withoutOuter(Digits digits, llvm::ArrayRef<Digit> outer);
  std::optional<Shape> quotient(llvm::ArrayRef<uint64_t> divisor) const;

  Shape extents;
  Digits threadDigits, registerDigits;
};

/// The accumulator of mma.m16n8, (m, n).
TileLayout mmaAccumulatorTile();
/// That of wgmma m64nN, (m, n), for each N it has: 8 to 256 in steps of 8.
TileLayout wgmmaAccumulatorTile(unsigned n);

} // namespace einfall::layout

#endif
