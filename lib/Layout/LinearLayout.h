//===- LinearLayout.h - Where elements lie ----------------------*- C++ -*-===//
//
// What this folder is for, in plain words.
//
// A tile of numbers has logical coordinates, such as a row and a column, and
// every number lies somewhere: in a register of a lane of a warp, or at an
// offset in shared memory. A *layout* is the map from places to coordinates. The
// hardware fixes some layouts (a tensor-core instruction wants its operand in
// just these lanes), the programmer others (neighbours in memory should be
// loaded together), and a compiler lives off questions about them: is this
// layout that one? How do values get from one to the other? Do the lanes of a
// warp get into each other's way in shared memory?
//
// **One fact answers them.** All sizes are powers of two, so places and
// coordinates are strings of bits, and every layout that hardware or programmers
// use moves bits around or adds them without carry. The accumulator of
// mma.m16n8, for example, has in register r of lane l
//
//     column = 2 * (l mod 4) + r mod 2,      row = l / 4 + 8 * (r / 2),
//
// that is: bit 0 of the register is bit 0 of the column, bits 0 and 1 of the lane
// are bits 1 and 2 of the column, and so on. A swizzle is no exception: it adds
// bits of the row to bits of the column by exclusive or. So a layout L obeys
// L(a xor b) = L(a) xor L(b): it is a *linear map over F2*, the field of two
// elements, and it is known once the images of the powers of two are. These are
// its *bases*:
//
//     register: (1, 0) (0, 8)   lane: (2, 0) (4, 0) (0, 1) (0, 2) (0, 4)
//         -> (column: 8, row: 16)
//
// Everything else is linear algebra with words for vectors (Bits.h):
//
//  * *Composition* is the product of matrices, and *inversion* asks which place
//    an element lies in. If A and B are two layouts of one tile, the inverse of A
//    after B says for each place of B which place of A holds its value: whether
//    registers, lanes or warps change is read off its bits (Convert.h).
//  * A basis that depends on the others (a zero, in practice) is a *free* bit: two
//    places hold the same element. That is a broadcast. A layout that reaches all
//    elements is surjective, one without broadcasts injective.
//  * A *product* A * B is a block-diagonal matrix: B continues where A ends, in
//    places and in coordinates. Tiles are built so, from one-dimensional pieces.
//    *Division* undoes it: if an instruction's tile divides a layout, the
//    instruction serves it.
//  * A wavefront of shared memory reads one word from each of 32 banks. The words
//    that the lanes want form a linear subspace, so each bank that is used is used
//    equally often; how often is a difference of two ranks. *No conflicts* is the
//    statement that words and banks have the same rank (Banks.h).
//  * A swizzle without conflicts for one way of writing and another way of reading
//    is a *common complement* of two subspaces. There always is one, and it can
//    be written down (Swizzle.h).
//
// **Conventions.** Dimensions have names. Places of a *distributed* layout are
// `register`, `lane`, `warp` and `block`, of memory `offset`, counted in elements.
// Dimensions are listed from the one that varies fastest: a row-major matrix
// has outputs (column, row), and that order counts where a list of dimensions is read
// as one number (`reshapeIns`, `reshapeOuts`). A register holds an element;
// that narrow elements share a word is known to those who count words.
//
// **What is not a power of two**, such as the 176 columns of a tensor-core
// result, or three-bit weights, has the same products with mixed radix in place of
// bits (TileLayout.h, Packing.h). They form a layout well and answer fewer
// questions; where all sizes are powers of two, they become linear layouts.
//
// The library knows no IR and no target but the shapes of some instructions, in
// Fragments.h, and the banks of shared memory, in Banks.h.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_LAYOUT_LINEARLAYOUT_H
#define EINFALL_LIB_LAYOUT_LINEARLAYOUT_H

#include "lib/Layout/Bits.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace einfall::layout {

/// Names of places.
inline constexpr llvm::StringLiteral dimRegister = "register", dimLane = "lane", dimWarp = "warp",
                                     dimBlock = "block", dimOffset = "offset";

/// Inputs, and outputs, have at most so many bits: they fit a word that can still be shifted.
inline constexpr unsigned maxBits = 63;

/// A named dimension of 2^bits values.
struct Dim {
  std::string name;
  unsigned bits = 0;

  uint64_t size() const { return 1ull << bits; }
  bool operator==(const Dim &) const = default;
};
using Dims = llvm::ArrayRef<Dim>;
using DimList = llvm::SmallVector<Dim, 4>;

/// The sum of bits over all dimensions.
unsigned totalBits(Dims dims);

/// Values by dimension; dimensions that are not named are 0.
using Point = llvm::SmallVector<std::pair<llvm::StringRef, uint64_t>, 4>;

class LinearLayout {
public:
  /// The layout without dimensions, neutral under products.
  LinearLayout() = default;
  /// One column for each bit of the inputs, fastest first: outputs as one number.
  LinearLayout(Dims ins, Dims outs, Vectors columns);

