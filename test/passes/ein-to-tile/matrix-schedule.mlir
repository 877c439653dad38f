// RUN: split-file %s %t
// RUN: einfall-opt %t/given.mlir --ein-to-tile="warps=8 warp-lanes=32 matrix-bytes=232448 packs=false" | FileCheck %s
// RUN: not einfall-opt %t/ranks.mlir --ein-to-tile="warps=8 warp-lanes=32 matrix-bytes=232448 packs=false" 2>&1 | FileCheck %s --check-prefix=RANKS
// RUN: not einfall-opt %t/warps.mlir --ein-to-tile="warps=8 warp-lanes=32 matrix-bytes=232448 packs=false" 2>&1 | FileCheck %s --check-prefix=WARPS
// RUN: not einfall-opt %t/slots.mlir --ein-to-tile="warps=8 warp-lanes=32 matrix-bytes=232448 packs=false" 2>&1 | FileCheck %s --check-prefix=SLOTS
// RUN: not einfall-opt %t/block.mlir --ein-to-tile="warps=8 warp-lanes=32 matrix-bytes=232448 packs=false" 2>&1 | FileCheck %s --check-prefix=BLOCK
// RUN: einfall-opt %t/fused.mlir --ein-to-tile="warps=8 warp-lanes=32 matrix-bytes=232448 packs=false" | FileCheck %s --check-prefix=FUSED
// RUN: not einfall-opt %t/fused-part.mlir --ein-to-tile="warps=8 warp-lanes=32 matrix-bytes=232448 packs=false" 2>&1 | FileCheck %s --check-prefix=PART
// RUN: not einfall-opt %t/fused-few.mlir --ein-to-tile="warps=8 warp-lanes=32 matrix-bytes=232448 packs=false" 2>&1 | FileCheck %s --check-prefix=FEW
// RUN: not einfall-opt %t/given.mlir --ein-to-tile 2>&1 | FileCheck %s --check-prefix=TARGET

// The numbers that the user gives are those of the program.
// CHECK: matrix = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 64, column_block = 128, row_warps = 4, column_warps = 2, part = 32, slots = 3, from = 17>
// CHECK: arith.cmpi sge, %{{.*}}, %c17
// CHECK: tile.copy {{.*}} shape [64, 32]
// CHECK: tile.mma {{.*}} tensor<64x128xf32, #tile.fragment<row_warps = 4, column_warps = 2>>

// RANKS: error: 'ein.einsum' op cannot follow its schedule: matrix expects rows m, columns n and depth k
// WARPS: error: 'ein.einsum' op cannot follow its schedule: matrix expects 8 warps
// SLOTS: error: 'ein.einsum' op cannot follow its schedule: matrix expects 2 to 8 slots of blocks and parts that fit into 232448 bytes
// BLOCK: error: 'ein.einsum' op cannot follow its schedule: matrix expects a row_block and a column_block, this of multiples of 32, of 16 for each warp, and a part of multiples of 32
// TARGET: error: 'ein.einsum' op cannot follow its schedule: it is no product of matrices, or the target has no instructions for it

// Of f32, parts and blocks may be smaller. There may be several forms, each for fewer rows.
// FUSED: arith.cmpi sge, %{{.*}}, %c129
// FUSED: tile.load_factor %{{.*}} strides [12, 1]
// FUSED: tile.mma {{.*}} tensor<128x64xf32, #tile.fragment<row_warps = 4, column_warps = 2>>
// FUSED: arith.cmpi sge, %{{.*}}, %c17
// FUSED: tile.copy aligned {{.*}} shape [64, 32]
// FUSED: tile.mma {{.*}} tensor<64x64xf32, #tile.fragment<row_warps = 4, column_warps = 2>>
// FUSED: tile.load_factor %{{.*}} strides [76, 1] : memref<{{.*}}> -> tensor<16x4xf32, #tile.factor<row_warps = 2, column_warps = 4, left = true>>
// FUSED: tile.mma {{.*}} tensor<16x32xf32, #tile.fragment<row_warps = 2, column_warps = 4>>

// PART: error: 'ein.einsum' op cannot follow its schedule: matrix expects a row_block and a column_block, this of multiples of 32, of 8 for each warp, and a part of multiples of 8
// FEW: error: 'ein.einsum' op cannot follow its schedule: few expects a from, or a row_block, of the rows below 17

