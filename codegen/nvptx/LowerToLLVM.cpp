//===- LowerToLLVM.cpp - Programs to the LLVM dialect ---------------------===//
#include "codegen/common/Passes.h"
#include "codegen/nvptx/Passes.h"
#include "codegen/nvptx/Threads.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace einfall::nvptx {
#define GEN_PASS_DEF_NVPTXLOWERPROGRAMS
#include "codegen/nvptx/Passes.h.inc"

namespace {

struct LowerProgramsPass : impl::NvptxLowerProgramsBase<LowerProgramsPass> {
  using NvptxLowerProgramsBase::NvptxLowerProgramsBase;

  void runOnOperation() override {
    OpBuilder builder(&getContext());
    for (auto program : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (!program->hasAttr(tile::kProgram) || program.isExternal())
        continue;
      builder.setInsertionPoint(program);
      FailureOr<LLVM::LLVMFuncOp> kernel = writeThreads(builder, program);
      if (failed(kernel))
        return signalPassFailure();
      int64_t bytes = (*kernel)->getAttrOfType<IntegerAttr>(kShared).getInt();
      if (bytes > sharedBytes) {
        program.emitOpError("keeps ") << bytes << " bytes in a block's memory, of which the target "
                                      << "has " << sharedBytes.getValue();
        return signalPassFailure();
      }
      program.erase();
      ++numPrograms;
    }
  }
};

} // namespace

void populateLowerToLLVM(OpPassManager &passes, const GpuTarget &target) {
  NvptxLowerProgramsOptions programs;
  programs.sharedBytes = target.sharedBytes;
  passes.addPass(createNvptxLowerPrograms(programs));
  codegen::ExpandMathOptions math;
  math.halfCasts = math.bfloatCasts = math.fma = true;
  math.toBfloat = "llvm.nvvm.f2bf16.rn";
  math.fmaDown = "llvm.nvvm.fma.rm.f";
  math.fmaSaturated = "llvm.nvvm.fma.rn.sat.f";
  math.powerOfTwo = "llvm.nvvm.ex2.approx.ftz";
  math.inverseRoot = "llvm.nvvm.rsqrt.approx.f";
  math.quotient = "llvm.nvvm.div.full";
  math.reciprocal = "llvm.nvvm.rcp.approx.ftz.f";
  codegen::populateToLLVM(passes, math, codegen::Contents::scalars);
}

} // namespace einfall::nvptx
