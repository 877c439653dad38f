//===- KernelLowering.cpp - One ein.kernel as a tile program --------------===//
#include "passes/ein-to-tile/KernelLowering.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "dialects/ein/EinNumerics.h"
#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/EinsumLowering.h"
#include "passes/ein-to-tile/Packing.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

namespace {

/// A kernel of one Einsum, with what follows at the same point.
class KernelLowering : EinsumLowering {
public:
  using EinsumLowering::EinsumLowering;

  FailureOr<func::FuncOp> run(StringRef name);

private:
  LogicalResult collect();
  void storeTile() override {
    Value last = epilogue.empty() ? root.getResult() : epilogue.back().getResult();
    SmallVector<TileValue> none(update ? 1 : 0);
    store(write, outputs[0], results[last], none);
  }

  void askForResults() override;

  ein::UpdateOp update;
  Access write;
};

/// Sums of so many products are over before lines that they are stored to have come.
static constexpr int64_t kShortSum = 256;

void KernelLowering::askForResults() {
  constexpr int64_t lineBytes = 64;
  auto type = cast<MemRefType>(outputs[0].getType()).getElementType();
  if (update || target.warpLanes || !type.isIntOrFloat() || type.getIntOrFloatBitWidth() < 8)
    return;
  int64_t bytes = type.getIntOrFloatBitWidth() / 8, size = bytes, depth = 1;
  for (unsigned rank = 0; rank < root.getNumRanks(); ++rank) {
    std::optional<int64_t> extent = extents[rank].getLiteral();
    if (!extent)
      return;
    (rank < root.getNumFree() ? size : depth) *= std::max<int64_t>(1, *extent);
  }
  // What does not stay in the last cache is stored past it.
  if (depth > kShortSum || size > target.cacheBytes)
    return;
  SmallVector<int64_t> places = {0};
  for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks)) {
    auto stride = dyn_cast_or_null<AffineConstantExpr>(write.stride(rank));
    bool isLanes = (int)rank == schedule.lanes;
    if (!stride || (isLanes && stride.getValue() != 1))
      return;
    SmallVector<int64_t> more;
    for (int64_t place : places)
      for (int64_t i = 0; i < tiles.space.sizes[dim]; i += isLanes ? lineBytes / bytes : 1)
        more.push_back(place + i * stride.getValue());
    places = more;
  }
  SmallVector<Value> here(at.begin(), at.begin() + write.numRanks);
  Value base = expand(write.offset, here);
  for (int64_t place : places)
    tile::PrefetchOp::create(builder, loc, outputs[0],
                             arith::AddIOp::create(builder, loc, base, constant(place)));
}

LogicalResult KernelLowering::collect() {
  for (Operation &op : llvm::make_early_inc_range(kernel.getBody().front().without_terminator())) {
    if (isa<ein::ViewOp, ein::GatherOp>(op)) {
      fill = op.getAttrOfType<TypedAttr>("fill");
      OpBuilder inner(&op);
      root = ein::einsumOf(inner, &op);
      op.replaceAllUsesWith(root);
      op.erase();
    } else if (auto einsum = dyn_cast<ein::EinsumOp>(op)) {
      if (root)
        epilogue.push_back(einsum);
      else
        root = einsum;
    } else if (auto found = dyn_cast<ein::UpdateOp>(op)) {
      update = found;
    } else {
      return op.emitOpError("has no tile lowering");
    }
  }
  MLIRContext *context = kernel.getContext();
  if (!root) {
    // A bare update copies its source: an einsum that relabels it.
    OpBuilder inner(update);
    auto type = cast<ein::TensorType>(update.getSource().getType());
    SmallVector<StringRef> names;
    for (Attribute rank : update.getRanks())
      names.push_back(cast<StringAttr>(rank).getValue());
    AffineMap map = AffineMap::get(
        type.getRank(), 1, AffineMap::getMultiDimIdentityMap(type.getRank(), context).getResults(),
        context);
    root = ein::EinsumOp::create(inner, loc, type, update.getSource(), names, map,
                                 ArrayRef<ein::Monoid>(), ArrayRef<ein::ExtentAttr>(),
                                 ArrayRef<StringAttr>(),
                                 [](OpBuilder &, Location, ValueRange v) { return v[0]; });
    update.getSourceMutable().assign(root.getResult());
  }
  beginRoot(root);
  write = update ? accessOf(update, 0, symbols) : accessAll(root.getResult().getType(), symbols);
  return success();
}

