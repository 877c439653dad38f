//===- PlanMemory.cpp - When each temporary is alive ----------------------===//
#include "passes/run/Passes.h"

using namespace mlir;

namespace einfall::run {
#define GEN_PASS_DEF_RUNPLANMEMORY
#include "passes/run/Passes.h.inc"

namespace {

struct PlanMemoryPass : impl::RunPlanMemoryBase<PlanMemoryPass> {
  void runOnOperation() override {
    DenseMap<Value, std::pair<int64_t, int64_t>> alive;
    for (auto [step, op] : llvm::enumerate(getOperation().getSteps()))
      for (Value buffer : op->getOperands())
        alive.try_emplace(buffer, step, step).first->second.second = step;
    for (auto alloc : llvm::make_early_inc_range(getOperation().getBody().getOps<AllocOp>())) {
      auto found = alive.find(alloc.getResult());
      if (found == alive.end()) {
        alloc.erase();
        ++numUnused;
        continue;
      }
      alloc.setAlive(ArrayRef<int64_t>{found->second.first, found->second.second});
      ++numBuffers;
    }
  }
};

} // namespace
} // namespace einfall::run
