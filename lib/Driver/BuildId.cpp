//===- BuildId.cpp - Which compiler this is -------------------------------===//
#include "lib/Driver/BuildId.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"

#include <link.h>

namespace einfall {
namespace {

/// Looks for the loaded object that holds `address`.
struct Search {
  uintptr_t address;
  std::string file;  // of the object, empty for the main program
  std::string build; // its build id, if the linker wrote one
  bool found = false;
};

/// The build id among the notes at `at`, or nothing.
std::string buildIdIn(const char *at, size_t size) {
  auto padded = [](size_t n) { return (n + 3) & ~size_t(3); };
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    memcpy(&note, at, sizeof note);
    size_t whole = sizeof note + padded(note.n_namesz) + padded(note.n_descsz);
    if (whole > size)
      break;
    llvm::StringRef name(at + sizeof note, note.n_namesz);
    if (note.n_type == NT_GNU_BUILD_ID && name.starts_with("GNU"))
      return std::string(at + sizeof note + padded(note.n_namesz), note.n_descsz);
    at += whole;
    size -= whole;
  }
  return "";
}

int visit(dl_phdr_info *info, size_t, void *data) {
  auto &search = *static_cast<Search *>(data);
  auto headers = llvm::ArrayRef(info->dlpi_phdr, info->dlpi_phnum);
  for (const auto &header : headers) {
    uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    search.found |= header.p_type == PT_LOAD && search.address >= begin &&
                    search.address - begin < header.p_memsz;
  }
  if (!search.found)
    return 0;
  search.file = info->dlpi_name;
  for (const auto &header : headers)
    if (header.p_type == PT_NOTE && search.build.empty())
      search.build = buildIdIn(reinterpret_cast<const char *>(info->dlpi_addr + header.p_vaddr),
                               header.p_memsz);
  return 1;
}

/// What tells the object around `address` from any other one: its build id,
/// else its bytes.
std::string identityOf(const void *address) {
  Search search{reinterpret_cast<uintptr_t>(address), {}, {}};
  dl_iterate_phdr(visit, &search);
  if (!search.build.empty())
    return search.build;
  auto file =
      llvm::MemoryBuffer::getFile(search.file.empty() ? "/proc/self/exe" : search.file.c_str());
  return file ? (*file)->getBuffer().str() : "";
}

/// An address of LLVM's and of MLIR's own code; a function's address may be
/// that of a stub here.
const void *vtableOf(const void *object) { return *static_cast<const void *const *>(object); }

} // namespace

const std::string &compilerBuildId() {
  static const std::string id = [] {
    llvm::SHA256 digest;
    digest.update(identityOf(reinterpret_cast<const void *>(&visit)));
    auto buffer = llvm::MemoryBuffer::getMemBuffer("");
    digest.update(identityOf(vtableOf(buffer.get()))); // LLVM
    digest.update(LLVM_VERSION_STRING);
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    digest.update(identityOf(vtableOf(context.getLoadedDialects().front()))); // MLIR
    return std::string(EINFALL_VERSION) + "+" +
           llvm::toHex(llvm::ArrayRef(digest.final()).take_front(10), /*LowerCase=*/true);
  }();
  return id;
}

} // namespace einfall
