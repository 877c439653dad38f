// Rows of a known number are cut into tiles of nearly the same size; of columns, vectors that the
// rest does not reach are left out.
//
// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile --canonicalize | FileCheck %s

// Eight rows are twice four, not six and two.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: ranks = {{.*}}k = array<i64: 64, 4>
// CHECK-NOT: tensor<{{[1-35-9]}}x64xf32, "lanes">, memref
// CHECK: tile.store {{.*}} : tensor<4x64xf32, "lanes">
// CHECK-NOT: tensor<{{[1-35-9]}}x64xf32, "lanes">, memref
func.func @f(%x0: !ein.tensor<[8, n], f32>, %x1: !ein.tensor<[m, n], f32>) -> !ein.tensor<[n, 8], f32> {
  %v0 = ein.einsum (%x1[i, j], %x0[k, j]) -> [j, k] reduce [i: add]
      : (!ein.tensor<[m, n], f32>, !ein.tensor<[8, n], f32>) -> !ein.tensor<[n, 8], f32>
  return %v0 : !ein.tensor<[n, 8], f32>
}

// 17 rows are few: they are not packed, though they are as many as packing pays for elsewhere, and go
// by six, six and five. 197 columns are three times 64, and five by one vector.
// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK-SAME: i = array<i64: 64, 6, 5, 4>
// CHECK-NOT: packed
// CHECK-NOT: tile.local
// CHECK: scf.for {{.*}} = %c0 to %c12 step %c6
// CHECK: scf.for {{.*}} step %c64
// CHECK: tile.store {{.*}} : tensor<6x64xf32, "lanes">
// CHECK: tile.store {{.*}} limit {{.*}} : tensor<6x16xf32, "lanes">
// CHECK: tile.store {{.*}} : tensor<5x64xf32, "lanes">
// CHECK: tile.store {{.*}} limit {{.*}} : tensor<5x16xf32, "lanes">
// CHECK-NOT: tile.store
func.func @few(%x: !ein.tensor<[17, 33], f32>, %w: !ein.tensor<[33, 197], f32>) -> !ein.tensor<[17, 197], f32> {
  %y = ein.einsum (%x[i, k], %w[k, j]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[17, 33], f32>, !ein.tensor<[33, 197], f32>) -> !ein.tensor<[17, 197], f32>
  return %y : !ein.tensor<[17, 197], f32>
}

// 200 rows are packed, and leave no tile of two.
// CHECK-LABEL: func.func private @reduce_0_p2
// CHECK-SAME: packed = #tile.schedule<ranks = {i = array<i64: 1, 6, 5, 4>
// CHECK: tile.store {{.*}} : tensor<6x64xf32, "lanes">
// CHECK: tile.store {{.*}} : tensor<5x64xf32, "lanes">
// CHECK-NOT: tile.store {{.*}} : tensor<{{[1-4]}}x64xf32, "lanes">
func.func @many(%x: !ein.tensor<[200, 64], f32>, %w: !ein.tensor<[128, 64], f32>) -> !ein.tensor<[200, 128], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[200, 64], f32>, !ein.tensor<[128, 64], f32>) -> !ein.tensor<[200, 128], f32>
  return %y : !ein.tensor<[200, 128], f32>
}
