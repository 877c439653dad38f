//===- Ptx.cpp - Kernels as PTX and machine code --------------------------===//
#include "codegen/nvptx/Ptx.h"
#include "codegen/common/Machine.h"
#include "codegen/nvptx/Threads.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Function.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace einfall::nvptx {

FailureOr<std::string> emitPtx(ModuleOp module, const GpuTarget &target) {
  llvm::StringMap<int64_t> threads;
  for (auto kernel : module.getOps<LLVM::LLVMFuncOp>())
    if (auto count = kernel->getAttrOfType<IntegerAttr>(kThreads))
      threads[kernel.getName()] = count.getInt();
  codegen::Machine machine{target.name, "nvptx64-nvidia-cuda", target.chip, target.features};
  auto prepare = [&](llvm::Function &function) {
    auto found = threads.find(function.getName());
    if (found != threads.end())
      function.addFnAttr("nvvm.maxntid", std::to_string(found->second));
    function.addFnAttr(llvm::Attribute::NoUnwind);
  };
  SmallVector<char> text;
  if (failed(codegen::emitCode(module, machine, /*assembly=*/true, prepare, text)))
    return failure();
  return std::string(text.begin(), text.end());
}

std::string joinPtx(ArrayRef<std::string> texts) {
  std::string joined;
  llvm::StringSet<> tables; // are called by what they hold
  for (StringRef text : texts) {
    // The header ends with the size of addresses.
    size_t end = text.find(".address_size");
    end = end == StringRef::npos ? 0 : text.find('\n', end) + 1;
    StringRef body = joined.empty() ? text : text.drop_front(end);
    while (!body.empty()) {
      auto [line, rest] = body.split('\n');
      body = rest;
      if (!line.starts_with(".global ") || tables.insert(line).second)
        joined += (line + "\n").str();
    }
  }
  return joined;
}

FailureOr<std::optional<std::string>> assemble(Location loc, StringRef ptx,
                                               const GpuTarget &target) {
  llvm::ErrorOr<std::string> assembler = llvm::sys::findProgramByName("ptxas");
  if (!assembler)
    return std::optional<std::string>();
  SmallString<128> folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("einfall", folder))
    return emitError(loc) << "cannot make a temporary folder: " << error.message();
  auto clean = llvm::make_scope_exit([&] { llvm::sys::fs::remove_directories(folder); });
  std::string input = (folder + "/kernels.ptx").str(), output = (folder + "/kernels.cubin").str();
  std::string log = (folder + "/log").str(), message;
  {
    std::error_code error;
    llvm::raw_fd_ostream os(input, error);
    os << ptx;
    os.close();
    if (error || os.has_error()) {
      os.clear_error();
      return emitError(loc) << "cannot write '" << input << "'";
    }
  }
  std::string chip = ("-arch=" + target.chip).str();
  StringRef arguments[] = {*assembler, chip, "-O3", "--warn-on-spills", input, "-o", output};
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(""), StringRef(log)};
  int code =
      llvm::sys::ExecuteAndWait(*assembler, arguments, std::nullopt, redirects, 0, 0, &message);
  auto said = llvm::MemoryBuffer::getFile(log);
  if (code != 0)
    return emitError(loc) << "ptxas refuses the code for " << target.name << ": "
                          << (said ? (*said)->getBuffer().rtrim() : StringRef(message));
  auto made = llvm::MemoryBuffer::getFile(output, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!made)
    return emitError(loc) << "cannot read what ptxas wrote";
  return std::optional<std::string>((*made)->getBuffer().str());
}

} // namespace einfall::nvptx
