//===- Phase.cpp - What is illegal at the end of a phase ------------------===//
#include "lib/Support/Phase.h"
#include "dialects/run/RunDialect.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "passes/verify/Passes.h"

using namespace mlir;

namespace einfall::verify {
#define GEN_PASS_DEF_VERIFYPHASE
#include "passes/verify/Passes.h.inc"

namespace {

bool isProgram(Operation *op) { return op->hasAttr(tile::kProgram); }

bool isIn(Operation *op, ArrayRef<StringRef> dialects) {
  return llvm::is_contained(dialects, op->getName().getDialectNamespace());
}

/// Why `op` is illegal before kernels are formed; empty if it is not.
std::string illegalInCascade(Operation *op, Phase phase) {
  if (!isIn(op, {"builtin", "func", "ein", "check", "arith", "math"}) || isa<ein::KernelOp>(op) ||
      isProgram(op))
    return "belongs to a later phase";
  bool moves = isa<ein::ViewOp, ein::GatherOp>(op);
  if (phase == Phase::Cascade && moves && !op->hasAttr("fill"))
    return "is to be an index of what reads it: ein-simplify-views makes it one";
  return "";
}

/// The same once every op on tensors is in a kernel.
std::string illegalAroundKernels(Operation *op, Phase phase) {
  if (isIn(op, {"run", "llvm", "vector"}) || (phase == Phase::Kernels && isProgram(op)))
    return "belongs to a later phase";
  auto function = op->getParentOfType<func::FuncOp>();
  if (function && isProgram(function))
    return isIn(op, {"ein", "check"}) ? "is part of no tile program" : "";
  if (!function || op->getParentOp() != function)
    return "";
  if (!isa<ein::KernelOp, ein::ConstantOp, ein::EmptyOp, func::ReturnOp>(op) &&
      !isIn(op, {"check"}))
    return "is outside of a kernel: ein-form-kernels puts every op on tensors into one";
  if (phase != Phase::Tile || !isa<ein::KernelOp>(op))
    return "";
  auto name = op->getAttrOfType<FlatSymbolRefAttr>("program");
  auto program = name ? SymbolTable::lookupNearestSymbolFrom(op, name) : nullptr;
  return program && isProgram(program) ? "" : "names no tile program: ein-to-tile writes it";
}

/// The same once entries are host programs.
std::string illegalInRun(Operation *op) {
  if (isIn(op, {"llvm", "vector"}))
    return "belongs to a later phase";
  if (isIn(op, {"ein", "check"}) || (isa<func::FuncOp>(op) && !isProgram(op)))
    return "is part of no host program: run-from-kernels leaves none";
  auto alloc = dyn_cast<run::AllocOp>(op);
  return alloc && !alloc.getAlive() ? "has no lifetime: run-plan-memory gives it one" : "";
}

std::string illegal(Operation *op, Phase phase) {
  if (isa<ModuleOp>(op))
    return "is inside of another one: a program is one module, and a file that has several holds "
           "them in one around all";
  switch (phase) {
  case Phase::Input:
  case Phase::Cascade:
    return illegalInCascade(op, phase);
  case Phase::Kernels:
  case Phase::Tile:
    return illegalAroundKernels(op, phase);
  case Phase::Run:
    return illegalInRun(op);
  case Phase::Llvm:
    return isIn(op, {"llvm"}) ? "" : "has no form in the LLVM dialect";
  }
  return "";
}

struct PhasePass : impl::VerifyPhaseBase<PhasePass> {
  using VerifyPhaseBase::VerifyPhaseBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    std::optional<Phase> at = parsePhase(phase);
    if (!at) {
      InFlightDiagnostic diag = getOperation().emitError()
                                << "there is no phase '" << phase << "'; there are ";
      llvm::interleaveComma(kPhaseNames, diag);
      return signalPassFailure();
    }
    bool bad = false;
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      std::string reason = op == getOperation() ? "" : illegal(op, *at);
      if (reason.empty())
        return WalkResult::advance();
      op->emitOpError("is illegal in phase '") << phase << "': " << reason;
      bad = true;
      // Of a module that should not be here nothing more is said.
      return isa<ModuleOp>(op) ? WalkResult::skip() : WalkResult::advance();
    });
    if (bad)
      signalPassFailure();
  }
};

} // namespace
} // namespace einfall::verify
