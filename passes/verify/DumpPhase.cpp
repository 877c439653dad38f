//===- DumpPhase.cpp - Write the module to a file -------------------------===//
#include "passes/verify/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace einfall::verify {
#define GEN_PASS_DEF_VERIFYDUMPPHASE
#include "passes/verify/Passes.h.inc"

namespace {

struct DumpPhasePass : impl::VerifyDumpPhaseBase<DumpPhasePass> {
  using VerifyDumpPhaseBase::VerifyDumpPhaseBase;

  void runOnOperation() override {
    SmallString<128> path(folder);
    llvm::sys::path::append(path, name + ".mlir");
    std::error_code error = llvm::sys::fs::create_directories(folder);
    if (!error) {
      llvm::raw_fd_ostream os(path, error);
      if (!error) {
        getOperation().print(os);
        os << '\n';
        os.close();
        error = os.error();
        os.clear_error();
      }
    }
    if (error) {
      getOperation().emitError() << "cannot write '" << path << "': " << error.message();
      return signalPassFailure();
    }
    markAllAnalysesPreserved();
  }
};

} // namespace
} // namespace einfall::verify