FailureOr<func::FuncOp> KernelLowering::run(StringRef name) {
  if (failed(collect()))
    return failure();
  SmallVector<Access> reads;
  for (unsigned i = 0, e = root.getInputs().size(); i < e; ++i)
    reads.push_back(accessOf(root, i, symbols));
  if (auto given = kernel->getAttrOfType<tile::ScheduleAttr>(tile::kSchedule)) {
    FailureOr<Schedule> read = readSchedule(given, root, reads, target);
    if (failed(read))
      return failure();
    schedule = *read;
    if (given.getMatrix()) {
      auto numbers = dyn_cast<tile::MatrixAttr>(given.getMatrix());
      if (!numbers)
        return root.emitOpError("cannot follow its schedule: matrix expects a #tile.matrix");
      FailureOr<Matrix> matrix = readMatrix(numbers, root, reads, write, target);
      if (failed(matrix))
        return failure();
      schedule.matrix = *matrix;
    }
  } else {
    schedule = planSchedule(root, reads, write, target);
    planPacking(root, reads, write, target, schedule);
    if (!target.warpLanes)
      schedule.cutEvenly(root);
    schedule.matrix = planMatrix(root, reads, write, target);
  }
  if (const std::optional<Matrix> &matrix = schedule.matrix) {
    // Where few rows run in another way, that has smaller blocks, and more of them.
    RankSchedule &rows = schedule.ranks[matrix->rows], &columns = schedule.ranks[matrix->columns];
    bool plain = matrix->from && !matrix->few;
    int64_t leastRows = matrix->rowBlock, leastColumns = matrix->columnBlock;
    for (const Matrix *form = matrix->few.get(); form; form = form->few.get()) {
      leastColumns = std::min(leastColumns, form->columnBlock);
      if (form->few) // the last one has all rows in a block
        leastRows = std::min(leastRows, form->rowBlock);
    }
    rows.block = plain ? std::min(rows.block, leastRows) : leastRows;
    columns.block = plain ? std::min(columns.block, leastColumns) : leastColumns;
  }

  if (update && !isa<BlockArgument>(update.getDest()))
    return update.emitOpError("expected to update an operand of the kernel");
  for (int64_t rank = 0, e = root.getNumRanks(); rank < e; ++rank)
    extents.push_back(root.getRankExtent(rank));
  OpBuilder::InsertionGuard guard(builder);
  func::FuncOp program = begin(name);
  AffineExpr work = builder.getAffineConstantExpr(1);
  AffineExpr grid = placeBlock(program.getArguments().back(), work);
  for (int64_t rank = root.getNumFree(), e = root.getNumRanks(); rank < e; ++rank)
    work = work * symbols.expr(extents[rank]);
  emitRoot(reads);
  finish(program, grid, work);
  program->setAttr(tile::kSchedule, schedule.toAttr(root));
  return program;
}

} // namespace

FailureOr<func::FuncOp> lowerKernel(OpBuilder &builder, ein::KernelOp kernel, StringRef name,
                                    const TileTarget &target) {
  if (target.matrixBytes)
    inlineFactors(kernel);
  if (target.warps)
    shareUnitRanks(kernel);
  Operation *first = &kernel.getBody().front().front();
  if (kernel.getPartSizes().size() > 1)
    return lowerJoint(builder, kernel, name, target);
  if (isStaged(kernel, target.matrixBytes > 0))
    return lowerStaged(builder, kernel, name, target);
  if (isa<ein::ScanOp>(first))
    return lowerScan(builder, kernel, name, target);
  if (isa<ein::TopKOp, ein::SortOp>(first))
    return lowerOrder(builder, kernel, name, target);
  if (isa<ein::ScatterOp>(first) ||
      (isa<ein::UpdateOp>(first) && llvm::is_contained(ein::separatedRanks(first), false)))
    return lowerScatter(builder, kernel, name, target);
  return KernelLowering(builder, kernel, target).run(name);
}

} // namespace einfall
