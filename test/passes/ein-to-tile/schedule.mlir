// RUN: einfall-opt %s --ein-to-tile --canonicalize | FileCheck %s

// A kernel that carries a schedule follows it.
// CHECK-LABEL: func.func private @mine_p0
// CHECK-SAME: tile.schedule = #tile.schedule<ranks = {i = array<i64: 10, 5, 1>, j = array<i64: 32, 32>, k = array<i64: 1, 1>}, order = ["i", "j"], lanes = "j">
// CHECK: math.fma {{.*}} : tensor<5x32xf32, "lanes">
func.func @user(%x: !ein.tensor<[m, 512], f32>, %w: !ein.tensor<[512, 768], f32>) -> !ein.tensor<[m, 768], f32> {
  %0 = ein.kernel "mine"(%x, %w) {tile.schedule = #tile.schedule<ranks = {i = array<i64: 10, 5, 1>, j = array<i64: 32, 32>}, lanes = "j">}
      : (!ein.tensor<[m, 512], f32>, !ein.tensor<[512, 768], f32>) -> !ein.tensor<[m, 768], f32> {
  ^bb0(%a: !ein.tensor<[m, 512], f32>, %b: !ein.tensor<[512, 768], f32>):
    %y = ein.einsum (%a[i, k], %b[k, j]) -> [i, j] reduce [k: add]
        : (!ein.tensor<[m, 512], f32>, !ein.tensor<[512, 768], f32>) -> !ein.tensor<[m, 768], f32>
    ein.yield %y : !ein.tensor<[m, 768], f32>
  }
  return %0 : !ein.tensor<[m, 768], f32>
}
