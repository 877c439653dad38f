//===- BlockLowering.h - What tile programs of all kinds share --*- C++ -*-===//
//
// A program computes one block of a grid over some of its kernel's ranks. While
// it is written, each rank stands at a coordinate (`at`), and so many
// coordinates from there on are tiled (`active`): they run along registers, or
// along lanes, the last of which may lie past a `limit`.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_BLOCKLOWERING_H
#define EINFALL_PASSES_EINTOTILE_BLOCKLOWERING_H

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/ein-to-tile/KernelLowering.h"
#include "passes/ein-to-tile/TileValues.h"

namespace einfall {

/// Along lanes so many tiles further is what is asked for next.
constexpr int64_t kTilesAhead = 4;

/// The program of `kernel`, empty: its arguments are those of `lowerKernel`.
mlir::func::FuncOp declareProgram(mlir::OpBuilder &builder, ein::KernelOp kernel,
                                  const KernelSymbols &symbols, mlir::StringRef name);
/// Says how many blocks it has, and the points of one.
void describeProgram(mlir::func::FuncOp program, const KernelSymbols &symbols,
                     mlir::AffineExpr grid, mlir::AffineExpr work);

class BlockLowering {
public:
  BlockLowering(mlir::OpBuilder &builder, ein::KernelOp kernel, const TileTarget &target)
      : builder(builder), kernel(kernel), target(target), loc(kernel.getLoc()), tiles(builder, loc),
        symbols(KernelSymbols::of(kernel)) {}
  virtual ~BlockLowering() = default;

protected:
  /// Starts the program; the builder then stands in its body.
  mlir::func::FuncOp begin(mlir::StringRef name);
  /// Finds the block's place along the ranks of `schedule.order` and returns
  /// the number of blocks. `work` is multiplied by what they cover.
  mlir::AffineExpr placeBlock(mlir::Value number, mlir::AffineExpr &work);
  /// Ends the body and says what the host has to know.
  void finish(mlir::func::FuncOp program, mlir::AffineExpr grid, mlir::AffineExpr work);

  /// Schedules a walk in which the `parallel` ranks may be cut into blocks and
  /// the others are loops inside of one: lanes run where most accesses are
  /// contiguous, else rows are taken by four.
  void planWalk(mlir::ArrayRef<Access> accesses, mlir::ArrayRef<bool> parallel, mlir::Type element);

  /// Runs `inner` for every tile of the block, by the schedule; where the block
  /// holds one coordinate of the narrow rank, by other tiles.
  void emitBlock(mlir::function_ref<void()> inner);
  /// The same; where there are more coordinates of the narrow rank, runs `many`.
  void emitBlock(mlir::function_ref<void()> inner, mlir::function_ref<void()> many);
  /// Runs `inner` for the tiles of a block. The columns that tiles leave over are no code of
  /// their own for each number of rows: where a tile may be computed again, the last one
  /// begins early enough.
  void emitRows(mlir::function_ref<void()> inner);
  /// True if what is stored of a tile may be computed again, from the same operands.
  virtual bool mayRepeat() { return false; }
  /// Runs `inner` for every tile of the block along the ranks from `level` of
  /// the schedule's order on.
  void emitFree(unsigned level, mlir::function_ref<void()> inner);
  /// Runs `inner` for tiles of `rank` in [from, to): first the largest, then
  /// smaller ones for what is left, or masked lanes.
  int64_t lanesOfRest(unsigned rank);
  void emitRange(unsigned rank, mlir::Value from, mlir::Value to, mlir::function_ref<void()> inner);
  void emitHalves(unsigned rank, mlir::Value from, mlir::Value to,
                  mlir::function_ref<void()> inner);
  /// Sets up the tiled dimensions from `active` and the schedule's lanes.
  void setSpace();

