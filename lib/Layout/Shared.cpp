//===- Shared.cpp - Layouts of memory -------------------------------------===//
#include "lib/Layout/Shared.h"
#include "llvm/Support/MathExtras.h"
#include <cassert>

namespace einfall::layout {

LinearLayout contiguous(Dims shape) {
  unsigned bits = totalBits(shape);
  return {Dim{dimOffset.str(), bits}, shape, unitVectors(bits)};
}

LinearLayout xorSwizzle(unsigned total, unsigned bits, unsigned base, unsigned shift,
                        llvm::StringRef in, llvm::StringRef out) {
  assert(shift >= bits && "a swizzle reads bits that it does not change");
  VectorList columns = unitVectors(total);
  for (unsigned i = base + shift; i < std::min(total, base + shift + bits); ++i)
    columns[i] |= 1ull << (i - shift);
  return {Dim{in.str(), total}, Dim{out.str(), total}, columns};
}

LinearLayout tmaSwizzled(Dim column, Dim row, unsigned elementBits, unsigned spanBytes) {
  assert((elementBits == 8 || elementBits == 16 || elementBits == 32) && "no such element");
  assert((spanBytes == 16 || spanBytes == 32 || spanBytes == 64 || spanBytes == 128) &&
         "no such swizzle");
  unsigned log2bytes = llvm::Log2_32(elementBits / 8);
  unsigned span = llvm::Log2_32(spanBytes) - log2bytes;
  assert(column.bits >= span && "a row is shorter than the swizzle spans");
  // Bytes: bits from 4 on, where 16-byte pieces begin, get those from 7 on, which count
  // lines of 128 bytes.
  LinearLayout swizzle = xorSwizzle(column.bits + row.bits, llvm::Log2_32(spanBytes) - 4,
                                    4 - log2bytes, 3, dimOffset, dimOffset);
  // Rows of a span, rows below one another, then the next slab.
  LinearLayout slabs = LinearLayout::identity(span, dimOffset, column.name) *
                       LinearLayout::identity(row.bits, dimOffset, row.name) *
                       LinearLayout::identity(column.bits - span, dimOffset, column.name);
  return swizzle.then(slabs);
}

} // namespace einfall::layout
