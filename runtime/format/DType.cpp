//===- DType.cpp - Element types of buffers -------------------------------===//
#include "einfall/dtype.h"

namespace einfall::rt {
namespace {
struct Row {
  std::string_view name;
  unsigned bytes;
};
constexpr Row kRows[kDTypeCount] = {
    {"f64", 8},        {"f32", 4},        {"f16", 2},  {"bf16", 2}, {"f8E4M3FN", 1}, {"f8E5M2", 1},
    {"f8E4M3FNUZ", 1}, {"f8E5M2FNUZ", 1}, {"i1", 1},   {"i8", 1},   {"i16", 2},      {"i32", 4},
    {"i64", 8},        {"ui8", 1},        {"ui16", 2}, {"ui32", 4}, {"ui64", 8},
};
} // namespace

unsigned byteWidth(DType type) { return kRows[unsigned(type)].bytes; }

std::string_view nameOf(DType type) { return kRows[unsigned(type)].name; }

std::optional<DType> parseDType(std::string_view name) {
  for (unsigned i = 0; i < kDTypeCount; ++i) {
    std::string_view row = kRows[i].name;
    bool shortName =
        row.starts_with("ui") && name.starts_with("u") && row.substr(2) == name.substr(1);
    if (row == name || shortName)
      return DType(i);
  }
  return std::nullopt;
}

bool isInteger(DType type) { return type >= DType::I1; }

} // namespace einfall::rt
