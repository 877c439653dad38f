//===- TileLayout.cpp - Layouts of any extents ----------------------------===//
#include "lib/Layout/TileLayout.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cassert>

namespace einfall::layout {

/// Drops digits of one value and joins those that continue their neighbour.
TileLayout::Digits TileLayout::merged(llvm::ArrayRef<Digit> digits) {
  Digits result;
  for (const Digit &digit : digits) {
    if (digit.size == 1)
      continue;
    if (!result.empty() && result.back().dim == digit.dim &&
        result.back().stride * result.back().size == digit.stride)
      result.back().size *= digit.size;
    else
      result.push_back(digit);
  }
  return result;
}

TileLayout::Digits TileLayout::digitsOf(llvm::ArrayRef<uint64_t> shape, bool firstIsFastest) {
  Digits digits;
  for (auto [i, size] : llvm::enumerate(shape))
    digits.push_back({size, static_cast<int>(i), 1});
  if (!firstIsFastest)
    std::reverse(digits.begin(), digits.end());
  return merged(digits);
}

TileLayout TileLayout::spatial(llvm::ArrayRef<uint64_t> shape) {
  TileLayout result;
  result.extents.assign(shape);
  result.threadDigits = digitsOf(shape, false);
  return result;
}

TileLayout TileLayout::columnSpatial(llvm::ArrayRef<uint64_t> shape) {
  TileLayout result = spatial(shape);
  result.threadDigits = digitsOf(shape, true);
  return result;
}

TileLayout TileLayout::local(llvm::ArrayRef<uint64_t> shape) {
  TileLayout result = spatial(shape);
  std::swap(result.threadDigits, result.registerDigits);
  return result;
}

TileLayout TileLayout::columnLocal(llvm::ArrayRef<uint64_t> shape) {
  TileLayout result = columnSpatial(shape);
  std::swap(result.threadDigits, result.registerDigits);
  return result;
}

TileLayout TileLayout::replicated(unsigned rank, uint64_t threads) {
  TileLayout result;
  result.extents.assign(rank, 1);
  Digit copies{threads, -1, 0};
  result.threadDigits = merged(copies);
  return result;
}

uint64_t TileLayout::threads() const {
  uint64_t count = 1;
  for (const Digit &digit : threadDigits)
    count *= digit.size;
  return count;
}

uint64_t TileLayout::registers() const {
  uint64_t count = 1;
  for (const Digit &digit : registerDigits)
    count *= digit.size;
  return count;
}

TileLayout::Shape TileLayout::index(uint64_t thread, uint64_t reg) const {
  Shape result(extents.size(), 0);
  auto add = [&](llvm::ArrayRef<Digit> digits, uint64_t number) {
    for (const Digit &digit : digits) {
      if (digit.dim >= 0)
        result[digit.dim] += number % digit.size * digit.stride;
      number /= digit.size;
    }
  };
  add(threadDigits, thread);
  add(registerDigits, reg);
  return result;
}

TileLayout::Digits TileLayout::product(llvm::ArrayRef<Digit> outer, llvm::ArrayRef<Digit> inner,
                                       llvm::ArrayRef<uint64_t> innerShape) {
  Digits digits(inner);
  for (Digit digit : outer) {
    if (digit.dim >= 0)
      digit.stride *= innerShape[digit.dim];
    digits.push_back(digit);
  }
  return merged(digits);
}

TileLayout TileLayout::operator*(const TileLayout &inner) const {
  assert(extents.size() == inner.extents.size() && "a product has one rank");
  TileLayout result;
  for (auto [a, b] : llvm::zip_equal(extents, inner.extents))
    result.extents.push_back(a * b);
  result.threadDigits = product(threadDigits, inner.threadDigits, inner.extents);
  result.registerDigits = product(registerDigits, inner.registerDigits, inner.extents);
  return result;
}

std::optional<TileLayout::Shape> TileLayout::quotient(llvm::ArrayRef<uint64_t> divisor) const {
  if (divisor.size() != extents.size())
    return std::nullopt;
  Shape result;
  for (auto [a, b] : llvm::zip_equal(extents, divisor)) {
    if (a % b)
      return std::nullopt;
    result.push_back(a / b);
  }
  return result;
}

std::optional<TileLayout::Digits> TileLayout::withoutInner(Digits digits,
                                                           llvm::ArrayRef<Digit> inner,
                                                           llvm::ArrayRef<uint64_t> innerShape) {
  Digit *next = digits.begin();
  for (const Digit &digit : inner) {
    if (next == digits.end() || next->dim != digit.dim || next->stride != digit.stride ||
        next->size % digit.size)
      return std::nullopt;
    next->size /= digit.size;
    next->stride *= digit.size;
    if (next->size == 1)
      ++next;
  }
  digits.erase(digits.begin(), next);
  for (Digit &digit : digits)
    if (digit.dim >= 0) {
      if (digit.stride % innerShape[digit.dim])
        return std::nullopt;
      digit.stride /= innerShape[digit.dim];
    }
  return digits;
}

std::optional<TileLayout::Digits> TileLayout::withoutOuter(Digits digits,
                                                           llvm::ArrayRef<Digit> outer) {
  for (const Digit &digit : llvm::reverse(outer)) {
    if (digits.empty() || digits.back().dim != digit.dim || digits.back().size % digit.size)
      return std::nullopt;
    digits.back().size /= digit.size;
    if (digits.back().size == 1)
      digits.pop_back();
  }
  return digits;
}

std::optional<TileLayout> TileLayout::divideRight(const TileLayout &inner) const {
  auto shape = quotient(inner.extents);
  if (!shape)
    return std::nullopt;
  auto threads = withoutInner(threadDigits, inner.threadDigits, inner.extents);
  auto registers = withoutInner(registerDigits, inner.registerDigits, inner.extents);
  if (!threads || !registers)
    return std::nullopt;
  TileLayout result;
  result.extents = *shape, result.threadDigits = *threads, result.registerDigits = *registers;
  assert(result * inner == *this);
  return result;
}

std::optional<TileLayout> TileLayout::divideLeft(const TileLayout &outer) const {
  auto shape = quotient(outer.extents);
  if (!shape)
    return std::nullopt;
  auto threads = withoutOuter(threadDigits, outer.threadDigits);
  auto registers = withoutOuter(registerDigits, outer.registerDigits);
  if (!threads || !registers)
    return std::nullopt;
  TileLayout result;
  result.extents = *shape, result.threadDigits = *threads, result.registerDigits = *registers;
  // The sizes agreed; whether the strides do, the product tells.
  return outer * result == *this ? std::optional(result) : std::nullopt;
}

TileLayout TileLayout::permuted(llvm::ArrayRef<unsigned> order) const {
  TileLayout result = *this;
  for (auto [to, from] : llvm::enumerate(order)) {
    result.extents[to] = extents[from];
    auto rename = [&, to = static_cast<int>(to)](Digits &renamed, const Digits &digits) {
      for (auto [digit, old] : llvm::zip_equal(renamed, digits))
        if (old.dim == static_cast<int>(from))
          digit.dim = to;
    };
    rename(result.threadDigits, threadDigits);
    rename(result.registerDigits, registerDigits);
  }
  return result;
}

std::optional<LinearLayout> TileLayout::linear(llvm::ArrayRef<llvm::StringRef> names,
                                               unsigned laneBits) const {
  assert(names.size() == extents.size() && "a name for each dimension");
  DimList outs;
  llvm::SmallVector<unsigned> starts(names.size());
  for (size_t i = names.size(), start = 0; i--; start += outs.back().bits) {
    if (!llvm::isPowerOf2_64(extents[i]))
      return std::nullopt;
    starts[i] = start;
    outs.push_back({names[i].str(), llvm::Log2_64(extents[i])});
  }
  auto columnsOf = [&](llvm::ArrayRef<Digit> digits) -> std::optional<VectorList> {
    VectorList columns;
    for (const Digit &digit : digits) {
      if (!llvm::isPowerOf2_64(digit.size))
        return std::nullopt;
      for (uint64_t step = 1; step < digit.size; step *= 2)
        columns.push_back(digit.dim < 0 ? 0 : digit.stride * step << starts[digit.dim]);
    }
    return columns;
  };
  auto registers = columnsOf(registerDigits), threads = columnsOf(threadDigits);
  if (!registers || !threads)
    return std::nullopt;
  unsigned lanes = std::min<unsigned>(laneBits, threads->size());
  DimList ins{{dimRegister.str(), static_cast<unsigned>(registers->size())},
              {dimLane.str(), lanes},
              {dimWarp.str(), static_cast<unsigned>(threads->size()) - lanes}};
  registers->append(*threads);
  return LinearLayout(ins, outs, *registers);
}

std::string TileLayout::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "(";
  llvm::interleaveComma(extents, os);
  os << "):";
  auto print = [&](llvm::StringRef what, llvm::ArrayRef<Digit> digits) {
    if (digits.empty())
      return;
    os << " " << what << " ";
    llvm::interleaveComma(digits, os, [&](const Digit &digit) {
      os << digit.size;
      if (digit.dim < 0)
        os << " copies";
      else
        os << " along " << digit.dim;
      if (digit.stride > 1)
        os << " by " << digit.stride;
    });
    os << ";";
  };
  print("threads", threadDigits);
  print("registers", registerDigits);
  return llvm::StringRef(text).rtrim(";:").str();
}

TileLayout mmaAccumulatorTile() {
  return TileLayout::local({2, 1}) * TileLayout::spatial({8, 4}) * TileLayout::local({1, 2});
}

TileLayout wgmmaAccumulatorTile(unsigned n) {
  assert(n % 8 == 0 && n >= 8 && n <= 256 && "wgmma has no such number of columns");
  return TileLayout::spatial({4, 1}) * TileLayout::local({1, n / 8}) * mmaAccumulatorTile();
}

} // namespace einfall::layout
