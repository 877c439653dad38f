//===- UnrollConditions.cpp - Lanes whose conditions are known ------------===//
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "passes/tile/Passes.h"

using namespace mlir;

namespace einfall::tile {
#define GEN_PASS_DEF_TILEUNROLLCONDITIONS
#include "passes/tile/Passes.h.inc"

namespace {

/// Copies of a body that are worth it.
constexpr int64_t kMostSteps = 4;

/// What a number, or the numbers of lanes, are made of.
enum class Origin { constant, step, other };

Origin originOf(Value value, Value step) {
  if (value == step)
    return Origin::step;
  if (matchPattern(value, m_Constant()))
    return Origin::constant;
  Operation *maker = value.getDefiningOp();
  if (!isa_and_present<IotaOp, BroadcastOp, arith::AddIOp, arith::SubIOp, arith::MulIOp,
                       arith::IndexCastOp>(maker))
    return Origin::other;
  Origin origin = Origin::constant;
  for (Value operand : maker->getOperands())
    origin = std::max(origin, originOf(operand, step));
  return origin;
}

/// True if a copy of the body for each step knows conditions on lanes.
bool isWorth(scf::ForOp loop) {
  std::optional<int64_t> begin = getConstantIntValue(loop.getLowerBound()),
                         end = getConstantIntValue(loop.getUpperBound()),
                         step = getConstantIntValue(loop.getStep());
  if (!begin || !end || !step || loop.getNumResults() || *end - *begin <= *step ||
      *end - *begin > kMostSteps * *step)
    return false;
  bool isInnermost = !loop.getBody()
                          ->walk([](LoopLikeOpInterface) { return WalkResult::interrupt(); })
                          .wasInterrupted();
  auto dependsOnStep = [&](arith::CmpIOp compare) {
    Value step = loop.getInductionVar();
    return isa<RankedTensorType>(compare.getLhs().getType()) &&
           std::max(originOf(compare.getLhs(), step), originOf(compare.getRhs(), step)) ==
               Origin::step;
  };
  return isInnermost && llvm::any_of(loop.getBody()->getOps<arith::CmpIOp>(), dependsOnStep);
}

struct UnrollConditionsPass : impl::TileUnrollConditionsBase<UnrollConditionsPass> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<func::FuncOp>()) {
      if (!program->hasAttr(kProgram))
        continue;
      SmallVector<scf::ForOp> loops;
      program.walk([&](scf::ForOp loop) {
        if (isWorth(loop))
          loops.push_back(loop);
      });
      for (scf::ForOp loop : loops)
        if (succeeded(loopUnrollFull(loop)))
          ++numLoops;
    }
  }
};

} // namespace
} // namespace einfall::tile
