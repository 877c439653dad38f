// RUN: einfall-compile %s --target=sm_80 -S -o - | FileCheck %s
// RUN: einfall-compile %s --target=sm_90a -S -o - | FileCheck %s
// RUN: einfall-opt %s --compile-to=tile --target=sm_90a | FileCheck %s --check-prefix=TILE

// Of 128 by 128 sums a thread has 8 by 8, in the same layout that matrix instructions have. A step of the depth is one load
// of 16 bytes for each row; the right factor, which lies the other way, comes by pairs of columns. What a step multiplies was
// read a step before.
// CHECK-NOT: .local
// CHECK: cp.async.cg.shared.global
// CHECK: cp.async.wait_group 2
// CHECK: bar
// CHECK-COUNT-8: ld.shared.v4.b32
// CHECK-COUNT-16: ld.shared.v2.b32
// CHECK: ld.shared.v4.b32
// CHECK: fma.rn.f32
// CHECK-NOT: mma.sync
// CHECK-NOT: ldmatrix

// TILE: tile.copy aligned {{.*}} rows
// TILE: tile.copy %{{.*}} rows
// TILE: tile.load_factor %{{.*}} strides [20, 1] : memref<10240xf32> -> tensor<128x4xf32, #tile.factor<row_warps = 2, column_warps = 4, left = true>>
// TILE: tile.load_factor %{{.*}} strides [1, 132] : memref<8448xf32> -> tensor<128x4xf32, #tile.factor<row_warps = 2, column_warps = 4, left = false>>
// TILE: scf.for
// TILE: tile.load_factor
// TILE: tile.copy aligned {{[^ ]*}} stride {{[^ ]*}} to
// TILE: tile.mma {{.*}} tensor<128x128xf32, #tile.fragment<row_warps = 2, column_warps = 4>>

func.func @f(%x: !ein.tensor<[512, 1024], f32>, %w: !ein.tensor<[1024, 384], f32>) -> !ein.tensor<[512, 384], f32> attributes {ein.entry} {
  %y = ein.einsum (%x[m, k], %w[k, n]) -> [m, n] reduce [k: add] : (!ein.tensor<[512, 1024], f32>, !ein.tensor<[1024, 384], f32>) -> !ein.tensor<[512, 384], f32> {
  ^bb0(%a: f32, %b: f32):
    %p = arith.mulf %a, %b : f32
    ein.yield %p : f32
  }
  return %y : !ein.tensor<[512, 384], f32>
}