  mlir::Value constant(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(builder, loc, value);
  }
  /// `expr` over ranks, the kernel's symbols and `extra` ones after these.
  mlir::Value expand(mlir::AffineExpr expr, mlir::ArrayRef<mlir::Value> dims,
                     mlir::ArrayRef<mlir::Value> extra = {}) {
    mlir::SmallVector<mlir::Value> values(symbolValues);
    llvm::append_range(values, extra);
    return mlir::affine::expandAffineExpr(builder, loc, expr, dims, values);
  }
  mlir::Value extentOf(unsigned rank) { return expand(symbols.expr(extents[rank]), {}); }
  bool divides(unsigned rank, int64_t size) {
    std::optional<int64_t> literal = extents[rank].getLiteral();
    return literal && *literal % size == 0;
  }

  TileValue compare(mlir::arith::CmpIPredicate predicate, TileValue a, TileValue b);
  TileValue compareColumns(mlir::arith::CmpIPredicate predicate, TileValue a, TileValue b);
  /// Null stands for what always holds.
  TileValue both(TileValue a, TileValue b) {
    if (!a.value || !b.value)
      return a.value ? a : b;
    return tiles.create<mlir::arith::AndIOp>(builder.getI1Type(), {a, b});
  }
  /// Coordinates of `rank` as a tile value.
  TileValue coordinate(unsigned rank);
  /// Which lanes lie below the limit.
  TileValue laneMask();
  /// Which of the coordinates along these dimensions there are; null: all.
  TileValue edgeOf(uint32_t mask);
  /// What has to be known to reach the elements of an access.
  struct Reach {
    uint32_t mask = 0;    // tiled dimensions that the offset depends on
    bool strided = true;  // a constant step along each, 1 along lanes unless any will do
    TileValue inside;     // null where the access is proven inside
    TileValue edge;       // null where the tile is whole along these dimensions
    bool hasRoom = false; // lanes past the limit may be read, too
  };
  Reach reach(const Access &access, mlir::ArrayRef<TileValue> coordinates,
              bool anyLaneStep = false);
  /// Reads the elements of the kernel's argument `source`. Where the access may
  /// fall outside, `exists` is narrowed, or the element is its fill if it has one.
  TileValue load(const Access &access, mlir::Value source, mlir::ArrayRef<TileValue> coordinates,
                 TileValue &exists);
  /// The same of an access that is strided; `stored` is what an element is read as.
  TileValue loadStrided(const Access &access, mlir::Value buffer, mlir::Type stored,
                        const Reach &where, mlir::ArrayRef<TileValue> coordinates);
  TileValue loadPicks(const Access &access, mlir::Value buffer, mlir::Type stored,
                      const Reach &where, mlir::ArrayRef<TileValue> coordinates);
  TileValue gather(const Access &access, mlir::Value buffer, mlir::Type stored, const Reach &where,
                   mlir::ArrayRef<TileValue> coordinates);
  /// Writes `value` to `buffer` where the access is inside and `where` holds.
  void store(const Access &access, mlir::Value buffer, TileValue value,
             mlir::ArrayRef<TileValue> coordinates, TileValue where = {});
  /// Whether the `lanes` elements at `offset` are stored past the caches: what is larger
  /// than these is not read again before it leaves them, and lines that are written as a
  /// whole need not be read first. Null: never.
  mlir::Value goesPastCaches(mlir::Value buffer, mlir::Value offset, int64_t lanes);
  /// Integers that order as the elements with these bits do: every NaN is the
  /// greatest, -0 equals +0.
  TileValue orderKey(TileValue raw, mlir::Type element);
  /// A coordinate that was read, as an index.
  TileValue toIndex(TileValue value);
  /// Values of the body's operations, given those of its arguments in `values`.
  /// Operations of which `skip` holds are left out.
  void evaluateBody(mlir::Block &body, mlir::DenseMap<mlir::Value, TileValue> &values,
                    mlir::function_ref<unsigned(mlir::StringRef)> findRank,
                    mlir::function_ref<bool(mlir::Operation *)> skip = nullptr);

