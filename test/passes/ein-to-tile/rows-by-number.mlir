// Rows run beside one another where a row's coordinates follow from its number: each rank of the
// grid but the last one is cut into single coordinates, all that a block makes has all of them,
// and nobody asked for other parts.
//
// RUN: einfall-opt %s --split-input-file --ein-to-tile --canonicalize | FileCheck %s

// CHECK-LABEL: func.func private @rows_p0
// CHECK-SAME: {b = array<i64: 1>, r = array<i64: 1>}
// CHECK-SAME: tile.walks_blocks
func.func @rows(%x: !ein.tensor<[n, s, 1024], f32>) -> !ein.tensor<[n, s, 1024], f32> {
  %0 = ein.kernel "rows"(%x) : (!ein.tensor<[n, s, 1024], f32>) -> !ein.tensor<[n, s, 1024], f32> {
  ^bb0(%a: !ein.tensor<[n, s, 1024], f32>):
    %m = ein.einsum (%a[b, r, k]) -> [b, r] reduce [k: max] : (!ein.tensor<[n, s, 1024], f32>) -> !ein.tensor<[n, s], f32>
    %l = ein.einsum (%a[b, r, k], %m[b, r]) -> [b, r] reduce [k: add] : (!ein.tensor<[n, s, 1024], f32>, !ein.tensor<[n, s], f32>) -> !ein.tensor<[n, s], f32>
    %y = ein.einsum (%a[b, r, k], %l[b, r]) -> [b, r, k] : (!ein.tensor<[n, s, 1024], f32>, !ein.tensor<[n, s], f32>) -> !ein.tensor<[n, s, 1024], f32>
    ein.yield %y : !ein.tensor<[n, s, 1024], f32>
  }
  return %0 : !ein.tensor<[n, s, 1024], f32>
}

// -----

// CHECK-LABEL: func.func private @both_p0
// CHECK-SAME: {b = array<i64: 2>, r = array<i64: 3>}
// CHECK-NOT: tile.walks_blocks
// CHECK: return
func.func @both(%x: !ein.tensor<[n, s, 1024], f32>) -> !ein.tensor<[n, s, 1024], f32> {
  %0 = ein.kernel "both"(%x) {tile.schedule = #tile.schedule<ranks = {b = array<i64: 2>, r = array<i64: 3>}>} : (!ein.tensor<[n, s, 1024], f32>) -> !ein.tensor<[n, s, 1024], f32> {
  ^bb0(%a: !ein.tensor<[n, s, 1024], f32>):
    %m = ein.einsum (%a[b, r, k]) -> [b, r] reduce [k: max] : (!ein.tensor<[n, s, 1024], f32>) -> !ein.tensor<[n, s], f32>
    %l = ein.einsum (%a[b, r, k], %m[b, r]) -> [b, r] reduce [k: add] : (!ein.tensor<[n, s, 1024], f32>, !ein.tensor<[n, s], f32>) -> !ein.tensor<[n, s], f32>
    %y = ein.einsum (%a[b, r, k], %l[b, r]) -> [b, r, k] : (!ein.tensor<[n, s, 1024], f32>, !ein.tensor<[n, s], f32>) -> !ein.tensor<[n, s, 1024], f32>
    ein.yield %y : !ein.tensor<[n, s, 1024], f32>
  }
  return %0 : !ein.tensor<[n, s, 1024], f32>
}

// -----

// CHECK-LABEL: func.func private @last_p0
// CHECK-SAME: {b = array<i64: 1>, r = array<i64: 3>}
// CHECK-NOT: tile.walks_blocks
// CHECK: return
func.func @last(%x: !ein.tensor<[n, s, 1024], f32>) -> !ein.tensor<[n, s, 1024], f32> {
  %0 = ein.kernel "last"(%x) {tile.schedule = #tile.schedule<ranks = {r = array<i64: 3>}>} : (!ein.tensor<[n, s, 1024], f32>) -> !ein.tensor<[n, s, 1024], f32> {
  ^bb0(%a: !ein.tensor<[n, s, 1024], f32>):
    %m = ein.einsum (%a[b, r, k]) -> [b, r] reduce [k: max] : (!ein.tensor<[n, s, 1024], f32>) -> !ein.tensor<[n, s], f32>
    %l = ein.einsum (%a[b, r, k], %m[b, r]) -> [b, r] reduce [k: add] : (!ein.tensor<[n, s, 1024], f32>, !ein.tensor<[n, s], f32>) -> !ein.tensor<[n, s], f32>
    %y = ein.einsum (%a[b, r, k], %l[b, r]) -> [b, r, k] : (!ein.tensor<[n, s, 1024], f32>, !ein.tensor<[n, s], f32>) -> !ein.tensor<[n, s, 1024], f32>
    ein.yield %y : !ein.tensor<[n, s, 1024], f32>
  }
  return %0 : !ein.tensor<[n, s, 1024], f32>
}

// -----

// The columns of a product are no rows.
// CHECK-LABEL: func.func private @scaled_p0
// CHECK-SAME: {b = array<i64: 64>, f = array<i64: 64>}
// CHECK-NOT: tile.walks_blocks
// CHECK: return
func.func @scaled(%x: !ein.tensor<[s, 1024], f32>, %w: !ein.tensor<[f, 1024], f32>) -> !ein.tensor<[s, f], f32> {
  %0 = ein.kernel "scaled"(%x, %w) : (!ein.tensor<[s, 1024], f32>, !ein.tensor<[f, 1024], f32>) -> !ein.tensor<[s, f], f32> {
  ^bb0(%a: !ein.tensor<[s, 1024], f32>, %c: !ein.tensor<[f, 1024], f32>):
    %m = ein.einsum (%a[b, e]) -> [b] reduce [e: max] : (!ein.tensor<[s, 1024], f32>) -> !ein.tensor<[s], f32>
    %n = ein.einsum (%a[b, e], %m[b]) -> [b] reduce [e: add] : (!ein.tensor<[s, 1024], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s], f32>
    %h = ein.einsum (%a[b, e], %n[b]) -> [b, e] : (!ein.tensor<[s, 1024], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 1024], f32>
    %y = ein.einsum (%h[b, e], %c[f, e]) -> [b, f] reduce [e: add] : (!ein.tensor<[s, 1024], f32>, !ein.tensor<[f, 1024], f32>) -> !ein.tensor<[s, f], f32>
    ein.yield %y : !ein.tensor<[s, f], f32>
  }
  return %0 : !ein.tensor<[s, f], f32>
}
