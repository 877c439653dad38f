// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile --canonicalize | FileCheck %s

// Eight rows are six and then two: four divide eight, but not what six leave.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: ranks = {{.*}}k = array<i64: 64, 6, 4, 2, 1>
// CHECK: tile.store {{.*}} : tensor<6x64xf32, "lanes">
// CHECK-NOT: tensor<4x64xf32, "lanes">, memref
// CHECK: tile.store {{.*}} : tensor<2x64xf32, "lanes">
func.func @f(%x0: !ein.tensor<[8, n], f32>, %x1: !ein.tensor<[m, n], f32>) -> !ein.tensor<[n, 8], f32> {
  %v0 = ein.einsum (%x1[i, j], %x0[k, j]) -> [j, k] reduce [i: add]
      : (!ein.tensor<[m, n], f32>, !ein.tensor<[8, n], f32>) -> !ein.tensor<[n, 8], f32>
  return %v0 : !ein.tensor<[n, 8], f32>
}
