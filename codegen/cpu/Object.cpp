//===- Object.cpp - Vector code to a shared object ------------------------===//
#include "codegen/cpu/Object.h"
#include "codegen/common/Machine.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/Function.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

using namespace mlir;

namespace einfall::cpu {

LogicalResult emitObject(ModuleOp module, const CpuTarget &target, bool assembly,
                         SmallVectorImpl<char> &object) {
  codegen::Machine machine{target.name, target.triple, target.cpu, target.features};
  auto prepare = [&](llvm::Function &function) {
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    function.addFnAttr("prefer-vector-width", std::to_string(target.vectorBytes * 8));
    function.addFnAttr("no-builtins"); // no calls of memset and the like
    function.addFnAttr(llvm::Attribute::NoUnwind);
  };
  return codegen::emitCode(module, machine, assembly, prepare, object);
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
  llvm::scope_exit clean([&] { llvm::sys::fs::remove_directories(folder); });
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
