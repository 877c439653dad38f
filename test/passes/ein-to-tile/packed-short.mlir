// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile --canonicalize --cse | FileCheck %s

// Rows of four vectors end before what packing would ask for along them: the rows of the next tile
// are asked for. Sums of so few products are over before the lines of results have come, which
// are asked for, too: six rows of four lines.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: tile.load {{.*}}ahead 1024
// CHECK: scf.for
// CHECK-COUNT-24: tile.prefetch %arg2[{{.*}}] : memref<?xf32>
// CHECK-NOT: tile.prefetch
// CHECK: math.fma {{.*}} : tensor<6x64xf32, "lanes">
func.func @short(%x: !ein.tensor<[8, 128, 64], f32>, %w: !ein.tensor<[8, 128, 64], f32>) -> !ein.tensor<[8, 128, 128], f32> {
  %y = ein.einsum (%x[b, m, k], %w[b, n, k]) -> [b, m, n] reduce [k: add]
      : (!ein.tensor<[8, 128, 64], f32>, !ein.tensor<[8, 128, 64], f32>) -> !ein.tensor<[8, 128, 128], f32> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.mulf %a, %b : f32
    ein.yield %c : f32
  }
  return %y : !ein.tensor<[8, 128, 128], f32>
}

// Longer ones: further along the rows, and no results.
// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK: tile.load {{.*}}ahead 64
// CHECK-NOT: tile.prefetch
// CHECK: return
func.func @long(%x: !ein.tensor<[8, 128, 512], f32>, %w: !ein.tensor<[8, 128, 512], f32>) -> !ein.tensor<[8, 128, 128], f32> {
  %y = ein.einsum (%x[b, m, k], %w[b, n, k]) -> [b, m, n] reduce [k: add]
      : (!ein.tensor<[8, 128, 512], f32>, !ein.tensor<[8, 128, 512], f32>) -> !ein.tensor<[8, 128, 128], f32> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.mulf %a, %b : f32
    ein.yield %c : f32
  }
  return %y : !ein.tensor<[8, 128, 128], f32>
}

// What does not stay in the last cache is stored past it: 33 of a megabyte.
// CHECK-LABEL: func.func private @reduce_0_p2
// CHECK-NOT: tile.prefetch
// CHECK: return
func.func @large(%x: !ein.tensor<[33, 512, 64], f32>, %w: !ein.tensor<[33, 512, 64], f32>) -> !ein.tensor<[33, 512, 512], f32> {
  %y = ein.einsum (%x[b, m, k], %w[b, n, k]) -> [b, m, n] reduce [k: add]
      : (!ein.tensor<[33, 512, 64], f32>, !ein.tensor<[33, 512, 64], f32>) -> !ein.tensor<[33, 512, 512], f32> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.mulf %a, %b : f32
    ein.yield %c : f32
  }
  return %y : !ein.tensor<[33, 512, 512], f32>
}
