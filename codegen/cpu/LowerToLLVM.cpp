//===- LowerToLLVM.cpp - Programs and entries to the LLVM dialect ---------===//
#include "codegen/common/Passes.h"
#include "codegen/cpu/HostCode.h"
#include "codegen/cpu/Passes.h"
#include "codegen/cpu/Unroll.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace einfall::cpu {
using namespace codegen;
#define GEN_PASS_DEF_CPULOWERPROGRAMS
#include "codegen/cpu/Passes.h.inc"

namespace {

struct LowerProgramsPass : impl::CpuLowerProgramsBase<LowerProgramsPass> {
  void runOnOperation() override {
    OpBuilder builder(&getContext());
    for (auto program : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (!program->hasAttr(tile::kProgram))
        continue;
      builder.setInsertionPoint(program);
      if (failed(unrollProgram(builder, program)))
        return signalPassFailure();
      program.erase();
      ++numPrograms;
    }
    for (auto entry : llvm::make_early_inc_range(getOperation().getOps<run::EntryOp>())) {
      builder.setInsertionPoint(entry);
      if (failed(emitEntry(builder, entry)))
        return signalPassFailure();
      entry.erase();
      ++numEntries;
    }
  }
};

} // namespace

void populateLowerToLLVM(OpPassManager &passes, const CpuTarget &target) {
  passes.addPass(createCpuLowerPrograms());
  codegen::ExpandMathOptions math;
  math.halfCasts = target.convertsHalf();
  math.bfloatCasts = target.nativeBf16;
  math.fma = target.fma;
  math.pairToBfloat = target.pairToBfloat.str();
  math.scale = target.scale.str();
  math.fraction = target.fraction.str();
  codegen::populateToLLVM(passes, math);
}

} // namespace einfall::cpu
