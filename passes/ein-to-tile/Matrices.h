//===- Matrices.h - Contractions by matrix instructions ---------*- C++ -*-===//
//
// A sum of products of two factors, each of which lacks a rank that the other one has, is
// a matrix product in those two ranks and a reduced one; every other rank stands still
// meanwhile. Factors have 16 bits, or one of them is a sum of such numbers, or both are f32,
// which no matrix instruction multiplies without loss: each thread does, by fused products in
// the same fragments. What a factor is made of does not matter: the block computes it into memory
// of its own, or copies it there if it is an operand as it lies, and is read from there.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_MATRICES_H
#define EINFALL_PASSES_EINTOTILE_MATRICES_H

#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/Access.h"
#include "passes/ein-to-tile/TileTarget.h"
#include <memory>

namespace einfall {

/// One factor: `value` of the root's body, over ranks `major` and `minor` in memory of
/// the block's own, neighbours along `minor` side by side.
struct Factor {
  mlir::Value value;
  unsigned major = 0, minor = 0;
  int operand = -1; ///< of the root, whose elements are copied; -1: the value is computed
  int64_t majorPart = 0, minorPart = 0;
  /// An f32 value is the sum of so many numbers of the other factor's type; they lie one
  /// after the other.
  int64_t terms = 1;
  mlir::Type element; ///< of the memory

  int64_t elementBytes() const { return element.getIntOrFloatBitWidth() / 8; }
  /// Elements from one `major` coordinate to the next: 16 bytes more than there are, so
  /// that eight of them lie in different banks.
  int64_t stride() const { return minorPart + 16 / elementBytes(); }
  int64_t termSize() const { return majorPart * stride(); }
  int64_t size() const { return terms * termSize(); }

  /// Says how it lies: as the operand does, where it is one.
  void place(unsigned free, unsigned depth, llvm::ArrayRef<Access> reads);
};

/// The depth of one instruction.
constexpr int64_t kMatrixStep = 16;
/// The same of fused products: what a thread reads of f32 at once, 16 bytes.
constexpr int64_t kFusedStep = 4;

/// How a contraction runs by matrix instructions.
struct Matrix {
  Factor lhs, rhs; ///< with the rows, and with the columns
  unsigned rows = 0, columns = 0, depth = 0;
  int64_t rowBlock = 0, columnBlock = 0, rowWarps = 0, columnWarps = 0;
  int64_t part = 0, slots = 0;
  bool isEven = false;               ///< every part of the depth is whole
  int64_t from = 0;                  ///< the fewest rows for which it pays
  std::shared_ptr<const Matrix> few; ///< what is run for fewer; null: no matrix instructions

  /// Elements from one row of the sums to the next in memory: eight rows of a
  /// fragment's columns lie in different banks.
  int64_t sumStride() const { return columnBlock + 8; }

  /// Factors are f32: threads multiply, not matrix instructions.
  bool isFused() const { return lhs.element.isF32(); }
  int64_t step() const { return isFused() ? kFusedStep : kMatrixStep; }
  /// The fewest rows, or columns, that a warp has.
  int64_t leastPart() const { return isFused() ? 8 : 16; }
  /// The type of one factor in a step of the depth.
  mlir::RankedTensorType stepType(bool left) const;
  /// Says of what numbers the factors are.
  void setElements(ein::EinsumOp root);
  /// Says how large parts of the factors are, and returns the bytes of a slot.
  int64_t setParts();
  tile::MatrixAttr toAttr(ein::EinsumOp root) const;
};

/// The two factors of every product that a root sums.
struct Factors {
  mlir::Value lhs, rhs;
};

/// The factors, if `root` is such a sum: both of 16 bits, or one bf16 and the other one
/// f32, which is `termsOf` numbers of bf16 then, or else both f32. Algebraic.
std::optional<Factors> factorsOf(ein::EinsumOp root);

/// The same of `value` of the body of `op` along the rank.
int64_t standsStill(ein::EinsumOp op, mlir::Value value, unsigned rank);

/// True if `value` of the body of `op` depends on the rank.
bool dependsOn(ein::EinsumOp op, mlir::Value value, unsigned rank);

/// True if each of the two factors has a free rank that the other one has not.
bool multipliesMatrices(ein::EinsumOp root);

/// Of how many numbers of 8 bits of mantissa `factor`, the f32 one of `root`, has to be the
/// sum (ErrorFlow.h): one, if it has no negative elements and all is linear from there, so
/// that its rounding is no more than that of the outputs; two, if these have 16 bits and
/// nothing between decides by it; three are all of its bits.
int64_t termsOf(ein::EinsumOp root, mlir::Value factor);

/// Writes maps that nobody but products of the kernel reads, each as a factor, into these:
/// a factor is computed where it is multiplied.
void inlineFactors(ein::KernelOp kernel);

/// How `root` runs by matrix instructions of `target`, if it does. Algebraic.
std::optional<Matrix> planMatrix(ein::EinsumOp root, llvm::ArrayRef<Access> reads,
                                 const Access &write, const TileTarget &target);

/// The same over a block of so many coordinates of each rank, in `bytes` of memory; of
/// other free ranks the block's coordinates are walked one by one. The factors of which
/// `isOperand` holds may be copied.
std::optional<Matrix> planMatrixOver(llvm::ArrayRef<int64_t> parts, int64_t bytes,
                                     llvm::function_ref<bool(unsigned)> isOperand,
                                     ein::EinsumOp root, llvm::ArrayRef<Access> reads,
                                     const Access &write, const TileTarget &target);

/// The same with the numbers that the user wrote. Emits an error at `root` where they
/// do not fit.
mlir::FailureOr<Matrix> readMatrix(tile::MatrixAttr attr, ein::EinsumOp root,
                                   llvm::ArrayRef<Access> reads, const Access &write,
                                   const TileTarget &target);

} // namespace einfall

#endif
