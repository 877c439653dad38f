//===- Optimise.h - LLVM's passes over a program ----------------*- C++ -*-===//
#ifndef EINFALL_CODEGEN_COMMON_OPTIMISE_H
#define EINFALL_CODEGEN_COMMON_OPTIMISE_H

#include "llvm/IR/OptBisect.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace einfall::codegen {

/// Runs the passes that make a program's code better: on a CPU a list of our own in place of
/// LLVM's -O2.
void optimise(llvm::Module &code, llvm::TargetMachine &machine);

/// Which of a code generator's passes run. Straight-line strength reduction and n-ary reassociation
/// compare each sum, product or address with those before it: of many in a function they take as
/// long as all other passes together, and save less than one percent. The first saves nothing on a
/// GPU, where few are left when it runs.
class GeneratorPasses : public llvm::OptPassGate {
public:
  explicit GeneratorPasses(const llvm::Module &code);
  bool isEnabled() const override { return isGpu || tooMany; }
  bool shouldRunPass(llvm::StringRef pass, llvm::StringRef) const override;

private:
  bool isGpu, tooMany = false;
};

} // namespace einfall::codegen

#endif
