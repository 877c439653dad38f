//===- Fragments.h - Layouts that instructions demand -----------*- C++ -*-===//
//
// Tiles of NVIDIA's matrix instructions, as the PTX ISA defines them. Dimensions
// are called m, n and k as there; the one listed first is contiguous in memory
// where instructions expect it so. Registers count elements.
//
// All of them follow one rule: 32 bits of a lane lie along the contracted rank (of
// an accumulator: along n, two elements), four lanes continue there, eight lanes
// go along the other rank, and further registers repeat that block.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_LAYOUT_FRAGMENTS_H
#define EINFALL_LIB_LAYOUT_FRAGMENTS_H

#include "lib/Layout/LinearLayout.h"

namespace einfall::layout {

/// mma.sync m16n8k(256/bits), operand A, (k, m): m16n8k16 for f16 and bf16, m16n8k8 for
/// tf32, m16n8k32 for int8 and fp8.
LinearLayout mmaA(unsigned elementBits);
/// The same instructions, operand B, (k, n).
LinearLayout mmaB(unsigned elementBits);
/// The same instructions, accumulators C and D of 32 bits, (n, m).
LinearLayout mmaAccumulator();

/// Factors of f32, which threads multiply by fused products in the accumulators above: per row
/// or column of its own sums a thread holds 2^log2deep coordinates along k; what other threads
/// of a row or column hold is the same. (k, m) and (k, n), of 8 rows or columns.
LinearLayout fusedA(unsigned log2deep);
LinearLayout fusedB(unsigned log2deep);

/// wgmma m64nNk(256/bits) with A in registers, over the four warps of a group, (k, m).
LinearLayout wgmmaA(unsigned elementBits);
/// Accumulators of wgmma m64nN with N = 2^log2n >= 8, (n, m). Other N are
/// in TileLayout.h.
LinearLayout wgmmaAccumulator(unsigned log2n);

/// What ldmatrix gives to, and stmatrix takes from, registers: 1, 2 or 4 matrices
/// of eight rows of 16 bytes. (column, row, matrix), with elements of 8, 16 or 32 bits;
/// `transposed`, 16 bits only, exchanges rows and columns of each matrix on the way.
LinearLayout matrixRegisters(unsigned elementBits, unsigned log2count, bool transposed);
/// Which lane holds the address of which row: lane -> (row, matrix). Lanes beyond
/// the last row are ignored.
LinearLayout matrixAddresses(unsigned log2count);

} // namespace einfall::layout

#endif
