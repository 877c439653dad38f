//===- Shape.h - How a tile lies in the registers of a thread ---*- C++ -*-===//
#ifndef EINFALL_CODEGEN_NVPTX_SHAPE_H
#define EINFALL_CODEGEN_NVPTX_SHAPE_H

#include "dialects/tile/TileDialect.h"

namespace einfall::nvptx {

constexpr int64_t kWarp = 32;

/// A tile of fragments is, for each place of its other dimensions, a table of
/// registers: of each 16 rows of the warp's part a thread has two, of each 8 columns
/// two (`#tile.fragment` says which). Other tiles have one register a place, or with
/// lanes as many as it takes for `threads` to hold them.
struct Shape {
  llvm::SmallVector<int64_t> lead;       // dimensions but the lanes, or the fragment's
  int64_t lanes = 0;                     // 0: none
  tile::FragmentAttr fragment;           // null: none
  tile::FactorAttr factor;               // null: none; of 16 bits, a register holds two elements
  int64_t warpRows = 0, warpColumns = 0; // of a warp's part of a fragment; 0: it has none
  int64_t factorRegisters = 0;
  int64_t threads; // over which lanes go
  mlir::Type unit; // type of one register

  explicit Shape(mlir::Type type, int64_t threads = kWarp);
  /// Registers along the rows and the columns of a fragment.
  int64_t rowRegisters() const { return warpRows ? warpRows / 8 : 1; }
  int64_t columnRegisters() const { return warpColumns ? warpColumns / 4 : 1; }
  /// How far a fragment's registers, numbered along its rows or columns, lie behind the thread's
  /// first one.
  static int64_t rowFar(int64_t number);
  static int64_t columnFar(int64_t number);
  /// Registers that each place of the other dimensions takes.
  int64_t perPlace() const {
    if (fragment)
      return rowRegisters() * columnRegisters();
    if (factor)
      return factorRegisters;
    return lanes ? (lanes + threads - 1) / threads : 1;
  }
  int64_t places() const;
  int64_t count() const { return places() * perPlace(); }
  /// Where place `number` stands along the other dimensions.
  llvm::SmallVector<int64_t> place(int64_t number) const;
};

} // namespace einfall::nvptx

#endif
