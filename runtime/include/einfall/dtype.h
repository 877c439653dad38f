//===- dtype.h - Element types of buffers ---------------------------------===//
//
// The numbers are stored in packages and equal `einf_dtype` of einfall.h.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DTYPE_H
#define EINFALL_DTYPE_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace einfall::rt {

/// Element type of a dense buffer. i1 takes one byte (0 or 1).
enum class DType : uint8_t {
  F64,
  F32,
  F16,
  BF16,
  F8E4M3FN,
  F8E5M2,
  F8E4M3FNUZ,
  F8E5M2FNUZ,
  I1,
  I8,
  I16,
  I32,
  I64,
  U8,
  U16,
  U32,
  U64,
};
inline constexpr unsigned kDTypeCount = 17;

/// Bytes of one element.
unsigned byteWidth(DType type);

/// The name as `ein` spells it: "f32", "bf16", "f8E4M3FN", "i64", "ui8".
std::string_view nameOf(DType type);

/// Inverse of nameOf; also takes "u8".."u64".
std::optional<DType> parseDType(std::string_view name);

/// True for i1..i64 and ui8..ui64.
bool isInteger(DType type);

} // namespace einfall::rt
#endif
