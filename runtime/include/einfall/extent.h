//===- extent.h - Sizes as little programs over symbols -------------------===//
//
// A package holds sizes that are known at run time only: `t - s`,
// `n ceildiv 128`. They are stored as postfix programs over the symbols of an
// entry and evaluated here, by one function, with overflow checks; the same
// function run over intervals bounds a size for all calls within a session.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_EXTENT_H
#define EINFALL_EXTENT_H

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace einfall::rt {

/// One step of a postfix program. `value` is the literal of Const and the
/// index of Symbol, else 0.
struct ExtentOp {
  enum Kind : uint8_t {
    Const,
    Symbol,
    Add,
    Sub,
    Mul,
    FloorDiv,
    CeilDiv,
    Mod,
    Max,
    Min,
  };
  Kind kind = Const;
  int64_t value = 0;
  bool operator==(const ExtentOp &) const = default;
};
inline constexpr unsigned kExtentOpCount = 10;
inline constexpr unsigned kExtentMaxDepth = 64;
inline constexpr unsigned kExtentMaxOps = 4096;

/// A size. The default is the (invalid) empty program; build one from
/// `Extent::constant`, `Extent::symbol` and `Extent::binary`.
struct Extent {
  std::vector<ExtentOp> ops;

  static Extent constant(int64_t value) { return {{{ExtentOp::Const, value}}}; }
  static Extent symbol(uint32_t index) { return {{{ExtentOp::Symbol, index}}}; }
  static Extent binary(ExtentOp::Kind kind, const Extent &lhs, const Extent &rhs);
  bool operator==(const Extent &) const = default;
};

/// Values [lo, hi] that a symbol or an extent may take.
struct Interval {
  int64_t lo = 0, hi = 0;
};

/// True if `extent` is a well-formed program over `symbolCount` symbols that
/// leaves one value and needs a stack of at most kExtentMaxDepth.
bool isWellFormed(const Extent &extent, size_t symbolCount);

/// The value at `symbols`; nothing on overflow or a divisor below one.
/// The program must be well-formed.
std::optional<int64_t> evaluate(const Extent &extent, std::span<const int64_t> symbols);

/// An interval that contains the value for all symbol values in `symbols`
/// for which it is defined; nothing on overflow.
std::optional<Interval> evaluate(const Extent &extent, std::span<const Interval> symbols);

/// Infix text, e.g. "t - s", with the given symbol names.
std::string toString(const Extent &extent, std::span<const std::string> names);

} // namespace einfall::rt
#endif
