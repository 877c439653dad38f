// What a machine's caches and rates change of schedules.
// RUN: einfall-opt %s --ein-form-kernels --ein-stage-kernels --ein-to-tile --canonicalize | FileCheck %s --check-prefixes=CHECK,TYPICAL
// RUN: einfall-opt %s --ein-form-kernels --ein-stage-kernels --ein-to-tile="gflops=60 memory-gb-s=60" --canonicalize | FileCheck %s --check-prefixes=CHECK,SLOW
// RUN: einfall-opt %s --ein-form-kernels --ein-stage-kernels --ein-to-tile="gflops=150" --canonicalize | FileCheck %s --check-prefixes=CHECK,MIDDLE
// RUN: einfall-opt %s --ein-form-kernels --ein-stage-kernels --ein-to-tile="first-cache-bytes=131072 local-bytes=131072 last-cache-bytes=1048576" --canonicalize | FileCheck %s --check-prefixes=CHECK,CACHES

// A block has so many rows that what it packs is a small part of its work: the more, the
// faster it multiplies and the slower memory is. Sums are walked in chunks that the
// first-level cache holds, and packed in chunks that fit the second.
// CHECK-LABEL: func.func private @reduce_0_p0
// TYPICAL-SAME: ranks = {i = array<i64: 512, 7, 6, 5, 4, 3, 2, 1>
// TYPICAL-SAME: k = array<i64: 1024, 16>
// SLOW-SAME: ranks = {i = array<i64: 192, 7, 6, 5, 4, 3, 2, 1>
// MIDDLE-SAME: ranks = {i = array<i64: 256, 7, 6, 5, 4, 3, 2, 1>
// CACHES-SAME: ranks = {i = array<i64: 512, 7, 6, 5, 4, 3, 2, 1>
// CACHES-SAME: k = array<i64: 4096, 16>
// CACHES-SAME: packed = #tile.schedule<{{.*}}k = array<i64: 512, 1>
func.func @product(%x: !ein.tensor<[m, 16384], f32>, %w: !ein.tensor<[4096, 16384], f32>) -> !ein.tensor<[m, 4096], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add] : (!ein.tensor<[m, 16384], f32>, !ein.tensor<[4096, 16384], f32>) -> !ein.tensor<[m, 4096], f32> {
  ^bb0(%a: f32, %b: f32):
    %p = arith.mulf %a, %b : f32
    ein.yield %p : f32
  }
  return %y : !ein.tensor<[m, 4096], f32>
}

// A result larger than the last cache is stored past it.
// CHECK-LABEL: func.func private @map_0_p1
// TYPICAL-NOT: past_caches
// CACHES: past_caches
func.func @large(%x: !ein.tensor<[4096, 512], f32>) -> !ein.tensor<[4096, 512], f32> {
  %y = ein.einsum (%x[i, j]) -> [i, j] : (!ein.tensor<[4096, 512], f32>) -> !ein.tensor<[4096, 512], f32> {
  ^bb0(%a: f32):
    %n = arith.negf %a : f32
    ein.yield %n : f32
  }
  return %y : !ein.tensor<[4096, 512], f32>
}
