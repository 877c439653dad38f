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

// Behind a guard a light body is computed everywhere, and selected.
// CHECK-LABEL: func.func @guarded
// CHECK-NEXT: ein.einsum (%{{.*}}[i - 2, 0] else 0.000000e+00, %{{.*}}[i]) -> [i]
// CHECK-NEXT: ^bb0(%[[X:.*]]: f32, %[[Y:.*]]: f32):
// CHECK: %[[FILL:.*]] = arith.constant 3.0
// CHECK: %[[NEG:.*]] = arith.negf %[[X]]
// CHECK: %[[OUT:.*]] = arith.cmpi slt
// CHECK: %[[V:.*]] = arith.select %[[OUT]], %[[FILL]], %[[NEG]]
// CHECK: arith.mulf %[[V]], %[[Y]]
// CHECK-NEXT: ein.yield
// CHECK-NEXT: }
// CHECK-NEXT: return
func.func @guarded(%x: !ein.tensor<[n, 1], f32>, %y: !ein.tensor<[n + 2], f32>) -> !ein.tensor<[n + 2], f32> {
  %e = ein.einsum (%x[i, 0]) -> [i] : (!ein.tensor<[n, 1], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%v: f32):
    %r = arith.negf %v : f32
    ein.yield %r : f32
  }
  %z = ein.einsum (%e[i - 2] else 3.0, %y[i]) -> [i] : (!ein.tensor<[n], f32>, !ein.tensor<[n + 2], f32>) -> !ein.tensor<[n + 2], f32>
  return %z : !ein.tensor<[n + 2], f32>
}

// Not a heavy one, nor one that must not run on what lies outside.
// CHECK-LABEL: func.func @guarded_stays
// CHECK: math.exp
// CHECK: ein.yield
// CHECK: ein.einsum (%{{.*}}[i - 2] else 3.0
// CHECK: arith.divsi
// CHECK: ein.yield
// CHECK: ein.einsum (%{{.*}}[i - 2] else 3)
func.func @guarded_stays(%x: !ein.tensor<[n], f32>, %k: !ein.tensor<[n], i32>) -> (!ein.tensor<[n + 2], f32>, !ein.tensor<[n + 2], i32>) {
  %e = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%v: f32):
    %r = math.exp %v : f32
    ein.yield %r : f32
  }
  %z = ein.einsum (%e[i - 2] else 3.0) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n + 2], f32>
  %d = ein.einsum (%k[i]) -> [i] : (!ein.tensor<[n], i32>) -> !ein.tensor<[n], i32> {
  ^bb0(%v: i32):
    %c = arith.constant 100 : i32
    %r = arith.divsi %c, %v : i32
    ein.yield %r : i32
  }
  %w = ein.einsum (%d[i - 2] else 3) -> [i] : (!ein.tensor<[n], i32>) -> !ein.tensor<[n + 2], i32>
  return %z, %w : !ein.tensor<[n + 2], f32>, !ein.tensor<[n + 2], i32>
}

// Padding stays out of contractions, which would check it for every row.
// CHECK-LABEL: func.func @padded_once
// CHECK: %[[PAD:.*]] = ein.einsum (%{{.*}}[i, k - 1] else 0.0
// CHECK: ein.einsum (%[[PAD]][i, k], %{{.*}}[k, j]) -> [i, j] reduce [k: add]
func.func @padded_once(%x: !ein.tensor<[m, 6], bf16>, %w: !ein.tensor<[8, n], f32>) -> !ein.tensor<[m, n], f32> {
  %p = ein.einsum (%x[i, k - 1] else 0.0) -> [i, k] : (!ein.tensor<[m, 6], bf16>) -> !ein.tensor<[m, 8], f32> {
  ^bb0(%v: bf16):
    %r = arith.extf %v : bf16 to f32
    ein.yield %r : f32
  }
  %y = ein.einsum (%p[i, k], %w[k, j]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 8], f32>, !ein.tensor<[8, n], f32>) -> !ein.tensor<[m, n], f32>
  return %y : !ein.tensor<[m, n], f32>
}
