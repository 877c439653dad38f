// RUN: einfall-opt %s --canonicalize --cse | FileCheck %s

// CHECK-LABEL: func.func @identity_view
// CHECK-NEXT: return %{{.*}} : !ein.tensor<[n, m], f32>
func.func @identity_view(%x: !ein.tensor<[n, m], f32>) -> !ein.tensor<[n, m], f32> {
  %y = ein.view %x[i, j] -> [i, j] : !ein.tensor<[n, m], f32> -> !ein.tensor<[n, m], f32>
  return %y : !ein.tensor<[n, m], f32>
}

// A view of the same type in another order is no identity.
// CHECK-LABEL: func.func @transposed_view
// CHECK: ein.view
func.func @transposed_view(%x: !ein.tensor<[n, n], f32>) -> !ein.tensor<[n, n], f32> {
  %y = ein.view %x[j, i] -> [i, j] : !ein.tensor<[n, n], f32> -> !ein.tensor<[n, n], f32>
  return %y : !ein.tensor<[n, n], f32>
}

// Constants of a body stay in it, folded ones too.
// CHECK-LABEL: func.func @constants_stay
// CHECK-NEXT: ein.einsum
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.constant 3.0
// CHECK: ein.scan
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.constant 3.0
func.func @constants_stay(%x: !ein.tensor<[n], f32>, %h: !ein.tensor<[], f32>) -> !ein.tensor<[n], f32> {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %one = arith.constant 1.0 : f32
    %two = arith.constant 2.0 : f32
    %three = arith.addf %one, %two : f32
    %b = arith.mulf %a, %three : f32
    ein.yield %b : f32
  }
  %z = ein.scan (%y[t], %h[]) over t -> [t] : (!ein.tensor<[n], f32>, !ein.tensor<[], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32, %h0: f32, %s: f32):
    %three = arith.constant 3.0 : f32
    %b = arith.mulf %s, %three : f32
    %c = arith.addf %b, %a : f32
    ein.yield %c : f32
  }
  return %z : !ein.tensor<[n], f32>
}

// Unused ops go.
// CHECK-LABEL: func.func @unused
// CHECK-NEXT: return
func.func @unused(%x: !ein.tensor<[n], f32>) {
  %y = ein.einsum (%x[i]) -> [] reduce [i: add] : (!ein.tensor<[n], f32>) -> !ein.tensor<[], f32>
  %v, %p = ein.sort %x dim 0 : !ein.tensor<[n], f32> -> !ein.tensor<[n], f32>, !ein.tensor<[n], i64>
  return
}

// A read that is inside needs no else; the others keep theirs.
// CHECK-LABEL: func.func @needless_else
// CHECK: ein.einsum (%{{.*}}[i], %{{.*}}[i - 1] else 2.000000e+00) -> [i]
// CHECK: ein.einsum (%{{.*}}[i]) -> [i]
func.func @needless_else(%x: !ein.tensor<[n], f32>, %y: !ein.tensor<[n], f32>) -> (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) {
  %a = ein.einsum (%x[i] else 1.0, %y[i - 1] else 2.0) -> [i] : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  %b = ein.einsum (%x[i] else 1.0) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return %a, %b : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
}
