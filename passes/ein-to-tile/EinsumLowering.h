//===- EinsumLowering.h - One Einsum over the block's part ------*- C++ -*-===//
//
// Writes the loops of one Einsum, its `root`, over the block's part of its free
// ranks, and of pointwise ones that read its result at the same point.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_EINSUMLOWERING_H
#define EINFALL_PASSES_EINTOTILE_EINSUMLOWERING_H

#include "passes/ein-to-tile/BlockLowering.h"

namespace einfall {

class EinsumLowering : public BlockLowering {
public:
  using BlockLowering::BlockLowering;

protected:
  /// Computes the root and the epilogue at the current tile, and stores.
  void emitTile();
  /// What is stored of a tile: `results` holds the values.
  virtual void storeTile() = 0;
  /// Where operand `number` of `op` lies.
  virtual Access access(mlir::Operation *op, unsigned number) {
    return accessOf(op, number, symbols);
  }
  /// Fills in what depends on the root alone.
  void beginRoot(ein::EinsumOp op);

  ein::EinsumOp root;
  mlir::TypedAttr fill; // of the view that the root was
  mlir::SmallVector<ein::EinsumOp> epilogue;
  mlir::DenseMap<mlir::Value, TileValue> results; // of einsums already computed
  mlir::SmallVector<mlir::Value> starts;          // of the block's part of a reduced rank; null: 0

private:
  mlir::SmallVector<mlir::Value> reduceFrom(unsigned rank, mlir::ArrayRef<mlir::Value> running);
  void emitReducedRank(
      unsigned rank, mlir::ArrayRef<mlir::Value> init, mlir::SmallVectorImpl<mlir::Value> &result,
      mlir::function_ref<mlir::SmallVector<mlir::Value>(mlir::ArrayRef<mlir::Value>)> inner);
  TileValue evaluate(ein::EinsumOp op);
  mlir::SmallVector<TileValue> evaluate(ein::EinsumOp op, mlir::ValueRange wanted,
                                        TileValue &exists);
  uint32_t spanOf(mlir::Value value);
  mlir::SmallVector<mlir::Value> dotStep(mlir::ArrayRef<mlir::Value> running);
  TileValue reduceRoot();
  mlir::Value splat(mlir::TypedAttr attr, uint32_t mask);

  /// An inner reduction carries whether it had a point: without one it is
  /// nothing to the outer reduction, which its identity might be.
  bool countsPoints = false;
  TileSpace accumulators; // the tile's space; a lane of a dot's sum is a group of lanes
};

} // namespace einfall

#endif
