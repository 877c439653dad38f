//===- LayoutShapes.cpp - Products, quotients, views of layouts -----------===//
#include "lib/Layout/LinearLayout.h"
#include "llvm/ADT/STLExtras.h"
#include <cassert>

namespace einfall::layout {

/// Joins the dimensions of a product: those of both are as long as both together.
static DimList joined(Dims a, Dims b) {
  DimList dims(a);
  for (const Dim &dim : b) {
    Dim *known = llvm::find_if(dims, [&](const Dim &d) { return d.name == dim.name; });
    if (known == dims.end())
      dims.push_back(dim);
    else
      known->bits += dim.bits;
  }
  return dims;
}

LinearLayout LinearLayout::operator*(const LinearLayout &other) const {
  LinearLayout result;
  result.outDims = joined(outDims, other.outDims);
  for (const Dim &dim : joined(inDims, other.inDims)) {
    result.inDims.push_back(dim);
    for (uint64_t column : columns(dim.name))
      result.matrix.push_back(result.flattenOut(unflattenOut(column)));
    for (uint64_t column : other.columns(dim.name)) {
      Point point = other.unflattenOut(column);
      for (auto &[name, value] : point)
        value <<= outBits(name);
      result.matrix.push_back(result.flattenOut(point));
    }
  }
  assert(result.outBits() <= maxBits && result.inBits() <= maxBits && "words hold the bits");
  return result;
}

/// `dims` less the bits of `taken`; none if there are fewer. Dimensions stay, with
/// 0 bits, so that the product of both lists them in the same order.
static std::optional<DimList> reduced(Dims dims, Dims taken, bool dropEmpty) {
  DimList result(dims);
  for (const Dim &dim : taken) {
    Dim *found = llvm::find_if(result, [&](const Dim &d) { return d.name == dim.name; });
    if (found == result.end() || found->bits < dim.bits)
      return std::nullopt;
    found->bits -= dim.bits;
  }
  if (dropEmpty)
    llvm::erase_if(result, [&](const Dim &dim) {
      return !dim.bits && llvm::any_of(taken, [&](const Dim &d) { return d.name == dim.name; });
    });
  return result;
}

std::optional<LinearLayout> LinearLayout::divideLeft(const LinearLayout &divisor) const {
  // The divisor lists its dimensions first, so those that it uses up may go.
  auto ins = reduced(inDims, divisor.inDims, true), outs = reduced(outDims, divisor.outDims, true);
  if (!ins || !outs)
    return std::nullopt;
  LinearLayout result;
  result.inDims = *ins, result.outDims = *outs;
  for (const Dim &dim : *ins)
    for (uint64_t column : columns(dim.name).drop_front(divisor.inBits(dim.name))) {
      Point point, own = unflattenOut(column);
      for (auto [name, value] : own)
        if (result.hasOut(name))
          point.push_back({name, value >> divisor.outBits(name)});
      result.matrix.push_back(result.flattenOut(point));
    }
  if (divisor * result == *this)
    return result;
  return std::nullopt;
}

std::optional<LinearLayout> LinearLayout::divideRight(const LinearLayout &divisor) const {
  auto ins = reduced(inDims, divisor.inDims, false),
       outs = reduced(outDims, divisor.outDims, false);
  if (!ins || !outs)
    return std::nullopt;
  LinearLayout result;
  result.inDims = *ins, result.outDims = *outs;
  for (const Dim &dim : *ins)
    for (uint64_t column : columns(dim.name).take_front(dim.bits)) {
      Point point = unflattenOut(column);
      // What lies outside of the quotient makes the comparison below fail.
      for (auto &[name, value] : point)
        value &= lowMask(result.outBits(name));
      result.matrix.push_back(result.flattenOut(point));
    }
  if (result * divisor == *this)
    return result;
  return std::nullopt;
}

LinearLayout LinearLayout::reshapeIns(Dims dims) const {
  assert(totalBits(dims) == inBits() && "a view has as many places");
  return {dims, outDims, matrix};
}

LinearLayout LinearLayout::reshapeOuts(Dims dims) const {
  assert(totalBits(dims) == outBits() && "a view has as many elements");
  return {inDims, dims, matrix};
}

LinearLayout LinearLayout::transposeIns(Dims dims) const {
  assert(llvm::all_of(inDims,
                      [&](const Dim &own) {
                        return !own.bits || llvm::any_of(dims, [&](const Dim &dim) {
                          return dim.name == own.name && dim.bits >= own.bits;
                        });
                      }) &&
         "a dimension is missing or too short");
  VectorList result;
  for (const Dim &dim : dims) {
    Vectors own = columns(dim.name);
    result.append(own.begin(), own.end());
    result.append(dim.bits - own.size(), 0);
  }
  return {dims, outDims, result};
}

LinearLayout LinearLayout::transposeOuts(llvm::ArrayRef<llvm::StringRef> names) const {
  LinearLayout result;
  for (llvm::StringRef name : names)
    result.outDims.push_back({name.str(), outBits(name)});
  assert(result.outBits() == outBits() && "a dimension is missing");
  result.inDims = inDims;
  for (uint64_t column : matrix) {
    Point point = unflattenOut(column);
    llvm::erase_if(point, [&](auto &entry) { return !result.hasOut(entry.first); });
    result.matrix.push_back(result.flattenOut(point));
  }
  return result;
}

static DimList renamed(Dims dims, llvm::StringRef from, llvm::StringRef to) {
  DimList result(dims);
  for (Dim &dim : result)
    if (dim.name == from)
      dim.name = to.str();
  return result;
}

LinearLayout LinearLayout::renameIn(llvm::StringRef from, llvm::StringRef to) const {
  return {renamed(inDims, from, to), outDims, matrix};
}

LinearLayout LinearLayout::renameOut(llvm::StringRef from, llvm::StringRef to) const {
  return {inDims, renamed(outDims, from, to), matrix};
}

LinearLayout LinearLayout::sublayout(llvm::ArrayRef<llvm::StringRef> ins,
                                     llvm::ArrayRef<llvm::StringRef> outs) const {
  LinearLayout result;
  for (const Dim &dim : outDims)
    if (llvm::is_contained(outs, dim.name))
      result.outDims.push_back(dim);
  for (const Dim &dim : inDims) {
    if (!llvm::is_contained(ins, dim.name))
      continue;
    result.inDims.push_back(dim);
    for (uint64_t column : columns(dim.name)) {
      Point point = unflattenOut(column);
      llvm::erase_if(point, [&](auto &entry) { return !result.hasOut(entry.first); });
      result.matrix.push_back(result.flattenOut(point));
    }
  }
  return result;
}

LinearLayout LinearLayout::withoutZeroBases(llvm::StringRef in) const {
  LinearLayout result;
  result.outDims = outDims;
  for (const Dim &dim : inDims) {
    VectorList kept(columns(dim.name));
    if (dim.name == in)
      llvm::erase(kept, 0);
    result.inDims.push_back({dim.name, static_cast<unsigned>(kept.size())});
    result.matrix.append(kept);
  }
  return result;
}

} // namespace einfall::layout
