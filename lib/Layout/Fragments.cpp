//===- Fragments.cpp - Layouts that instructions demand -------------------===//
#include "lib/Layout/Fragments.h"
#include "llvm/Support/MathExtras.h"
#include <cassert>

namespace einfall::layout {

/// One 8x8 block (of 32-bit words: 8x4): a word's elements and four lanes along
/// `along`, eight lanes along `across`.
static LinearLayout core(unsigned log2inWord, llvm::StringRef along, llvm::StringRef across) {
  return LinearLayout::identity(log2inWord, dimRegister, along) *
         LinearLayout::identity(2, dimLane, along) * LinearLayout::identity(3, dimLane, across);
}

static unsigned log2inWord(unsigned elementBits) {
  assert((elementBits == 8 || elementBits == 16 || elementBits == 32) &&
         "no such operand of a matrix instruction");
  return llvm::Log2_32(32 / elementBits);
}

LinearLayout mmaA(unsigned elementBits) {
  return core(log2inWord(elementBits), "k", "m") * LinearLayout::identity(1, dimRegister, "m") *
         LinearLayout::identity(1, dimRegister, "k");
}

LinearLayout mmaB(unsigned elementBits) {
  return core(log2inWord(elementBits), "k", "n") * LinearLayout::identity(1, dimRegister, "k");
}

LinearLayout mmaAccumulator() {
  return core(1, "n", "m") * LinearLayout::identity(1, dimRegister, "m");
}

LinearLayout fusedA(unsigned log2deep) {
  return LinearLayout::identity(log2deep, dimRegister, "k") * LinearLayout::zeros(2, dimLane, "m") *
         LinearLayout::identity(3, dimLane, "m");
}

LinearLayout fusedB(unsigned log2deep) {
  return LinearLayout::identity(log2deep, dimRegister, "k") *
         LinearLayout::identity(1, dimRegister, "n") * LinearLayout::identity(2, dimLane, "n") *
         LinearLayout::zeros(3, dimLane, "n");
}

LinearLayout wgmmaA(unsigned elementBits) {
  return mmaA(elementBits) * LinearLayout::identity(2, dimWarp, "m");
}

LinearLayout wgmmaAccumulator(unsigned log2n) {
  assert(log2n >= 3 && log2n <= 8 && "wgmma has 8 to 256 columns");
  return mmaAccumulator() * LinearLayout::identity(log2n - 3, dimRegister, "n") *
         LinearLayout::identity(2, dimWarp, "m");
}

LinearLayout matrixRegisters(unsigned elementBits, unsigned log2count, bool transposed) {
  assert(log2count <= 2 && "one, two or four matrices");
  assert((!transposed || elementBits == 16) && "matrices of 16-bit elements are transposed");
  LinearLayout matrices = LinearLayout::identity(log2count, dimRegister, "matrix");
  if (!transposed)
    return core(log2inWord(elementBits), "column", "row") * matrices;
  return (core(1, "row", "column") * matrices).transposeOuts({"column", "row", "matrix"});
}

LinearLayout matrixAddresses(unsigned log2count) {
  assert(log2count <= 2 && "one, two or four matrices");
  return LinearLayout::identity(3, dimLane, "row") *
         LinearLayout::identity(log2count, dimLane, "matrix") *
         LinearLayout::zeros(2 - log2count, dimLane, "matrix");
}

} // namespace einfall::layout
