//===- ThreadUnroller.h - Tiles over the threads of a warp ------*- C++ -*-===//
//
// The pieces of `writeThreads`.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CODEGEN_NVPTX_THREADUNROLLER_H
#define EINFALL_CODEGEN_NVPTX_THREADUNROLLER_H

#include "codegen/common/Unroller.h"
#include "codegen/nvptx/Alignment.h"
#include "codegen/nvptx/Shape.h"
#include "codegen/nvptx/SharedMemory.h"

namespace einfall::layout {
class LinearLayout;
}

namespace einfall::nvptx {

using codegen::Units;

class ThreadUnroller : public codegen::Unroller {
public:
  ThreadUnroller(mlir::OpBuilder &builder, const SharedMemory &memory, mlir::Value shared,
                 int64_t threads = kWarp)
      : codegen::Unroller(builder), threads(threads), memory(memory), shared(shared) {}
  /// The thread's place in its team, and the team's in its block: both index.
  mlir::Value thread, warp;
  /// Of a team of several warps: shared memory of twice 8 bytes for each of them.
  mlir::Value scratch;
  /// What is known of offsets; without it nothing is.
  const Alignment *alignment = nullptr;
  int64_t run = 1; // at most so many neighbouring lanes are one thread's
  /// Of a block.
  int64_t warps = 1;

private:
  std::pair<int64_t, mlir::Type> unitsOf(mlir::Type type) const override;
  mlir::LogicalResult check(mlir::Operation &op) const override;
  mlir::LogicalResult special(mlir::Operation &op) override;
  bool mayUnroll(mlir::scf::ForOp op) const override;
  void generic(mlir::Operation &op) override;
  void load(tile::LoadOp op) override;
  void gather(tile::GatherOp op) override;
  void store(tile::StoreOp op) override;
  void scatter(tile::ScatterOp op) override;
  void broadcast(tile::BroadcastOp op) override;
  void reduce(tile::ReduceOp op) override;
  void iota(tile::IotaOp op) override;
  void local(tile::LocalOp op) override;

