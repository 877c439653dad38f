// RUN: einfall-opt %s --ein-inline-maps | FileCheck %s

// A mask is a predicate on coordinates: it is never stored.
// CHECK-LABEL: func.func @mask
// CHECK-NOT: -> !ein.tensor<[s, t], i1>
// CHECK: ein.index "i"
// CHECK: ein.index "j"
// CHECK: arith.select
func.func @mask(%x: !ein.tensor<[s, t], f32>) -> !ein.tensor<[s, t], f32> {
  %m = ein.einsum () -> [i, j] : () -> !ein.tensor<[s, t], i1> {
    %i = ein.index "i"
    %j = ein.index "j"
    %r = arith.cmpi sle, %j, %i : index
    ein.yield %r : i1
  }
  %y = ein.einsum (%x[i, j], %m[i, j]) -> [i, j] : (!ein.tensor<[s, t], f32>, !ein.tensor<[s, t], i1>) -> !ein.tensor<[s, t], f32> {
  ^bb0(%v: f32, %p: i1):
    %low = arith.constant 0xFF800000 : f32
    %r = arith.select %p, %v, %low : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[s, t], f32>
}

// exp would be computed again for every column: it stays a value.
// CHECK-LABEL: func.func @reuse
// CHECK: math.exp
// CHECK: ein.yield
// CHECK: reduce [k: add]
func.func @reuse(%x: !ein.tensor<[m, q], f32>, %w: !ein.tensor<[q, n], f32>) -> !ein.tensor<[m, n], f32> {
  %e = ein.einsum (%x[i, k]) -> [i, k] : (!ein.tensor<[m, q], f32>) -> !ein.tensor<[m, q], f32> {
  ^bb0(%v: f32):
    %r = math.exp %v : f32
    ein.yield %r : f32
  }
  %y = ein.einsum (%e[i, k], %w[k, j]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, q], f32>, !ein.tensor<[q, n], f32>) -> !ein.tensor<[m, n], f32>
  return %y : !ein.tensor<[m, n], f32>
}

// A sum reads each exp once: it is computed on the way.
// CHECK-LABEL: func.func @once
// CHECK: ein.einsum (%{{.*}}[i, k]) -> [i] reduce [k: add]
// CHECK: math.exp
// CHECK-NOT: ein.einsum
// CHECK: return
func.func @once(%x: !ein.tensor<[m, q], f32>) -> !ein.tensor<[m], f32> {
  %e = ein.einsum (%x[i, k]) -> [i, k] : (!ein.tensor<[m, q], f32>) -> !ein.tensor<[m, q], f32> {
  ^bb0(%v: f32):
    %r = math.exp %v : f32
    ein.yield %r : f32
  }
  %y = ein.einsum (%e[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, q], f32>) -> !ein.tensor<[m], f32>
  return %y : !ein.tensor<[m], f32>
}
