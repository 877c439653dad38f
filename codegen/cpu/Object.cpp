//===- Object.cpp - Vector code to a shared object ------------------------===//
#include "codegen/cpu/Object.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

namespace einfall::cpu {

static std::unique_ptr<llvm::TargetMachine> machineFor(Location loc, const CpuTarget &target) {
  static bool initialised = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    return true;
  }();
  (void)initialised;
  std::string error;
  llvm::Triple triple(target.triple);
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend) {
    emitError(loc) << "no code generator for " << target.name << ": " << error;
    return nullptr;
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict; // fma only where written
  return std::unique_ptr<llvm::TargetMachine>(
      backend->createTargetMachine(triple, target.cpu, target.features, options, llvm::Reloc::PIC_,
                                   std::nullopt, llvm::CodeGenOptLevel::Default));
}

LogicalResult emitObject(ModuleOp module, const CpuTarget &target, bool assembly,
                         SmallVectorImpl<char> &object) {
  std::unique_ptr<llvm::TargetMachine> machine = machineFor(module.getLoc(), target);
  if (!machine)
    return failure();
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, context, "einfall");
  if (!code)
    return failure();
  code->setTargetTriple(llvm::Triple(target.triple));
  code->setDataLayout(machine->createDataLayout());
  for (llvm::Function &function : *code) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    function.addFnAttr("prefer-vector-width", std::to_string(target.vectorBytes * 8));
    function.addFnAttr("no-builtins"); // no calls of memset and the like
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
  llvm::PipelineTuningOptions tuning;
  // The tile program is vectorised as it was planned.
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  llvm::PassBuilder pipeline(machine.get(), tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  pipeline.registerModuleAnalyses(modules);
  pipeline.registerCGSCCAnalyses(graphs);
  pipeline.registerFunctionAnalyses(functions);
  pipeline.registerLoopAnalyses(loops);
  pipeline.crossRegisterProxies(loops, functions, graphs, modules);
  pipeline.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(*code, modules);

  llvm::raw_svector_ostream os(object);
  llvm::legacy::PassManager emit;
  auto kind = assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (machine->addPassesToEmitFile(emit, os, nullptr, kind))
    return emitError(module.getLoc()) << "the code generator cannot write this kind of file";
  emit.run(*code);
  return success();
}

static FailureOr<std::string> findLinker(Location loc) {
  llvm::ErrorOr<std::string> linker = llvm::sys::findProgramByName("ld.lld-22");
  if (!linker)
    linker = llvm::sys::findProgramByName("ld.lld", {"/usr/lib/llvm-22/bin"});
  if (!linker)
    linker = llvm::sys::findProgramByName("ld.lld");
  if (!linker)
    return emitError(loc) << "lld is needed to link host code: install lld-22";
  return *linker;
}

/// Writes `data` to `path`; an error says why not.
static std::error_code writeFile(StringRef path, StringRef data) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return error;
  os << data;
  os.close();
  error = os.error();
  os.clear_error();
  return error;
}

FailureOr<std::string> linkShared(Location loc, ArrayRef<std::string> objects,
                                  const CpuTarget &target) {
  FailureOr<std::string> linker = findLinker(loc);
  if (failed(linker))
    return failure();
  SmallString<128> folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("einfall", folder))
    return emitError(loc) << "cannot make a temporary folder: " << error.message();
  auto clean = llvm::make_scope_exit([&] { llvm::sys::fs::remove_directories(folder); });
  std::string output = (folder + "/host.so").str(), log = (folder + "/log").str();
  std::vector<std::string> inputs;
  for (const std::string &object : objects) {
    inputs.push_back((folder + "/" + Twine(inputs.size()) + ".o").str());
    if (std::error_code error = writeFile(inputs.back(), object))
      return emitError(loc) << "cannot write '" << inputs.back() << "': " << error.message();
  }
  SmallVector<StringRef> arguments = {*linker, "-shared",     "--no-undefined",   "--build-id=none",
                                      "-z",    "noexecstack", "--hash-style=gnu", "-s",
                                      "-o",    output};
  llvm::append_range(arguments, inputs);
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(""), StringRef(log)};
  std::string message;
  if (llvm::sys::ExecuteAndWait(*linker, arguments, std::nullopt, redirects, 0, 0, &message) != 0) {
    auto text = llvm::MemoryBuffer::getFile(log);
    return emitError(loc) << "linking host code for " << target.name
                          << " failed: " << (text ? (*text)->getBuffer() : StringRef(message));
  }
  auto shared = llvm::MemoryBuffer::getFile(output);
  if (!shared)
    return emitError(loc) << "cannot read the linked host code";
  return (*shared)->getBuffer().str();
}

} // namespace einfall::cpu
