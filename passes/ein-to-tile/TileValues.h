//===- TileValues.h - Values over a space of tiled ranks --------*- C++ -*-===//
//
// While one block is written, some ranks are tiled: they run along registers,
// the last one perhaps along lanes. A value spans a subset of them (a row
// scale spans rows only) and is broadcast no earlier than an operation needs
// it, so work that is shared along a rank is done once.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_TILEVALUES_H
#define EINFALL_PASSES_EINTOTILE_TILEVALUES_H

#include "dialects/tile/TileDialect.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Builders.h"

namespace einfall {

/// A value and the set of tiled dimensions that it spans (bit i: dimension i).
struct TileValue {
  mlir::Value value;
  uint32_t mask = 0;
};

/// The tiled dimensions: their sizes, and whether the last one is the lanes.
struct TileSpace {
  llvm::SmallVector<int64_t> sizes;
  llvm::SmallVector<unsigned> ranks; // which rank each dimension tiles
  bool lanes = false;
  tile::FragmentAttr fragment; // the last two are its rows and columns, if not null

  uint32_t laneBit() const { return lanes ? 1u << (sizes.size() - 1) : 0; }
  uint32_t fullMask() const { return (1u << sizes.size()) - 1; }
  /// The dimension that tiles `rank`, or -1.
  int find(unsigned rank) const;
  mlir::Type type(uint32_t mask, mlir::Type element) const;
};

/// Builds operations on tile values.
class TileBuilder {
public:
  TileBuilder(mlir::OpBuilder &builder, mlir::Location loc) : builder(builder), loc(loc) {}

  TileSpace space;

  TileValue broadcast(TileValue value, uint32_t mask);
  /// `op` with `operands` in place of its own; attributes are kept.
  llvm::SmallVector<TileValue> clone(mlir::Operation *op, llvm::ArrayRef<TileValue> operands);
  /// An operation by type with one result of element type `element`.
  template <typename Op, typename... Args>
  TileValue create(mlir::Type element, llvm::ArrayRef<TileValue> operands, Args... args) {
    llvm::SmallVector<mlir::Value> values;
    uint32_t mask = align(operands, values);
    return {build<Op>(space.type(mask, element), values, args...), mask};
  }
  TileValue constant(mlir::TypedAttr attr);
  TileValue index(int64_t value) { return constant(builder.getIndexAttr(value)); }
  /// The value of `expr`, given the values of its dims and symbols.
  TileValue evaluate(mlir::AffineExpr expr, llvm::ArrayRef<TileValue> dims,
                     llvm::ArrayRef<TileValue> symbols);

  mlir::OpBuilder &builder;
  mlir::Location loc;

private:
  /// Broadcasts `operands` to what they span together.
  uint32_t align(llvm::ArrayRef<TileValue> operands, llvm::SmallVectorImpl<mlir::Value> &values);
  template <typename Op, typename... Args>
  mlir::Value build(mlir::Type type, llvm::ArrayRef<mlir::Value> v, Args... args) {
    mlir::OperationState state(loc, Op::getOperationName());
    state.addOperands(v);
    state.addTypes(type);
    (state.addAttribute(args.first, args.second), ...);
    return builder.create(state)->getResult(0);
  }
};

} // namespace einfall

#endif