  // One-dimensional pieces.
  /// out = in.
  static LinearLayout identity(unsigned bits, llvm::StringRef in, llvm::StringRef out);
  /// out = in * 2^shift; out has bits + shift bits.
  static LinearLayout strided(unsigned bits, unsigned shift, llvm::StringRef in,
                              llvm::StringRef out);
  /// out = 0, with no bits: a broadcast.
  static LinearLayout zeros(unsigned bits, llvm::StringRef in, llvm::StringRef out);

  Dims ins() const LLVM_LIFETIME_BOUND { return inDims; }
  Dims outs() const LLVM_LIFETIME_BOUND { return outDims; }
  unsigned inBits() const { return matrix.size(); }
  unsigned outBits() const { return totalBits(outDims); }
  /// 0 for a dimension that is not there.
  unsigned inBits(llvm::StringRef in) const;
  unsigned outBits(llvm::StringRef out) const;
  bool hasIn(llvm::StringRef in) const;
  bool hasOut(llvm::StringRef out) const;

  Vectors columns() const LLVM_LIFETIME_BOUND { return matrix; }
  Vectors columns(llvm::StringRef in) const LLVM_LIFETIME_BOUND;
  /// The output `out` of the basis that belongs to a bit of the input `in`.
  uint64_t basis(llvm::StringRef in, unsigned bit, llvm::StringRef out) const;

  // Application, to numbers that hold all dimensions and to points.
  uint64_t operator()(uint64_t flat) const { return multiply(matrix, flat); }
  Point operator()(const Point &point) const;
  uint64_t flattenIn(const Point &point) const;
  uint64_t flattenOut(const Point &point) const;
  Point unflattenIn(uint64_t flat) const;
  Point unflattenOut(uint64_t flat) const;

  /// `other` continues where this layout ends: its bits lie above this one's in
  /// dimensions that both have.
  LinearLayout operator*(const LinearLayout &other) const;
  LinearLayout &operator*=(const LinearLayout &other) { return *this = *this * other; }
  /// The Q with divisor * Q == *this, if there is one.
  std::optional<LinearLayout> divideLeft(const LinearLayout &divisor) const;
  /// The Q with Q * divisor == *this, if there is one.
  std::optional<LinearLayout> divideRight(const LinearLayout &divisor) const;

  /// This layout, then `next`. Outputs meet inputs by name; those of `next` that
  /// are missing here are 0.
  LinearLayout then(const LinearLayout &next) const;
  /// Only bijective layouts have one.
  std::optional<LinearLayout> inverse() const;
  /// A P with L P L = L that answers with free bits 0. It is a right inverse of a
  /// surjective layout, a left inverse of an injective one.
  LinearLayout pseudoInverse() const;

  unsigned rank() const { return rankOf(matrix); }
  bool isInjective() const { return rank() == inBits(); }
  bool isSurjective() const { return rank() == outBits(); }
  bool isBijective() const { return isInjective() && isSurjective(); }
  /// Input bits whose basis is a sum of those before it: places that differ there
  /// only may hold the same element.
  uint64_t freeBits() const;
  uint64_t freeBits(llvm::StringRef in) const;
  /// Bits of `in` with a zero basis: this very element, once more.
  uint64_t zeroBits(llvm::StringRef in) const;
  /// Without the zero bases of `in`.
  LinearLayout withoutZeroBases(llvm::StringRef in) const;

  // Other views of one map.
  LinearLayout reshapeIns(Dims dims) const;
  LinearLayout reshapeOuts(Dims dims) const;
  /// The same inputs in another order. New or longer ones have zero bases for what is
  /// new: the elements, repeated.
  LinearLayout transposeIns(Dims dims) const;
  /// The same outputs in another order; new ones have no bits.
  LinearLayout transposeOuts(llvm::ArrayRef<llvm::StringRef> names) const;
  LinearLayout renameIn(llvm::StringRef from, llvm::StringRef to) const;
  LinearLayout renameOut(llvm::StringRef from, llvm::StringRef to) const;
  /// Only some inputs (others 0) and only some outputs (others ignored).
  LinearLayout sublayout(llvm::ArrayRef<llvm::StringRef> ins,
                         llvm::ArrayRef<llvm::StringRef> outs) const;

  bool operator==(const LinearLayout &other) const = default;

  /// `[register: (1, 0) (0, 8); lane: (2, 0)] -> (column: 4, row: 16)`: a basis for
  /// each bit, and the outputs with their sizes.
  std::string str() const;
  static std::optional<LinearLayout> parse(llvm::StringRef text, std::string &error);

private:
  unsigned inStart(llvm::StringRef in) const;
  unsigned outStart(llvm::StringRef out) const;

  DimList inDims, outDims;
  VectorList matrix;
};

} // namespace einfall::layout

#endif
