// Without matrix tiles panels are as wide as the rows of accumulators, and rows pass by each panel where it lies in memory. Each pass
// asks for a share of the next panel.
//
// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile="vector-bytes=64 vector-registers=32 panels" --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile="vector-bytes=32 vector-registers=16 panels" --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,NARROW
// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile="vector-bytes=64 vector-registers=32 dots=bf16 panels" --canonicalize --cse | FileCheck %s --check-prefixes=PAIRS

// CHECK-LABEL: func.func @weights
// WIDE-SAME: {ein.panels = array<i64: 0, 64, 1>, ein.weight = "w"}
// NARROW-SAME: {ein.panels = array<i64: 0, 16, 1>, ein.weight = "w"}
func.func @weights(%x: !ein.tensor<[m, 256], f32>, %w: !ein.tensor<[4096, 256], f32> {ein.weight = "w"}) -> !ein.tensor<[m, 4096], f32> {
  %y = ein.einsum (%x[m, k], %w[n, k]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[m, 256], f32>, !ein.tensor<[4096, 256], f32>) -> !ein.tensor<[m, 4096], f32> {
  ^bb0(%a: f32, %b: f32):
    %e = arith.mulf %a, %b : f32
    ein.yield %e : f32
  }
  return %y : !ein.tensor<[m, 4096], f32>
}

// Pairs along the sum are words.
// PAIRS-LABEL: func.func @pairs
// PAIRS-SAME: {ein.panels = array<i64: 1, 64, 2>, ein.weight = "p"}
func.func @pairs(%x: !ein.tensor<[m, 256], bf16>, %w: !ein.tensor<[256, 4096], bf16> {ein.weight = "p"}) -> !ein.tensor<[m, 4096], f32> {
  %y = ein.einsum (%x[m, k], %w[k, n]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[m, 256], bf16>, !ein.tensor<[256, 4096], bf16>) -> !ein.tensor<[m, 4096], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %e = arith.mulf %c, %d : f32
    ein.yield %e : f32
  }
  return %y : !ein.tensor<[m, 4096], f32>
}

// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK-NOT: tile.local
// WIDE: tile.load %arg1[{{.*}}] strides[%c1] ahead 1536 {tile.panel} : memref<?xf32> -> tensor<64xf32, "lanes">
// NARROW: tile.load %arg1[{{.*}}] strides[%c1] ahead 384 {tile.panel} : memref<?xf32> -> tensor<16xf32, "lanes">
// CHECK: tile.prefetch %arg1

// PAIRS-LABEL: func.func private @reduce_0_p1
// PAIRS: tile.load %arg1[{{.*}}] strides[%c1] ahead 1536 {tile.panel} : memref<?xbf16> -> tensor<64xi32, "lanes">
// PAIRS: tile.prefetch %arg1
// PAIRS: tile.dot
