//===- Npy.cpp - Arrays in numpy's file format ----------------------------===//
#include "Npy.h"
#include "Output.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace einfall::tool {
namespace {

using rt::DType;
using rt::Result;
using rt::Status;
using rt::StatusCode;

struct Row {
  const char *name;
  DType dtype;
};

/// The first row of a dtype is what is written.
constexpr Row kRows[] = {
    {"<f8", DType::F64}, {"<f4", DType::F32}, {"<f2", DType::F16}, {"|b1", DType::I1},
    {"|i1", DType::I8},  {"<i2", DType::I16}, {"<i4", DType::I32}, {"<i8", DType::I64},
    {"|u1", DType::U8},  {"<u2", DType::U16}, {"<u4", DType::U32}, {"<u8", DType::U64},
};

DType storedAs(DType dtype) {
  if (dtype == DType::BF16)
    return DType::U16;
  if (dtype >= DType::F8E4M3FN && dtype <= DType::F8E5M2FNUZ)
    return DType::U8;
  return dtype;
}

Status bad(const std::string &path, const std::string &what) {
  return {StatusCode::Io, "'" + path + "' is no usable .npy file: " + what};
}

/// The text after `key` in numpy's header, which is a Python dictionary.
std::string_view field(std::string_view header, std::string_view key) {
  size_t at = header.find("'" + std::string(key) + "':");
  if (at == std::string_view::npos)
    return {};
  header.remove_prefix(at + key.size() + 3);
  while (!header.empty() && header[0] == ' ')
    header.remove_prefix(1);
  return header;
}

bool parseShape(std::string_view text, std::vector<int64_t> &shape) {
  if (text.empty() || text[0] != '(')
    return false;
  for (text.remove_prefix(1); !text.empty() && text[0] != ')';) {
    if (text[0] == ' ' || text[0] == ',') {
      text.remove_prefix(1);
      continue;
    }
    int64_t extent;
    auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc() || extent < 0)
      return false;
    shape.push_back(extent);
    text.remove_prefix(size_t(at - text.data()));
  }
  return !text.empty();
}

Result<std::string_view> findHeader(const std::string &path, std::span<const std::byte> bytes,
                                    size_t &dataAt) {
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
    return bad(path, "wrong magic");
  unsigned version = unsigned(bytes[6]);
  uint32_t size = 0;
  size_t at = version == 1 ? 10 : 12;
  std::memcpy(&size, bytes.data() + 8, at - 8);
  if (version < 1 || version > 3 || size > bytes.size() - at)
    return bad(path, "unknown version or truncated header");
  dataAt = at + size;
  return std::string_view(reinterpret_cast<const char *>(bytes.data()) + at, size);
}

template <typename T> double load(const std::byte *at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return double(value);
}

double loadBf16(const std::byte *at) {
  uint16_t bits;
  std::memcpy(&bits, at, 2);
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return double(value);
}

} // namespace

double element(const Array &array, size_t i) {
  const std::byte *at = array.data() + i * rt::byteWidth(array.dtype);
  switch (array.dtype) {
  case DType::F64:
    return load<double>(at);
  case DType::F32:
    return load<float>(at);
  case DType::F16:
    return load<_Float16>(at);
  case DType::BF16:
    return loadBf16(at);
  case DType::I8:
    return load<int8_t>(at);
  case DType::I16:
    return load<int16_t>(at);
  case DType::I32:
    return load<int32_t>(at);
  case DType::I64:
    return load<int64_t>(at);
  case DType::U16:
    return load<uint16_t>(at);
  case DType::U32:
    return load<uint32_t>(at);
  case DType::U64:
    return load<uint64_t>(at);
  default:
    return load<uint8_t>(at);
  }
}

Result<Array> makeArray(DType dtype, std::vector<int64_t> shape) {
  Array array;
  array.dtype = dtype;
  array.shape = std::move(shape);
  array.bytes = rt::byteWidth(dtype);
  for (int64_t extent : array.shape)
    if (__builtin_mul_overflow(array.bytes, uint64_t(extent), &array.bytes))
      return rt::invalidArgument("the size of an array overflows");
  auto memory = rt::PageMemory::allocate(std::max<uint64_t>(array.bytes, 1), "an array");
  if (!memory)
    return memory.status();
  array.memory = std::move(*memory);
  return array;
}

Result<Array> readNpy(const std::string &path) {
  auto file = rt::MappedFile::open(path);
  if (!file)
    return file.status();
  size_t dataAt = 0;
  auto header = findHeader(path, file->bytes(), dataAt);
  if (!header)
    return header.status();
  std::string_view descr = field(*header, "descr");
  const Row *found = nullptr;
  for (const Row &row : kRows)
    if (descr.size() > 5 && descr.substr(1, 3) == row.name)
      found = &row;
  if (!found)
    return bad(path, "unsupported element type " + std::string(descr.substr(0, descr.find(','))));
  if (!field(*header, "fortran_order").starts_with("False"))
    return bad(path, "it is in Fortran order");
  std::vector<int64_t> shape;
  if (!parseShape(field(*header, "shape"), shape))
    return bad(path, "unreadable shape");
  uint64_t bytes = rt::byteWidth(found->dtype);
  for (int64_t extent : shape)
    if (__builtin_mul_overflow(bytes, uint64_t(extent), &bytes))
      return bad(path, "its size overflows");
  if (bytes != file->bytes().size() - dataAt)
    return bad(path, "expected " + std::to_string(bytes) + " bytes of data, but got " +
                         std::to_string(file->bytes().size() - dataAt));
  Result<Array> array = makeArray(found->dtype, shape);
  if (array && bytes != 0)
    std::memcpy(array->data(), file->bytes().data() + dataAt, bytes);
  return array;
}

bool reinterpret(Array &array, DType want) {
  if (array.dtype != want && array.dtype != storedAs(want))
    return false;
  array.dtype = want;
  return true;
}

Status writeNpy(const std::string &path, const Array &array) {
  std::string shape;
  for (int64_t extent : array.shape)
    shape += std::to_string(extent) + ", ";
  const char *descr = "";
  for (const Row &row : kRows)
    if (row.dtype == storedAs(array.dtype))
      descr = row.name;
  std::string header =
      "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  uint16_t size = uint16_t(header.size());
  std::string start = std::string("\x93NUMPY\1\0", 8);
  start.append(reinterpret_cast<const char *>(&size), sizeof size);
  return writeFile(path,
                   {start, header, {reinterpret_cast<const char *>(array.data()), array.bytes}});
}

} // namespace einfall::tool
