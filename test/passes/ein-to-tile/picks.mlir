// Coordinates that are divided by a number, or multiplied by a small one, run along lanes: each vector
// is a run of neighbours in another order.
//
// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile --split-input-file | FileCheck %s

// CHECK-LABEL: func.func private @map_0_p0
// CHECK: tile.load {{.*}} picks [0, 0, 1, 1, 2, 2, {{.*}}] : memref<?xf32> -> tensor<[[LANES:.*]]xf32, "lanes">
// CHECK: tile.load {{.*}} picks [0, 0, 2, 2, 4, 4, {{.*}}] : memref<?xf32> -> tensor<[[LANES]]xf32, "lanes">
// CHECK: tile.load {{.*}} picks [0, 0, 2, 2, 4, 4, {{.*}}] : memref<?xf32> -> tensor<[[LANES]]xf32, "lanes">
// CHECK-NOT: tile.gather
func.func @pairs(%a: !ein.tensor<[n, 32], f32>, %x: !ein.tensor<[n, 64], f32>) -> !ein.tensor<[n, 64], f32> {
  %y = ein.einsum (%a[i, k floordiv 2], %x[i, 2 * (k floordiv 2)], %x[i, 2 * (k floordiv 2) + 1]) -> [i, k] {partial}
      : (!ein.tensor<[n, 32], f32>, !ein.tensor<[n, 64], f32>, !ein.tensor<[n, 64], f32>) -> !ein.tensor<[n, 64], f32>
  return %y : !ein.tensor<[n, 64], f32>
}

// -----
// Of a size that is no multiple, the first of some lanes is none either.
// CHECK-LABEL: func.func private @map_0_p0
// CHECK-NOT: picks
func.func @odd(%a: !ein.tensor<[n, 32], f32>) -> !ein.tensor<[n, 63], f32> {
  %y = ein.einsum (%a[i, k floordiv 2]) -> [i, k] {partial} : (!ein.tensor<[n, 32], f32>) -> !ein.tensor<[n, 63], f32>
  return %y : !ein.tensor<[n, 63], f32>
}
