// What tiles leave over of rows and columns is not loops of its own for each number of rows.
//
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v4 to=tile" | FileCheck %s

// Up to 31 rows: of the columns the last tile begins early enough; fewer than four are taken
// one by one.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: tile.reduce "add" %{{.*}} : tensor<7x4x16xf32, "lanes">
// CHECK: tile.reduce "add" %{{.*}} : tensor<2x4x16xf32, "lanes">
// CHECK: tile.reduce "add" %{{.*}} : tensor<4x16xf32, "lanes">
// CHECK: tile.reduce "add" %{{.*}} : tensor<16xf32, "lanes"> -> f32
// CHECK-NOT: tile.reduce
func.func @product(%x: !ein.tensor<[m, k], f32>, %w: !ein.tensor<[n, k], f32>) -> !ein.tensor<[m, n], f32> attributes {ein.entry} {
  %y = ein.einsum (%x[m, k], %w[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], f32>, !ein.tensor<[n, k], f32>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: f32, %b: f32):
    %p = arith.mulf %a, %b : f32
    ein.yield %p : f32
  }
  return %y : !ein.tensor<[m, n], f32>
}

// Scores of the block's own have room for whole panels of columns; one row that is left over
// is computed with the one before it.
// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK: %[[PANELS:.*]] = tile.local
// CHECK: tile.store %{{.*}} : tensor<6x64xf32, "lanes">
// CHECK: tile.store %{{.*}} : tensor<4x64xf32, "lanes">
// CHECK: arith.minsi
// CHECK: tile.store %{{.*}} : tensor<2x64xf32, "lanes">
// CHECK-NOT: limit {{.*}} : tensor<{{[246]}}x64xf32, "lanes">
// CHECK: tile.reduce
func.func @scores(%q: !ein.tensor<[s, 64], f32>, %k: !ein.tensor<[t, 64], f32>) -> !ein.tensor<[s], f32> attributes {ein.entry} {
  %w = ein.einsum (%q[s, d], %k[t, d]) -> [s, t] reduce [d: add] : (!ein.tensor<[s, 64], f32>, !ein.tensor<[t, 64], f32>) -> !ein.tensor<[s, t], f32> {
  ^bb0(%a: f32, %b: f32):
    %p = arith.mulf %a, %b : f32
    ein.yield %p : f32
  }
  %e = ein.einsum (%w[s, t]) -> [s, t] : (!ein.tensor<[s, t], f32>) -> !ein.tensor<[s, t], f32> {
  ^bb0(%x: f32):
    %y = math.exp %x : f32
    ein.yield %y : f32
  }
  %z = ein.einsum (%e[s, t]) -> [s] reduce [t: add] : (!ein.tensor<[s, t], f32>) -> !ein.tensor<[s], f32>
  return %z : !ein.tensor<[s], f32>
}
