// RUN: einfall-opt %s --compile-to=tile --target=sm_90a | FileCheck %s

// Where nothing is written along a row and a thread then keeps little of the longest one, a team is small: more rows are under way.
// CHECK-LABEL: func.func private @fold_0_p0(
// CHECK-SAME: tile.held = 128 : i64
// CHECK-SAME: tile.team = 4 : i64
func.func @halves(%x: !ein.tensor<[m, n], bf16>) -> !ein.tensor<[m], f32> attributes {ein.entry} {
  %y = ein.einsum (%x[m, n]) -> [m] reduce [n: max] : (!ein.tensor<[m, n], bf16>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: bf16):
    %b = arith.extf %a : bf16 to f32
    ein.yield %b : f32
  }
  %z = ein.einsum (%x[m, n], %y[m]) -> [m] reduce [n: add] : (!ein.tensor<[m, n], bf16>, !ein.tensor<[m], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: bf16, %c: f32):
    %b = arith.extf %a : bf16 to f32
    %d = arith.subf %b, %c : f32
    ein.yield %d : f32
  }
  return %z : !ein.tensor<[m], f32>
}

// CHECK-LABEL: func.func private @fold_0_p1(
// CHECK-SAME: tile.held = 256 : i64
// CHECK-SAME: tile.team = 4 : i64
func.func @words(%x: !ein.tensor<[m, n], f32>) -> !ein.tensor<[m], f32> attributes {ein.entry} {
  %y = ein.einsum (%x[m, n]) -> [m] reduce [n: max] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m], f32>
  %z = ein.einsum (%x[m, n], %y[m]) -> [m] reduce [n: add] : (!ein.tensor<[m, n], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: f32, %c: f32):
    %d = arith.subf %a, %c : f32
    ein.yield %d : f32
  }
  return %z : !ein.tensor<[m], f32>
}

// CHECK-LABEL: func.func private @reduce_0_p2(
// CHECK-SAME: tile.team = 8 : i64
func.func @pairs(%x: !ein.tensor<[m, n], f32>, %w: !ein.tensor<[m, n], f32>) -> !ein.tensor<[m], f32> attributes {ein.entry} {
  %y = ein.einsum (%x[m, n]) -> [m] reduce [n: max] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m], f32>
  %z = ein.einsum (%x[m, n], %w[m, n], %y[m]) -> [m] reduce [n: add] : (!ein.tensor<[m, n], f32>, !ein.tensor<[m, n], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %d = arith.subf %p, %c : f32
    ein.yield %d : f32
  }
  return %z : !ein.tensor<[m], f32>
}