//--- given.mlir
func.func @f(%x: !ein.tensor<[m, k], bf16>, %w: !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  %0 = ein.kernel "k"(%x, %w) {tile.schedule = #tile.schedule<ranks = {m = array<i64: 64, 4, 1>, n = array<i64: 64, 4, 1>, k = array<i64: 32, 32>}, lanes = "k", matrix = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 64, column_block = 128, row_warps = 4, column_warps = 2, part = 32, slots = 3, from = 17>>} : (!ein.tensor<[m, k], bf16>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: !ein.tensor<[m, k], bf16>, %b: !ein.tensor<[n, k], bf16>):
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], bf16>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
    ^bb0(%c: bf16, %d: bf16):
      %e = arith.extf %c : bf16 to f32
      %f = arith.extf %d : bf16 to f32
      %g = arith.mulf %e, %f : f32
      ein.yield %g : f32
    }
    ein.yield %y : !ein.tensor<[m, n], f32>
  }
  return %0 : !ein.tensor<[m, n], f32>
}

//--- ranks.mlir
func.func @f(%x: !ein.tensor<[m, k], bf16>, %w: !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  %0 = ein.kernel "k"(%x, %w) {tile.schedule = #tile.schedule<ranks = {m = array<i64: 64, 4, 1>, n = array<i64: 64, 4, 1>, k = array<i64: 32, 32>}, lanes = "k", matrix = #tile.matrix<rows = "n", columns = "m", depth = "k", row_block = 64, column_block = 128, row_warps = 4, column_warps = 2, part = 32, slots = 3, from = 17>>} : (!ein.tensor<[m, k], bf16>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: !ein.tensor<[m, k], bf16>, %b: !ein.tensor<[n, k], bf16>):
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], bf16>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
    ^bb0(%c: bf16, %d: bf16):
      %e = arith.extf %c : bf16 to f32
      %f = arith.extf %d : bf16 to f32
      %g = arith.mulf %e, %f : f32
      ein.yield %g : f32
    }
    ein.yield %y : !ein.tensor<[m, n], f32>
  }
  return %0 : !ein.tensor<[m, n], f32>
}

//--- warps.mlir
func.func @f(%x: !ein.tensor<[m, k], bf16>, %w: !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  %0 = ein.kernel "k"(%x, %w) {tile.schedule = #tile.schedule<ranks = {m = array<i64: 64, 4, 1>, n = array<i64: 64, 4, 1>, k = array<i64: 32, 32>}, lanes = "k", matrix = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 64, column_block = 128, row_warps = 3, column_warps = 2, part = 32, slots = 3, from = 17>>} : (!ein.tensor<[m, k], bf16>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: !ein.tensor<[m, k], bf16>, %b: !ein.tensor<[n, k], bf16>):
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], bf16>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
    ^bb0(%c: bf16, %d: bf16):
      %e = arith.extf %c : bf16 to f32
      %f = arith.extf %d : bf16 to f32
      %g = arith.mulf %e, %f : f32
      ein.yield %g : f32
    }
    ein.yield %y : !ein.tensor<[m, n], f32>
  }
  return %0 : !ein.tensor<[m, n], f32>
}

//--- slots.mlir
func.func @f(%x: !ein.tensor<[m, k], bf16>, %w: !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  %0 = ein.kernel "k"(%x, %w) {tile.schedule = #tile.schedule<ranks = {m = array<i64: 64, 4, 1>, n = array<i64: 64, 4, 1>, k = array<i64: 32, 32>}, lanes = "k", matrix = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 64, column_block = 128, row_warps = 4, column_warps = 2, part = 32, slots = 1, from = 17>>} : (!ein.tensor<[m, k], bf16>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: !ein.tensor<[m, k], bf16>, %b: !ein.tensor<[n, k], bf16>):
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], bf16>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
    ^bb0(%c: bf16, %d: bf16):
      %e = arith.extf %c : bf16 to f32
      %f = arith.extf %d : bf16 to f32
      %g = arith.mulf %e, %f : f32
      ein.yield %g : f32
    }
    ein.yield %y : !ein.tensor<[m, n], f32>
  }
  return %0 : !ein.tensor<[m, n], f32>
}

