// RUN: einfall-opt %s --ein-assume-sizes --ein-form-kernels --ein-to-tile --canonicalize | FileCheck %s

// One pass over the fiber: vectors are tested against the root of the heap, and only what beats it is offered. A call
// with fewer elements than k breaks an assumption.
// CHECK: func.func @topk({{.*}} {ein.assume = [#ein.extent<n - 50>]}
// CHECK: func.func @sort
// CHECK: ein.kernel "sort_0"{{.*}} -> (!ein.tensor<[b, n], bf16>, !ein.tensor<[b, n], i64>, !ein.tensor<[b, n * 2], i64>)
// CHECK: func.func private @topk_0_p0
// CHECK: scf.for {{.*}} iter_args(%[[ROOT:.*]] = %{{.*}}) -> (i32)
// CHECK: %[[X:.*]] = tile.load {{.*}} -> tensor<64xi32, "lanes">
// CHECK: arith.cmpi sgt, %{{.*}}, %{{.*}} : tensor<64xi32, "lanes">
// CHECK: %[[ANY:.*]] = tile.reduce "or"
// CHECK: scf.if %[[ANY]]
// CHECK: scf.while
func.func @topk(%x: !ein.tensor<[b, n], f32>) -> (!ein.tensor<[b, 50], f32>, !ein.tensor<[b, 50], i64>) {
  %v, %i = ein.topk %x dim 1 k 50 : !ein.tensor<[b, n], f32> -> !ein.tensor<[b, 50], f32>, !ein.tensor<[b, 50], i64>
  return %v, %i : !ein.tensor<[b, 50], f32>, !ein.tensor<[b, 50], i64>
}

// Coordinates move between two lists in a third result, byte by byte of the keys.
// CHECK: func.func private @sort_0_p1
// CHECK: tile.local : memref<256xi64>
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c2
func.func @sort(%x: !ein.tensor<[b, n], bf16>) -> (!ein.tensor<[b, n], bf16>, !ein.tensor<[b, n], i64>) {
  %v, %i = ein.sort %x dim 1 : !ein.tensor<[b, n], bf16> -> !ein.tensor<[b, n], bf16>, !ein.tensor<[b, n], i64>
  return %v, %i : !ein.tensor<[b, n], bf16>, !ein.tensor<[b, n], i64>
}
