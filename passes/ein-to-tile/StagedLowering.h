//===- StagedLowering.h - Kernels of several stages -------------*- C++ -*-===//
//
// The pieces of `lowerStaged`: StagedLowering.cpp writes stages and walks,
// StagedBounds.cpp what conditions are in a block's part,
// StagedFragments.cpp those whose tensors are registers (Fragments.h), StagedChunks.cpp
// which of their chunks are computed, StagedStrips.cpp chunks strip by strip, StagedRests.cpp how
// tiles end, StagedKept.cpp what a block
// finds of the one before, StagedOrder.cpp the lists of the k best, HeldRows.cpp rows that are
// registers, RowsAtOnce.cpp those that are walked beside one another.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_STAGEDLOWERING_H
#define EINFALL_PASSES_EINTOTILE_STAGEDLOWERING_H

#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/BlockPlan.h"
#include "passes/ein-to-tile/BoxPredicate.h"
#include "passes/ein-to-tile/EinsumLowering.h"
#include "passes/ein-to-tile/Fragments.h"
#include "passes/ein-to-tile/RealCoordinates.h"
#include "passes/ein-to-tile/Rows.h"
#include "passes/ein-to-tile/RowsAtOnce.h"
#include "passes/ein-to-tile/SettledConditions.h"
#include "passes/ein-to-tile/Stages.h"

namespace einfall {

class StagedLowering : EinsumLowering {
public:
  using EinsumLowering::EinsumLowering;
  mlir::func::FuncOp run(llvm::StringRef name, const std::vector<Stage> &stages, BlockPlan plan,
                         std::optional<FragmentPlan> fragments);

private:
  /// A tensor of the kernel's own, in memory of the block's.
  struct Local {
    mlir::Value memory;
    LocalLayout layout;
  };
  struct Box {
    mlir::Value begin, end;
  };

  Box walkedBox(ein::StreamOp stream);
  void emit(llvm::ArrayRef<Stage> stages);
  unsigned indifferentTo(ein::EinsumOp op);
  bool isKept(const Stage &stage, llvm::ArrayRef<mlir::Value> kept);
  unsigned emitKept(const std::vector<Stage> &stages);
  void unlessSettled(mlir::Value settled, llvm::ArrayRef<SettledCondition> conditions,
                     llvm::function_ref<void()> body);
  void emitStage(const Stage &stage);
  Access ofGroup(mlir::Operation *op, Access access);
  bool readsOnce(const Access &read);
  void planNext(llvm::ArrayRef<Access> reads);
  void makeLocals(const Stage &stage);
  void emitPart(const Stage &stage);
  void overOthers(unsigned rank, llvm::function_ref<void()> inner);
  int64_t localBytes();
  void emitStream(const Stage &stage, llvm::ArrayRef<Stage> stages);
  void walk(const Stage &stage, mlir::Value again);
  void emitChunkOf(const Stage &stage);
  void emitStrips(const Stage &stage, mlir::Value again);
  void packStage(const Stage &stage);
  bool isLeftInPlace(const Stage &stage);
  void placeInside(const Stage &stage);
  TileValue readInside(mlir::Value reduced);
  void emitOrder(ein::TopKOp op);
  void emitCopy(ein::StreamOp stream, unsigned carried);
  bool isCheapToScan(ein::EinsumOp op, const Access &read);
  mlir::Value scalarOf(const Stage &stage);
  mlir::Value extremeOf(ein::EinsumOp op, unsigned number, const Access &read, ein::Monoid monoid);
  std::optional<Bounds> boundsOf(ein::EinsumOp op, mlir::BlockArgument argument);
  void boundBefore(ein::StreamOp stream);
  Verdict verdictOf(ein::EinsumOp op, mlir::Value condition);
  mlir::Value mayHold(mlir::Block &body, mlir::Value again);
  mlir::Value hasSeen(ein::StreamOp stream);
  mlir::Value settle(const Stage &stage, llvm::SmallVectorImpl<SettledCondition> &conditions);
  void count(llvm::StringRef what) {
    if (counts)
      tile::CountOp::create(builder, loc, what);
  }
  void enterBox(llvm::StringRef label, mlir::Value begin, mlir::Value end);
  mlir::Value outside(mlir::Value tensor) const;
  Local &localOf(mlir::Value tensor);
  bool passesInPlace(ein::StreamOp stream, unsigned carried, const std::vector<Stage> &stages);
  bool isNeeded(mlir::Value tensor) const;

