//===- Machine.cpp - LLVM's code generators -------------------------------===//
#include "codegen/common/Machine.h"
#include "codegen/common/Optimise.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

namespace einfall::codegen {

static std::unique_ptr<llvm::TargetMachine> create(Location loc, const Machine &machine) {
  static bool initialised = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    return true;
  }();
  (void)initialised;
  std::string error;
  llvm::Triple triple(machine.triple);
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend) {
    emitError(loc) << "no code generator for " << machine.name << ": " << error;
    return nullptr;
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict; // fma only where written
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      triple, machine.cpu, machine.features, options, llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Default));
}

LogicalResult emitCode(ModuleOp module, const Machine &target, bool assembly,
                       function_ref<void(llvm::Function &)> prepare, SmallVectorImpl<char> &code) {
  std::unique_ptr<llvm::TargetMachine> machine = create(module.getLoc(), target);
  if (!machine)
    return failure();
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = translateModuleToLLVMIR(module, context, "einfall");
  if (!translated)
    return failure();
  translated->setTargetTriple(llvm::Triple(target.triple));
  translated->setDataLayout(machine->createDataLayout());
  for (llvm::Function &function : *translated)
    if (!function.isDeclaration())
      prepare(function);
  optimise(*translated, *machine);
  GeneratorPasses gate(*translated);
  context.setOptPassGate(gate);
  llvm::raw_svector_ostream os(code);
  llvm::legacy::PassManager emit;
  auto kind = assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (machine->addPassesToEmitFile(emit, os, nullptr, kind))
    return emitError(module.getLoc()) << "the code generator cannot write this kind of file";
  emit.run(*translated);
  return success();
}

} // namespace einfall::codegen