  mlir::OpBuilder &builder;
  ein::KernelOp kernel;
  const TileTarget &target;
  mlir::Location loc;
  TileBuilder tiles;
  KernelSymbols symbols;
  mlir::SmallVector<ein::ExtentAttr> extents; // of the ranks
  Schedule schedule;
  mlir::SmallVector<mlir::Value> symbolValues, buffers, outputs;
  mlir::SmallVector<mlir::Value> at;
  mlir::SmallVector<mlir::Value> ends; // of the block's part of a rank; null: by the schedule
  mlir::SmallVector<int64_t> active;
  /// Loads ask ahead along this rank, in the order of whose coordinates tiles run.
  int aheadRank = -1;
  int aheadWith = -1; ///< of operands that depend on this rank, too; -1: of all
  /// Operands of which loads ask for what comes next, so many coordinates of `nextRank`
  /// further on.
  llvm::DenseMap<mlir::Value, int64_t> nextOperands;
  int nextRank = -1;
  mlir::Value limit; // of lanes, where a tile is ragged
  /// The last coordinates of ranks whose tiles run beyond the block's end: there what is not
  /// the block's own is read instead. Null: they end where it does.
  mlir::SmallVector<mlir::Value> lasts;
  bool staysInside = false;   // while coordinates are no larger than these
  bool lanesHaveRoom = false; // what is the block's own may be read past the limit
  /// Which coordinates of each tiled dimension there are, where a tile of fragments is
  /// ragged; null: all.
  mlir::SmallVector<TileValue> edges;
  mlir::Value blockNumber;
  int alongOne = -1; // a rank of which the block holds one coordinate
  /// The memory of a tensor of the kernel's body.
  virtual mlir::Value bufferOf(mlir::Value tensor);
  /// True if the tensor lies in the block's own memory.
  virtual bool isOwn(mlir::Value tensor) { return false; }
  mlir::Value endOfBlock(unsigned rank);

private:
  bool runsBeyond(const Access &access) const;
  mlir::Value endOfEven(mlir::Value from, mlir::Value to, mlir::Value start, int64_t most,
                        int64_t size);
  mlir::IntegerAttr aheadOf(const Access &access, mlir::Value buffer);
  TileValue insideOf(const Access &access, mlir::ArrayRef<TileValue> dims,
                     mlir::ArrayRef<TileValue> values);
  mlir::SmallVector<mlir::Value> stridesOf(const Access &access, uint32_t mask,
                                           mlir::ArrayRef<mlir::Value> dims,
                                           mlir::ArrayRef<mlir::Value> extra);
  void valuesOf(const Access &access, mlir::ArrayRef<TileValue> coordinates,
                mlir::SmallVectorImpl<TileValue> &dims, mlir::SmallVectorImpl<TileValue> &values);
};

/// True if a kernel needs memory of the block's own: it walks a rank in chunks,
/// or computes more than one Einsum and what follows at the same point (`stagesOf`).
bool isStaged(ein::KernelOp kernel, bool asMatrices);

/// Ops of a kernel that lack only ranks of one coordinate of what it yields get them.
void shareUnitRanks(ein::KernelOp kernel);
mlir::FailureOr<mlir::func::FuncOp> lowerJoint(mlir::OpBuilder &builder, ein::KernelOp kernel,
                                               mlir::StringRef name, const TileTarget &target);
mlir::FailureOr<mlir::func::FuncOp> lowerStaged(mlir::OpBuilder &builder, ein::KernelOp kernel,
                                                mlir::StringRef name, const TileTarget &target);
/// The lowerings of kernels that hold no einsum.
mlir::FailureOr<mlir::func::FuncOp> lowerScan(mlir::OpBuilder &builder, ein::KernelOp kernel,
                                              mlir::StringRef name, const TileTarget &target);
mlir::FailureOr<mlir::func::FuncOp> lowerScatter(mlir::OpBuilder &builder, ein::KernelOp kernel,
                                                 mlir::StringRef name, const TileTarget &target);
mlir::FailureOr<mlir::func::FuncOp> lowerOrder(mlir::OpBuilder &builder, ein::KernelOp kernel,
                                               mlir::StringRef name, const TileTarget &target);

} // namespace einfall

#endif