  /// Of an element of a buffer; the second, of one so many elements behind a pointer.
  mlir::Value address(mlir::Value buffer, mlir::Type element, mlir::Value offset);
  mlir::Value from(mlir::Value pointer, mlir::Type element, mlir::Value offset);
  Shape shapeOf(mlir::Type type) const { return Shape(type, threads); }
  /// Neighbouring lanes of a tile of this shape that one thread holds.
  int64_t runOf(const Shape &shape) const;
  /// How far behind the first coordinate of a thread that of register `number` lies.
  int64_t farOf(const Shape &shape, int64_t number) const;
  /// The lane that register `number` of a place holds in this thread.
  mlir::Value lane(const Shape &shape, int64_t number);
  /// Elements that one access may move: a thread's lanes that lie side by side in memory.
  template <typename Op> int64_t widthOf(Op op, const Shape &shape) const;
  void loadWide(tile::LoadOp op, const Shape &shape, int64_t width);
  void storeWide(tile::StoreOp op, const Shape &shape, int64_t width);
  /// Whether of a fragment's rows two neighbours lie side by side in the block's memory.
  bool isInPairs(tile::StoreOp op, const Shape &shape);
  void storePairs(tile::StoreOp op, const Shape &shape);
  void storeEach(tile::StoreOp op, const Shape &shape);
  void storeRows(tile::StoreRowsOp op);
  /// bf16 as f32, where they are halves of words; false where they are not.
  bool widen(mlir::arith::ExtFOp op);
  /// Two elements of 16 bits as a word.
  mlir::Value joinHalves(mlir::Value low, mlir::Value high, bool isStrict);
  /// f32 quotients by a few divisors.
  void divide(mlir::arith::DivFOp op, mlir::ArrayRef<mlir::Value> divisors, bool isRough);
  /// Where `unit` lies behind the first one of its tile, as far as that is known.
  struct Step {
    mlir::Value first;
    int64_t far;
  };
  Step stepOf(mlir::Value unit) const;
  /// What is converted lies as far apart as before.
  void keepSteps(mlir::Operation &op);
  /// Sums and differences of coordinates, each computed once; false where none is repeated.
  bool addSteps(mlir::Operation &op);
  mlir::Value behind(mlir::Value start, int64_t far);
  /// Of a row of a fragment, what the threads that have it hold, combined.
  mlir::Value reduceColumns(tile::ReduceOp op, const Shape &shape, int64_t row);
  /// The lanes of a place that this thread holds, combined.
  mlir::Value reduceOwn(tile::ReduceOp op, const Shape &shape, int64_t place);
  /// `whole` of every warp of the team, joined.
  mlir::Value joinWarps(tile::ReduceOp op, mlir::Value whole);
  bool mayStillRead(tile::ReduceOp op);
  /// What the thread's place in its warp adds to coordinate `out`: a run of its bits, scaled.
  mlir::Value ofLane(const layout::LinearLayout &map, llvm::StringRef out);
  /// Coordinates of a fragment's registers along its rows and columns.
  mlir::Value rowOf(const Shape &shape, int64_t number);
  mlir::Value columnOf(const Shape &shape, int64_t number);
  mlir::Value warpRow(const Shape &shape);
  mlir::Value warpColumn(const Shape &shape);
  /// Where the element in register `unit` lies.
  mlir::Value offsetOf(const Shape &shape, int64_t unit, mlir::Value base,
                       mlir::ValueRange strides);
  void asFactor(tile::AsFactorOp op);
  void mma(tile::MmaOp op);
  void copy(tile::CopyOp op);
  void copyElements(tile::CopyOp op);
  void isAligned(tile::IsAlignedOp op);
  /// Whether buffer[offset], and what is any of the `steps` behind it, begins a run of
  /// `kAccessBytes`.
  mlir::Value beginsRuns(mlir::TypedValue<mlir::MemRefType> buffer, mlir::Value offset,
                         mlir::ValueRange steps);
  void loadFactor(tile::LoadFactorOp op);
  /// The same of f32, which no matrix instruction multiplies.
  void loadWideFactor(tile::LoadFactorOp op);
  void multiplyWide(tile::MmaOp op);
  /// The factor's part of this warp begins there.
  mlir::Value partOf(tile::FactorAttr factor, int64_t part);
  mlir::Value inSpace(mlir::Value pointer, unsigned space);
  mlir::Value plus(mlir::Value value, int64_t number);
  mlir::Value times(mlir::Value value, int64_t number);
  mlir::Value quotient(mlir::Value value, int64_t number);
  mlir::Value remainder(mlir::Value value, int64_t number);
  /// Whether the thread has an element in that register that lies below `limit`,
  /// which may be null, and at which `where` holds; null if it always does.
  mlir::Value moves(const Shape &shape, int64_t unit, mlir::Value limit, mlir::Value where);
  mlir::Value both(mlir::Value a, mlir::Value b);
  mlir::Value index(int64_t value);
  /// Several registers that one access moves.
  mlir::Value vectorOf(mlir::Type element, mlir::ValueRange values);
  mlir::Value element(mlir::Value vector, int64_t number);
  /// `value` of the thread whose number differs in `bits`.
  mlir::Value exchange(mlir::Value value, int64_t bits);
  mlir::Value exchange32(mlir::Value value, int64_t bits);
  /// Whether this is the thread that stores what all of them hold.
  mlir::Value isFirst();
  /// The threads of the team wait for each other, and see what was stored.
  void meet();
  void meetAll();
  void meetInWarp();
  bool isWarp() const { return threads == kWarp; }

  llvm::DenseMap<mlir::Value, Step> steps;    // of coordinates
  int64_t threads;                            // of a team
  llvm::SmallVector<mlir::Operation *> joins; // of warps, in the order of the program
  const SharedMemory &memory;
  mlir::Value shared;
};

/// A call of an LLVM intrinsic.
mlir::Value callIntrinsic(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef name,
                          mlir::Type result, mlir::ValueRange operands);

} // namespace einfall::nvptx

#endif
