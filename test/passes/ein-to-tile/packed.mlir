// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile="vector-bytes=32 vector-registers=16 gflops=100" --canonicalize | FileCheck %s

// Weights are widened once for a block, and turned: columns run along lanes.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK-SAME: packed_from = 8
// CHECK: %[[PANEL:.*]] = tile.local : memref<16384xf32>
// CHECK: %[[BITS:.*]] = tile.load {{.*}} -> tensor<8x8xbf16, "lanes">
// CHECK: %[[WIDE:.*]] = arith.extf %[[BITS]]
// CHECK: tile.store %[[WIDE]], %[[PANEL]]{{.*}} strides[%c1, %c16]
// CHECK-NOT: arith.extf
// CHECK: math.fma {{.*}} : tensor<6x16xf32, "lanes">
// CHECK: math.fma {{.*}} : tensor<4x16xf32, "lanes">
// CHECK: math.fma {{.*}} : tensor<2x16xf32, "lanes">
// A few rows: as they lie.
// CHECK: arith.extf {{.*}} : tensor<8xbf16, "lanes">
func.func @widened(%x: !ein.tensor<[m, 256], f32>, %w: !ein.tensor<[512, 256], bf16>) -> !ein.tensor<[m, 512], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 256], f32>, !ein.tensor<[512, 256], bf16>) -> !ein.tensor<[m, 512], f32> {
  ^bb0(%a: f32, %b: bf16):
    %c = arith.extf %b : bf16 to f32
    %d = arith.mulf %a, %c : f32
    ein.yield %d : f32
  }
  return %y : !ein.tensor<[m, 512], f32>
}

// Both factors: the other one stays row by row.
// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK: tile.local : memref<49152xf32>
// CHECK: tile.local : memref<16384xf32>
// CHECK: math.fma {{.*}} : tensor<6x16xf32, "lanes">
func.func @both(%x: !ein.tensor<[m, 256], f16>, %w: !ein.tensor<[512, 256], i8>) -> !ein.tensor<[m, 512], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 256], f16>, !ein.tensor<[512, 256], i8>) -> !ein.tensor<[m, 512], f32> {
  ^bb0(%a: f16, %b: i8):
    %c = arith.extf %a : f16 to f32
    %d = arith.sitofp %b : i8 to f32
    %e = arith.mulf %c, %d : f32
    ein.yield %e : f32
  }
  return %y : !ein.tensor<[m, 512], f32>
}

// Sums that are long are walked in chunks, and kept in between.
// CHECK-LABEL: func.func private @reduce_0_p2
// CHECK-SAME: packed = #tile.schedule<{{.*}}k = array<i64: 1024, 1>
// CHECK: %[[SUMS:.*]] = tile.local : memref<12288xf32>
// CHECK: tile.store {{.*}}, %[[SUMS]]
// CHECK: scf.for {{.*}} step %c1024 {
// CHECK: tile.local : memref<65536xf32>
// CHECK: tile.load %[[SUMS]]
// CHECK: math.fma {{.*}} : tensor<6x16xf32, "lanes">
// CHECK: tile.store {{.*}}, %[[SUMS]]
func.func @deep(%x: !ein.tensor<[m, 8192], f32>, %w: !ein.tensor<[512, 8192], f32>) -> !ein.tensor<[m, 512], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 8192], f32>, !ein.tensor<[512, 8192], f32>) -> !ein.tensor<[m, 512], f32>
  return %y : !ein.tensor<[m, 512], f32>
}

// CHECK-LABEL: func.func private @reduce_0_p3
// CHECK: scf.for {{.*}} step %c1024 {
func.func @unbounded(%x: !ein.tensor<[m, n], f32>, %w: !ein.tensor<[512, n], f32>) -> !ein.tensor<[m, 512], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, n], f32>, !ein.tensor<[512, n], f32>) -> !ein.tensor<[m, 512], f32>
  return %y : !ein.tensor<[m, 512], f32>
}

// Columns of many heads, as they lie: a block packs those of as many heads as it has columns for.
// CHECK-LABEL: func.func private @reduce_0_p{{.*}}h = array<i64: 4,
// CHECK-SAME: packed = #tile.schedule<
func.func @heads(%x: !ein.tensor<[m, 768], bf16>, %w: !ein.tensor<[768, 768], bf16>) -> !ein.tensor<[m, 48, 16], f32> {
  %y = ein.einsum (%x[i, k], %w[k, 16 * h + e]) -> [i, h, e] reduce [k: add]
      : (!ein.tensor<[m, 768], bf16>, !ein.tensor<[768, 768], bf16>) -> !ein.tensor<[m, 48, 16], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %f = arith.mulf %c, %d : f32
    ein.yield %f : f32
  }
  return %y : !ein.tensor<[m, 48, 16], f32>
}

// No heads at all.
// CHECK-LABEL: func.func private @reduce_0_p
func.func @no_heads(%x: !ein.tensor<[m, 768], bf16>, %w: !ein.tensor<[768, 768], bf16>) -> !ein.tensor<[m, 0, 16], f32> {
  %y = ein.einsum (%x[i, k], %w[k, 16 * h + e]) -> [i, h, e] reduce [k: add]
      : (!ein.tensor<[m, 768], bf16>, !ein.tensor<[768, 768], bf16>) -> !ein.tensor<[m, 0, 16], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %f = arith.mulf %c, %d : f32
    ein.yield %f : f32
  }
  return %y : !ein.tensor<[m, 0, 16], f32>
}
