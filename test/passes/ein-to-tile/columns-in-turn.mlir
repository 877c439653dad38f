// Columns are read one after the other, each from end to end. Of four rows and more what is read 8 KiB
// later is asked for, two sums of each row run beside one another; of more rows than five, or such
// as leave no room in the first-level cache, columns are read side by side.
//
// RUN: einfall-opt %s --split-input-file --ein-form-kernels --ein-to-tile --canonicalize | FileCheck %s

// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: tile.load %arg1[{{.*}}] strides[%c1] : memref<?xf32> -> tensor<16xf32, "lanes">
// CHECK: tile.load %arg1[{{.*}}] strides[%c1] : memref<?xf32> -> tensor<16xf32, "lanes">
// CHECK-NOT: ahead
// CHECK: return
func.func @two(%x: !ein.tensor<[2, 512], f32>, %w: !ein.tensor<[768, 512], f32>) -> !ein.tensor<[2, 768], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[2, 512], f32>, !ein.tensor<[768, 512], f32>) -> !ein.tensor<[2, 768], f32>
  return %y : !ein.tensor<[2, 768], f32>
}

// -----

// Four columns of 2 KiB on.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: scf.for {{.*}} step %c32 iter_args
// CHECK: tile.load %arg0[{{.*}}] strides[%c512, %c1] : memref<?xf32>
// CHECK: tile.load %arg1[{{.*}}] strides[%c1] ahead 2048 : memref<?xf32> -> tensor<16xf32, "lanes">
// CHECK: tile.load %arg1[{{.*}}] strides[%c1] ahead 2048 : memref<?xf32> -> tensor<16xf32, "lanes">
// CHECK: return
func.func @four(%x: !ein.tensor<[4, 512], f32>, %w: !ein.tensor<[768, 512], f32>) -> !ein.tensor<[4, 768], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[4, 512], f32>, !ein.tensor<[768, 512], f32>) -> !ein.tensor<[4, 768], f32>
  return %y : !ein.tensor<[4, 768], f32>
}

// -----

// Three columns of 3 KiB are the fewest that are 8 KiB.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: tile.load %arg1[{{.*}}] strides[%c1] ahead 2304 : memref<?xf32> -> tensor<16xf32, "lanes">
// CHECK: return
func.func @five(%x: !ein.tensor<[5, 768], f32>, %w: !ein.tensor<[768, 768], f32>) -> !ein.tensor<[5, 768], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[5, 768], f32>, !ein.tensor<[768, 768], f32>) -> !ein.tensor<[5, 768], f32>
  return %y : !ein.tensor<[5, 768], f32>
}

// -----

// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: math.fma {{.*}} : tensor<5x4x16xf32, "lanes">
// CHECK: return
func.func @long(%x: !ein.tensor<[5, 1536], f32>, %w: !ein.tensor<[768, 1536], f32>) -> !ein.tensor<[5, 768], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[5, 1536], f32>, !ein.tensor<[768, 1536], f32>) -> !ein.tensor<[5, 768], f32>
  return %y : !ein.tensor<[5, 768], f32>
}
