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
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace einfall::nvptx {

namespace {

/// Bytes of a kernel's parameters: addresses and 64-bit integers (writeThreads).
int64_t parameterBytes(LLVM::LLVMFuncOp kernel) { return 8 * int64_t(kernel.getNumArguments()); }

/// Where the header ends: behind the size of addresses.
size_t headerEnd(StringRef text) {
  size_t end = text.find(".address_size");
  return end == StringRef::npos ? 0 : text.find('\n', end) + 1;
}

/// "8.0" and where it stands.
StringRef versionOf(StringRef text) {
  StringRef rest = text.substr(text.find(".version "));
  rest.consume_front(".version ");
  return rest.take_until([](char c) { return c == '\n'; });
}

} // namespace

FailureOr<std::string> emitPtx(ModuleOp module, const GpuTarget &target) {
  llvm::StringMap<int64_t> threads, blocks;
  StringRef features = target.features;
  for (auto kernel : module.getOps<LLVM::LLVMFuncOp>()) {
    auto count = kernel->getAttrOfType<IntegerAttr>(kThreads);
    if (!count)
      continue;
    threads[kernel.getName()] = count.getInt();
    if (auto own = kernel->getAttrOfType<IntegerAttr>(kBlocks))
      blocks[kernel.getName()] = own.getInt();
    int64_t bytes = parameterBytes(kernel);
    if (bytes > kMostParameters)
      return kernel.emitOpError("takes ")
             << bytes << " bytes of parameters (tensors and sizes), of which a kernel has at most "
             << kMostParameters;
    if (bytes > kPlainParameters)
      features = target.wideFeatures;
  }
  codegen::Machine machine{target.name, "nvptx64-nvidia-cuda", target.chip, features};
  auto prepare = [&](llvm::Function &function) {
    auto add = [&](StringRef name, const llvm::StringMap<int64_t> &numbers) {
      if (auto found = numbers.find(function.getName()); found != numbers.end())
        function.addFnAttr(name, std::to_string(found->second));
    };
    add("nvvm.maxntid", threads);
    add("nvvm.minctasm", blocks);
    function.addFnAttr(llvm::Attribute::NoUnwind);
  };
  SmallVector<char> text;
  if (failed(codegen::emitCode(module, machine, /*assembly=*/true, prepare, text)))
    return failure();
  return std::string(text.begin(), text.end());
}

std::string joinPtx(ArrayRef<std::string> texts) {
  if (texts.empty())
    return {};
  // The latest version: of kernels that need none, an older one.
  auto isOlder = [](StringRef a, StringRef b) { return versionOf(a) < versionOf(b); };
  StringRef header = *std::max_element(texts.begin(), texts.end(), isOlder);
  std::string joined = header.take_front(headerEnd(header)).str();
  llvm::StringSet<> tables; // are called by what they hold
  for (StringRef text : texts) {
    StringRef body = text.drop_front(headerEnd(text));
    while (!body.empty()) {
      auto [line, rest] = body.split('\n');
      body = rest;
      if (!line.starts_with(".global ") || tables.insert(line).second)
        joined += (line + "\n").str();
    }
  }
  return joined;
}

namespace {

constexpr StringRef kEntry = ".visible .entry ";

/// Bytes that a thread may store away for the sake of a second block on its
/// multiprocessor, which is worth more: attention that stores 160 is 1.36 times as fast as
/// with all registers (docs/performance-log-gpu.md).
constexpr int64_t kMostSpilled = 400;

/// The kernels that spill more than that, as `--warn-on-spills` says, a line a kernel.
std::map<std::string, int64_t> readSpills(StringRef log) {
  std::map<std::string, int64_t> spilled;
  llvm::Regex form("spilled to local memory in function '([^']+)', ([0-9]+) bytes spill stores");
  SmallVector<StringRef> lines, parts;
  log.split(lines, '\n');
  for (StringRef line : lines)
    if (int64_t bytes = 0;
        form.match(line, &parts) && !parts[2].getAsInteger(10, bytes) && bytes > kMostSpilled)
      spilled[parts[1].str()] = bytes;
  return spilled;
}

LogicalResult writeText(Location loc, StringRef path, StringRef text) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  os << text;
  os.close();
  if (!error && !os.has_error())
    return success();
  os.clear_error();
  return emitError(loc) << "cannot write '" << path << "'";
}

} // namespace

FailureOr<std::optional<Assembled>> assemble(Location loc, StringRef ptx, const GpuTarget &target) {
  llvm::ErrorOr<std::string> assembler = llvm::sys::findProgramByName("ptxas");
  if (!assembler)
    return std::optional<Assembled>();
  SmallString<128> folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("einfall", folder))
    return emitError(loc) << "cannot make a temporary folder: " << error.message();
  llvm::scope_exit clean([&] { llvm::sys::fs::remove_directories(folder); });
  std::string input = (folder + "/kernels.ptx").str(), output = (folder + "/kernels.cubin").str();
  std::string log = (folder + "/log").str(), message;
  if (failed(writeText(loc, input, ptx)))
    return failure();
  std::string chip = ("-arch=" + target.chip).str();
  StringRef arguments[] = {*assembler, chip, "-O3", "--warn-on-spills", input, "-o", output};
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(""), StringRef(log)};
  int code =
      llvm::sys::ExecuteAndWait(*assembler, arguments, std::nullopt, redirects, 0, 0, &message);
  auto said = llvm::MemoryBuffer::getFile(log);
  StringRef text = said ? (*said)->getBuffer().rtrim() : StringRef(message);
  if (code != 0)
    return emitError(loc) << "ptxas refuses the code for " << target.name << ": " << text;
  auto made = llvm::MemoryBuffer::getFile(output, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!made)
    return emitError(loc) << "cannot read what ptxas wrote";
  return std::optional<Assembled>({(*made)->getBuffer().str(), readSpills(text)});
}

std::string giveAllRegisters(StringRef ptx, const std::map<std::string, int64_t> &kernels) {
  std::string text, kernel;
  while (!ptx.empty()) {
    auto [line, rest] = ptx.split('\n');
    ptx = rest;
    if (line.starts_with(".minnctapersm ") && kernels.count(kernel))
      continue;
    text += (line + "\n").str();
    if (line.starts_with(kEntry))
      kernel = line.drop_front(kEntry.size()).take_until([](char c) { return c == '('; }).str();
    else if (line.starts_with(".maxntid ") && kernels.count(kernel))
      text += ".minnctapersm 1\n";
  }
  return text;
}

} // namespace einfall::nvptx
