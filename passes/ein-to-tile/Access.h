//===- Access.h - Where an einsum reads and writes --------------*- C++ -*-===//
//
// Every tensor is dense and row-major in a flat buffer, so a read is one
// expression: the offset of the element, over the ranks (dims), the kernel's
// symbols, and after them one symbol for the coordinate read from each operand.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_ACCESS_H
#define EINFALL_PASSES_EINTOTILE_ACCESS_H

#include "dialects/ein/EinDialect.h"

namespace einfall {

/// The symbols of a kernel, fixed before any expression is built over them.
struct KernelSymbols {
  llvm::SmallVector<mlir::StringAttr> names;
  /// So many of them are extents that the host passes; the others say where the
  /// block's part of a rank begins.
  unsigned numExtents = 0;

  /// Collects every symbol that `kernel` mentions.
  static KernelSymbols of(ein::KernelOp kernel);
  /// `extent` over these symbols.
  mlir::AffineExpr expr(ein::ExtentAttr extent) const;
};

/// How a matrix lies that is stored as panels: of element (column c, depth d) the place is
/// ((c div columns * (extent div group) + d div group) * columns + c mod columns) * group + d mod
/// group. Columns are a multiple of a panel's, and the depth one of a group's.
struct Panels {
  mlir::AffineExpr column, depth; // of an access
  int64_t extent;                 // of the depth
  int64_t columns, group;
};

/// One read or write.
struct Access {
  mlir::AffineExpr offset;
  /// Index and extent of each dimension that may be missed, for existence checks.
  llvm::SmallVector<mlir::AffineExpr> indices, extents;
  bool fromCoordinate = false;
  /// What is read outside, if anything is: then the point exists all the same.
  mlir::TypedAttr fill;
  unsigned numRanks = 0, numSymbols = 0;
  /// Set where what is read is stored in panels; `offset` is as if it were not.
  std::optional<Panels> panels;

  bool inside() const { return indices.empty(); }
  /// How far the offset moves when `rank` grows by one; null if that is not
  /// the same everywhere.
  mlir::AffineExpr stride(unsigned rank) const;
  bool dependsOn(unsigned rank) const;
  bool isUnitStride(unsigned rank) const;
  /// How far elements in panels are from each other along `rank`: from panel to panel or column to
  /// column by `lanes`, from group to group by `inner`, else from coordinate to coordinate. Nothing
  /// where coordinates do not move by whole panels and groups.
  std::optional<int64_t> panelStride(unsigned rank, unsigned lanes, unsigned inner) const;
  /// The place in panels of what is read at 0 of all ranks, if that is where a panel begins.
  std::optional<int64_t> panelOffset() const;
};

/// Coordinates of dimension `dim` in a row, from a multiple on, at which `map` is the same: 1
/// where it changes at each, 0 where it does not depend on it.
int64_t standsStill(mlir::AffineMap map, unsigned dim);
/// The same of all that `op` reads of an operand, where coordinates may move it too.
int64_t standsStill(ein::EinsumOp op, unsigned operand, unsigned rank);

/// How the block's part of a tensor lies in memory of its own: where it begins
/// along each dimension, and the strides.
struct LocalLayout {
  llvm::SmallVector<mlir::AffineExpr> begin; // over the kernel's symbols
  llvm::SmallVector<int64_t> strides;
};

/// Map `number` of the indexed op `op`, whose tensor lies as `layout` says.
Access accessOf(mlir::Operation *op, unsigned number, const KernelSymbols &symbols,
                const LocalLayout *layout = nullptr);
/// Says of `access`, of operand `number` of `op`, whether `operand` of a kernel is stored in
/// panels.
void setPanels(Access &access, mlir::Operation *op, unsigned number, mlir::Value operand);
/// Element for element, over as many ranks as `type` has dimensions.
Access accessAll(ein::TensorType type, const KernelSymbols &symbols,
                 const LocalLayout *layout = nullptr);

} // namespace einfall

#endif