//--- block.mlir
func.func @f(%x: !ein.tensor<[m, k], bf16>, %w: !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  %0 = ein.kernel "k"(%x, %w) {tile.schedule = #tile.schedule<ranks = {m = array<i64: 64, 4, 1>, n = array<i64: 64, 4, 1>, k = array<i64: 32, 32>}, lanes = "k", matrix = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 96, column_block = 128, row_warps = 4, column_warps = 2, part = 32, slots = 3, from = 17>>} : (!ein.tensor<[m, k], bf16>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: !ein.tensor<[m, k], bf16>, %b: !ein.tensor<[n, k], bf16>):
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], bf16>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {
    ^bb0(%c: bf16, %d: bf16):
      %e = arith.extf %c : bf16 to f32
      %f = arith.extf %d : bf16 to f32
      %g = arith.mulf %e, %f : f32
      ein.yield %g : f32
    }
    ein.yield %y : !ein.tensor<[m, n], f32>
  }
  return %0 : !ein.tensor<[m, n], f32>
}

//--- fused.mlir
func.func @f(%x: !ein.tensor<[m, k], f32>, %w: !ein.tensor<[n, k], f32>) -> !ein.tensor<[m, n], f32> {
  %0 = ein.kernel "k"(%x, %w) {tile.schedule = #tile.schedule<ranks = {m = array<i64: 64, 4, 1>, n = array<i64: 32, 4, 1>, k = array<i64: 32, 32>}, lanes = "k", matrix = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 128, column_block = 64, row_warps = 4, column_warps = 2, part = 8, slots = 5, from = 129, few = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 64, column_block = 64, row_warps = 4, column_warps = 2, part = 32, slots = 3, from = 17, few = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 16, column_block = 32, row_warps = 2, column_warps = 4, part = 72, slots = 4>>>>} : (!ein.tensor<[m, k], f32>, !ein.tensor<[n, k], f32>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: !ein.tensor<[m, k], f32>, %b: !ein.tensor<[n, k], f32>):
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], f32>, !ein.tensor<[n, k], f32>) -> !ein.tensor<[m, n], f32> {
    ^bb0(%c: f32, %d: f32):
      %g = arith.mulf %c, %d : f32
      ein.yield %g : f32
    }
    ein.yield %y : !ein.tensor<[m, n], f32>
  }
  return %0 : !ein.tensor<[m, n], f32>
}

//--- fused-part.mlir
func.func @f(%x: !ein.tensor<[m, k], f32>, %w: !ein.tensor<[n, k], f32>) -> !ein.tensor<[m, n], f32> {
  %0 = ein.kernel "k"(%x, %w) {tile.schedule = #tile.schedule<ranks = {m = array<i64: 64, 4, 1>, n = array<i64: 32, 4, 1>, k = array<i64: 32, 32>}, lanes = "k", matrix = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 128, column_block = 64, row_warps = 4, column_warps = 2, part = 20, slots = 5>>} : (!ein.tensor<[m, k], f32>, !ein.tensor<[n, k], f32>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: !ein.tensor<[m, k], f32>, %b: !ein.tensor<[n, k], f32>):
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], f32>, !ein.tensor<[n, k], f32>) -> !ein.tensor<[m, n], f32> {
    ^bb0(%c: f32, %d: f32):
      %g = arith.mulf %c, %d : f32
      ein.yield %g : f32
    }
    ein.yield %y : !ein.tensor<[m, n], f32>
  }
  return %0 : !ein.tensor<[m, n], f32>
}

//--- fused-few.mlir
func.func @f(%x: !ein.tensor<[m, k], f32>, %w: !ein.tensor<[n, k], f32>) -> !ein.tensor<[m, n], f32> {
  %0 = ein.kernel "k"(%x, %w) {tile.schedule = #tile.schedule<ranks = {m = array<i64: 64, 4, 1>, n = array<i64: 32, 4, 1>, k = array<i64: 32, 32>}, lanes = "k", matrix = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 128, column_block = 64, row_warps = 4, column_warps = 2, part = 8, slots = 5, from = 17, few = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 64, column_block = 64, row_warps = 4, column_warps = 2, part = 32, slots = 3, from = 17, few = #tile.matrix<rows = "m", columns = "n", depth = "k", row_block = 16, column_block = 32, row_warps = 2, column_warps = 4, part = 72, slots = 4>>>>} : (!ein.tensor<[m, k], f32>, !ein.tensor<[n, k], f32>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: !ein.tensor<[m, k], f32>, %b: !ein.tensor<[n, k], f32>):
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], f32>, !ein.tensor<[n, k], f32>) -> !ein.tensor<[m, n], f32> {
    ^bb0(%c: f32, %d: f32):
      %g = arith.mulf %c, %d : f32
      ein.yield %g : f32
    }
    ein.yield %y : !ein.tensor<[m, n], f32>
  }
  return %0 : !ein.tensor<[m, n], f32>
}
