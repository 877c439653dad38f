//===- ThreadFused.cpp - Products of f32, thread by thread ----------------===//
//
// A thread multiplies what its own sums are made of, each row's value by each column's. Per step
// it reads 16 bytes of each row and column along the depth: of 8 by 8 sums these are 16 loads
// for 256 fused products. Of a left factor the eight rows of a warp's load lie in different
// banks, as their stride is an odd number of 16 bytes, and its other threads read the same;
// of a right one the four columns do.
//
//===----------------------------------------------------------------------===//
#include "codegen/nvptx/ThreadUnroller.h"
#include "lib/Layout/Fragments.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace einfall::nvptx {
using namespace codegen;

namespace {

/// Coordinates from a thread's rows, or columns, to the next ones.
constexpr int64_t kGroup = 8;
/// Elements that a load brings at most.
constexpr int64_t kMostAtOnce = 4;

/// How a thread's elements of a factor lie: `width` of them, side by side in memory, are one
/// load. Registers count the depth first.
struct Loads {
  int64_t perGroup;     ///< of 8 coordinates, those of a thread: one row or two columns
  int64_t groups, deep; ///< of those, and coordinates of the depth
  bool along;           ///< memory goes along the depth
  int64_t width;
};

Loads loadsOf(RankedTensorType type, int64_t part, bool left, bool along) {
  Loads loads{left ? 1 : 2, part / kGroup, type.getDimSize(1), along, 1};
  loads.width = along ? std::min(kMostAtOnce, loads.deep) : loads.perGroup;
  return loads;
}

} // namespace

void ThreadUnroller::loadWideFactor(tile::LoadFactorOp op) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  tile::FactorAttr factor = tile::factorOf(type);
  bool left = factor.getLeft();
  int64_t freeStride = op.getStrides()[0], depthStride = op.getStrides()[1];
  int64_t part = type.getDimSize(0) / (left ? factor.getRowWarps() : factor.getColumnWarps());
  Loads loads = loadsOf(type, part, left, depthStride == 1);
  Value own = left ? ofLane(layout::fusedA(0), "m") : ofLane(layout::fusedB(0), "n");
  Value first = arith::AddIOp::create(builder, loc, partOf(factor, part), own);
  Value offset = arith::AddIOp::create(builder, loc, one(op.getOffset()), times(first, freeStride));
  Type f32 = builder.getF32Type();
  auto near = LLVM::LLVMPointerType::get(builder.getContext(), 3);
  Value base = inSpace(address(op.getBuffer(), f32, offset), 3);
  auto vector = VectorType::get(loads.width, f32);
  Units units(loads.groups * loads.perGroup * loads.deep);
  for (int64_t group = 0; group < loads.groups; ++group)
    for (int64_t inside = 0; inside < loads.perGroup; inside += loads.along ? 1 : loads.width)
      for (int64_t depth = 0; depth < loads.deep; depth += loads.along ? loads.width : 1) {
        auto far =
            static_cast<int32_t>((group * kGroup + inside) * freeStride + depth * depthStride);
        Value from =
            LLVM::GEPOp::create(builder, loc, near, f32, base, ArrayRef<LLVM::GEPArg>{far});
        Value run = LLVM::LoadOp::create(builder, loc, vector, from, 4 * loads.width);
        for (int64_t i = 0; i < loads.width; ++i) {
          int64_t free = group * loads.perGroup + inside + (loads.along ? 0 : i);
          units[free * loads.deep + depth + (loads.along ? i : 0)] = element(run, i);
        }
      }
  map[op.getResult()] = units;
}

void ThreadUnroller::multiplyWide(tile::MmaOp op) {
  Shape shape(op.getAcc().getType());
  int64_t deep = cast<RankedTensorType>(op.getLhs().getType()).getDimSize(1);
  int64_t rows = shape.rowRegisters(), columns = shape.columnRegisters();
  Units units = map.lookup(op.getAcc()), left = map.lookup(op.getLhs());
  Units right = map.lookup(op.getRhs());
  for (int64_t depth = 0; depth < deep; ++depth)
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        Value &sum = units[i * columns + j];
        sum =
            math::FmaOp::create(builder, loc, left[i * deep + depth], right[j * deep + depth], sum);
      }
  map[op.getResult()] = units;
}

} // namespace einfall::nvptx