  /// A product's factors: what is read chunk by chunk, and what is the same in all.
  struct FragmentProduct {
    mlir::Value right, rightAligned; // memory of the current chunk's
    mlir::Value leftRing, leftMemory;
    mlir::SmallVector<mlir::Value> left; // what is the same in all, if registers hold it
  };
  int64_t fragmentSize(ein::EinsumOp op, int rank);
  void enterFragment(ein::EinsumOp op, int columns);
  void emitFragment(ein::EinsumOp op);
  void storeFragment(ein::EinsumOp op, mlir::Value buffer, TileValue value);
  TileValue reduceFragment(ein::EinsumOp op);
  Matrix matrixOf(ein::EinsumOp op, llvm::ArrayRef<Access> reads);
  llvm::SmallVector<Access> readsOf(ein::EinsumOp op);
  void prepareProduct(ein::EinsumOp op);
  void takeLeft(ein::EinsumOp op);
  void finishProduct(ein::EinsumOp op);
  void fillProduct(ein::EinsumOp op, bool left, mlir::Value memory, mlir::Value aligned);
  TileValue multiplyFragments(ein::EinsumOp op, TileValue addend);
  void keepFactor(const Matrix &matrix, mlir::Value fragment, mlir::Value memory);
  mlir::Value multiplyFused(const Matrix &matrix, mlir::Value sums, mlir::Value left,
                            mlir::Value right);
  void emitFragments(mlir::Block &block);
  void emitRow(const HeldRow &row, const std::vector<Stage> &stages);
  void holdRow(const HeldRow &row, int64_t lanes);
  void holdBlock(mlir::Block &block, const HeldRow &row, int64_t lanes);
  void enterRow(ein::EinsumOp op, const HeldRow &row, int64_t lanes);
  void readAhead(const HeldRow &row, int64_t lanes);
  void emitRowsAtOnce(const std::vector<Stage> &stages, mlir::Value begin, mlir::Value end);
  void makeRowLocals(const std::vector<Stage> &stages);
  void enterRowOf(mlir::Value number);
  void planNextRow(llvm::ArrayRef<Access> reads);
  llvm::SmallVector<mlir::Value> emitChunk(ein::StreamOp stream, llvm::ArrayRef<TileValue> state);
  /// What is proven of a chunk.
  struct SettledChunk {
    mlir::Value some; ///< it may count for the warp; null if nothing is known
    mlir::Value fast; ///< all conditions are settled; null if there are none
    bool isEven = false;
    unsigned stages = 0; ///< that have conditions
    mlir::SmallVector<SettledCondition> conditions;
    mlir::SmallVector<ein::EinsumOp> measuring; ///< distances
  };
  SettledChunk settleChunk(ein::StreamOp stream, const std::vector<Stage> &stages,
                           mlir::Value begin);
  llvm::SmallVector<mlir::Value> emitSettled(ein::StreamOp stream, const SettledChunk &chunk,
                                             llvm::ArrayRef<TileValue> state);
  llvm::SmallVector<mlir::Value> emitVisited(ein::StreamOp stream, const std::vector<Stage> &stages,
                                             llvm::ArrayRef<TileValue> state, mlir::Value begin);
  mlir::Value ofWarp(llvm::function_ref<mlir::Value()> look);
  mlir::Value firstVisited(ein::StreamOp stream, mlir::Value begin, mlir::Value step,
                           mlir::Value extent);
  void streamFragments(ein::StreamOp stream);
  /// Looking for bounds stands at places of its own; what is in registers stays.
  mlir::Value withOwnPlace(llvm::function_ref<mlir::Value()> look) {
    auto saved = results;
    edges.clear();
    mlir::Value found = look();
    results = std::move(saved);
    return found;
  }

  Access access(mlir::Operation *op, unsigned number) override;
  mlir::Value bufferOf(mlir::Value tensor) override;
  TileValue read(ein::EinsumOp op, unsigned number, mlir::ArrayRef<TileValue> coordinates,
                 TileValue &exists) override;
  void storeTile() override;
  std::optional<PackedMemory> sumsInPlace(unsigned columns, int64_t width) override;
  bool mayRepeat() override;
  int64_t fewestOf(unsigned rank) override;
  bool mayRunBeyond(unsigned rank, int64_t tile) override;
  bool isOwn(mlir::Value tensor) override;
  ein::EinsumOp placeOf(mlir::Value tensor);
  bool hasRoomFor(mlir::Value tensor, mlir::StringRef label, int64_t tile);
  bool readsWithRoom(ein::EinsumOp op, unsigned rank, int64_t tile, bool mayStay);
  bool storesWithRoom(ein::EinsumOp op, mlir::StringRef label, int64_t tile);
  bool mayComputeBeyond(unsigned rank);
  bool mayMask(unsigned rank);
  void planRests();
  void storeResults(TileValue value) override;
  llvm::SmallVector<int64_t> blockParts() override;

  BlockPlan plan;
  std::optional<FragmentPlan> fragments; // of a kernel that runs in them
  const HeldRow *heldRow = nullptr;      // while it is in registers, and what was read then
  llvm::SmallDenseMap<RowRead, TileValue> heldReads;
  /// What was read before the row, by an op and the number of its operand.
  struct EarlyRead {
    TileValue value, exists;
  };
  llvm::SmallDenseMap<std::pair<mlir::Operation *, unsigned>, EarlyRead> earlyReads;
  llvm::DenseMap<mlir::Operation *, FragmentProduct> products;
  std::optional<RowsAtOnce> rowsAtOnce; // of a kernel whose walks run beside one another
  int64_t behindNow = 0;                // of these, the stage that is written
  bool isRagged = false;                // the chunk may end before its part does
  bool packsAhead = false;              // of a stage only what strips share is written
  const Stage *stage = nullptr;         // that is written; null in fragments
  bool counts = kernel->getParentOfType<mlir::ModuleOp>()->hasAttr(tile::kCountVisits);
  mlir::Value settledAfter; // whether the epilogue's conditions are, where they have a branch
  llvm::SmallVector<SettledCondition> conditionsAfter;
  mlir::Block *chunk = nullptr; // the body of the stream that is being walked
  mlir::Value scanned;          // is read by who looks for bounds
  llvm::StringMap<Bounds> knownBounds;
  llvm::StringMap<Box> boxes;
  Box rowsOfWarp; // while coordinates are bounded in them
  llvm::DenseMap<mlir::Value, Local> locals;
  llvm::DenseMap<mlir::Value, mlir::Value> captured; // arguments of streams' bodies
  llvm::DenseMap<mlir::Value, mlir::Value> storedAs; // in whose memory a tensor is stored instead
};

/// An Einsum over all of `tensor`, of these labels.
ein::EinsumOp einsumOver(
    mlir::OpBuilder &builder, ein::TensorType result, mlir::Value tensor,
    llvm::ArrayRef<llvm::StringRef> labels, llvm::ArrayRef<ein::Monoid> monoids,
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)> body);

} // namespace einfall

#endif
