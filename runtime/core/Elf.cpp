//===- Elf.cpp - What code may be loaded ----------------------------------===//
#include "Elf.h"

#include <cstring>
#include <elf.h>
#include <map>
#include <optional>
#include <vector>

namespace einfall::rt {
namespace {

/// Bounds-checked reading of the image, by file offset and by address.
class Image {
public:
  explicit Image(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T> std::optional<T> at(uint64_t offset) const {
    T value;
    if (offset > bytes_.size() || sizeof(T) > bytes_.size() - offset)
      return std::nullopt;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  template <typename T> std::optional<T> atAddress(uint64_t address) const {
    for (const Elf64_Phdr &load : loads_)
      if (address >= load.p_vaddr && address - load.p_vaddr < load.p_filesz &&
          sizeof(T) <= load.p_filesz - (address - load.p_vaddr))
        return at<T>(load.p_offset + (address - load.p_vaddr));
    return std::nullopt;
  }
  /// `size` bytes that lie in the file, at an address.
  std::optional<std::span<const std::byte>> bytesAt(uint64_t address, uint64_t size) const {
    for (const Elf64_Phdr &load : loads_)
      if (address >= load.p_vaddr && address - load.p_vaddr < load.p_filesz &&
          size <= load.p_filesz - (address - load.p_vaddr))
        return bytes_.subspan(load.p_offset + (address - load.p_vaddr), size);
    return std::nullopt;
  }
  void addLoad(const Elf64_Phdr &load) { loads_.push_back(load); }
  size_t size() const { return bytes_.size(); }

private:
  std::span<const std::byte> bytes_;
  std::vector<Elf64_Phdr> loads_;
};

using Dynamic = std::map<int64_t, uint64_t>;

bool allowedTag(int64_t tag) {
  switch (tag) {
  case DT_HASH:
  case DT_GNU_HASH:
  case DT_STRTAB:
  case DT_SYMTAB:
  case DT_STRSZ:
  case DT_SYMENT:
  case DT_RELA:
  case DT_RELASZ:
  case DT_RELAENT:
  case DT_RELACOUNT:
  case DT_SONAME:
  case DT_FLAGS:
  case DT_FLAGS_1:
  case DT_PLTGOT:
  case DT_PLTRELSZ:
  case DT_PLTREL:
  case DT_JMPREL:
  case DT_SYMBOLIC:
  case DT_BIND_NOW:
  case DT_DEBUG:
    return true;
  default:
    return false;
  }
}

bool allowedRelocation(uint16_t machine, uint32_t type) {
  if (machine == EM_X86_64)
    return type == R_X86_64_RELATIVE || type == R_X86_64_64 || type == R_X86_64_GLOB_DAT ||
           type == R_X86_64_JUMP_SLOT;
  return type == R_AARCH64_RELATIVE || type == R_AARCH64_ABS64 || type == R_AARCH64_GLOB_DAT ||
         type == R_AARCH64_JUMP_SLOT;
}

const char *checkSegments(Image &image, const Elf64_Ehdr &head, Dynamic &dynamic) {
  std::optional<Elf64_Phdr> table;
  for (unsigned i = 0; i < head.e_phnum; ++i) {
    auto segment = image.at<Elf64_Phdr>(head.e_phoff + i * sizeof(Elf64_Phdr));
    if (head.e_phoff > image.size() || !segment)
      return "its program headers reach past the end";
    if (segment->p_type == PT_LOAD) {
      if (segment->p_offset > image.size() ||
          segment->p_filesz > image.size() - segment->p_offset ||
          segment->p_memsz < segment->p_filesz || segment->p_memsz > (uint64_t(1) << 40))
        return "a segment reaches past the end";
      if ((segment->p_flags & PF_W) && (segment->p_flags & PF_X))
        return "a segment is writable and executable";
      image.addLoad(*segment);
    }
    if (segment->p_type == PT_INTERP || segment->p_type == PT_TLS)
      return "it has an interpreter or thread-local data";
    if (segment->p_type == PT_DYNAMIC)
      table = segment;
  }
  if (!table)
    return "it has no dynamic section";
  for (uint64_t i = 0;; ++i) {
    auto entry = image.atAddress<Elf64_Dyn>(table->p_vaddr + i * 16);
    if (!entry)
      return "its dynamic section reaches past the end";
    if (entry->d_tag == DT_NULL)
      return nullptr;
    if (entry->d_tag == DT_NEEDED)
      return "it needs other libraries";
    if (entry->d_tag == DT_INIT || entry->d_tag == DT_FINI || entry->d_tag == DT_INIT_ARRAY ||
        entry->d_tag == DT_FINI_ARRAY || entry->d_tag == DT_INIT_ARRAYSZ ||
        entry->d_tag == DT_FINI_ARRAYSZ)
      return "it has constructors or destructors";
    if (!allowedTag(entry->d_tag) || !dynamic.emplace(entry->d_tag, entry->d_un.d_val).second)
      return "its dynamic section holds something unexpected";
  }
}

/// Number of dynamic symbols: DT_HASH says it.
std::optional<uint64_t> symbolCount(const Image &image, const Dynamic &dyn) {
  if (auto hash = dyn.find(DT_HASH); hash != dyn.end())
    return image.atAddress<uint32_t>(hash->second + 4);
  auto hash = dyn.find(DT_GNU_HASH);
  if (hash == dyn.end())
    return std::nullopt;
  auto buckets = image.atAddress<uint32_t>(hash->second);
  auto base = image.atAddress<uint32_t>(hash->second + 4);
  auto bloom = image.atAddress<uint32_t>(hash->second + 8);
  if (!buckets || !base || !bloom)
    return std::nullopt;
  uint64_t table = hash->second + 16 + uint64_t(*bloom) * 8;
  uint64_t chains = table + uint64_t(*buckets) * 4, last = 0;
  for (uint32_t i = 0; i < *buckets; ++i) {
    auto start = image.atAddress<uint32_t>(table + uint64_t(i) * 4);
    if (!start)
      return std::nullopt;
    last = std::max<uint64_t>(last, *start);
  }
  if (last < *base)
    return *base;
  while (true) {
    auto link = image.atAddress<uint32_t>(chains + (last - *base) * 4);
    if (!link)
      return std::nullopt;
    ++last;
    if (*link & 1)
      return last;
  }
}

const char *checkSymbols(const Image &image, const Dynamic &dyn) {
  std::optional<uint64_t> count = symbolCount(image, dyn);
  auto table = dyn.find(DT_SYMTAB);
  if (!count || table == dyn.end())
    return "it has no readable symbol table";
  for (uint64_t i = 1; i < *count; ++i) {
    auto symbol = image.atAddress<Elf64_Sym>(table->second + i * 24);
    if (!symbol)
      return "its symbol table reaches past the end";
    if (symbol->st_shndx == SHN_UNDEF)
      return "it has undefined symbols";
    if (ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC)
      return "it chooses functions while loading";
  }
  return nullptr;
}

const char *checkRelocations(const Image &image, const Dynamic &dyn, uint16_t machine,
                             int64_t start, int64_t size) {
  auto at = dyn.find(start), bytes = dyn.find(size);
  if (at == dyn.end() || bytes == dyn.end())
    return nullptr;
  for (uint64_t i = 0; i < bytes->second / sizeof(Elf64_Rela); ++i) {
    auto rela = image.atAddress<Elf64_Rela>(at->second + i * sizeof(Elf64_Rela));
    if (!rela)
      return "its relocations reach past the end";
    if (!allowedRelocation(machine, uint32_t(ELF64_R_TYPE(rela->r_info))))
      return "it has an unexpected relocation";
  }
  return nullptr;
}

const char *check(std::span<const std::byte> bytes, const std::string &arch) {
  Image image(bytes);
  auto head = image.at<Elf64_Ehdr>(0);
  if (!head || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
      head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_ident[EI_DATA] != ELFDATA2LSB ||
      head->e_type != ET_DYN || head->e_phentsize != sizeof(Elf64_Phdr))
    return "it is no 64-bit shared object";
  uint16_t machine = arch == "x86_64" ? EM_X86_64 : arch == "aarch64" ? EM_AARCH64 : EM_NONE;
  if (head->e_machine != machine)
    return "it is for another architecture";
  Dynamic dynamic;
  if (const char *why = checkSegments(image, *head, dynamic))
    return why;
  if (const char *why = checkSymbols(image, dynamic))
    return why;
  if (const char *why = checkRelocations(image, dynamic, machine, DT_RELA, DT_RELASZ))
    return why;
  return checkRelocations(image, dynamic, machine, DT_JMPREL, DT_PLTRELSZ);
}

} // namespace

Status checkCode(std::span<const std::byte> image, const std::string &arch,
                 const std::string &name) {
  if (const char *why = check(image, arch))
    return badPackage("the code of " + name + " is refused: " + why);
  return {};
}

std::optional<std::span<const std::byte>> findData(std::span<const std::byte> bytes,
                                                   std::string_view name) {
  Image image(bytes);
  Dynamic dynamic;
  auto head = image.at<Elf64_Ehdr>(0);
  if (!head || checkSegments(image, *head, dynamic))
    return std::nullopt;
  std::optional<uint64_t> count = symbolCount(image, dynamic);
  auto table = dynamic.find(DT_SYMTAB), names = dynamic.find(DT_STRTAB);
  if (!count || table == dynamic.end() || names == dynamic.end())
    return std::nullopt;
  for (uint64_t i = 1; i < *count; ++i) {
    auto symbol = image.atAddress<Elf64_Sym>(table->second + i * sizeof(Elf64_Sym));
    if (!symbol || ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT)
      continue;
    auto text = image.bytesAt(names->second + symbol->st_name, name.size() + 1);
    if (text && std::memcmp(text->data(), name.data(), name.size()) == 0 &&
        text->back() == std::byte(0))
      return image.bytesAt(symbol->st_value, symbol->st_size);
  }
  return std::nullopt;
}

} // namespace einfall::rt
