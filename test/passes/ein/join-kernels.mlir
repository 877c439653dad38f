// RUN: einfall-opt %s --ein-form-kernels --ein-stage-kernels --ein-join-kernels | FileCheck %s

// Two projections of scaled activations: one kernel of two parts, each of which scales what it reads.
// CHECK-LABEL: func.func @projections
// CHECK: %[[K:.*]]:2 = ein.kernel
// CHECK-SAME: {parts = array<i64: 1, 1>}
// CHECK: ein.einsum {{.*}} -> [s, e] :
// CHECK: -> [s, f] reduce [e: add]
// CHECK: ein.einsum {{.*}} -> [s, e] :
// CHECK: -> [s, g] reduce [e: add]
// CHECK-NOT: ein.kernel
// CHECK: return %[[K]]#0, %[[K]]#1
func.func @projections(%x: !ein.tensor<[s, 96], f32>, %scale: !ein.tensor<[96], f32>, %w: !ein.tensor<[200, 96], f32>,
                       %v: !ein.tensor<[300, 96], f32>) -> (!ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>) {
  %a = ein.einsum (%x[s, e], %scale[e]) -> [s, e] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[96], f32>) -> !ein.tensor<[s, 96], f32>
  %y = ein.einsum (%a[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 96], f32>, !ein.tensor<[200, 96], f32>) -> !ein.tensor<[s, 200], f32>
  %z = ein.einsum (%a[s, e], %v[g, e]) -> [s, g] reduce [e: add]
      : (!ein.tensor<[s, 96], f32>, !ein.tensor<[300, 96], f32>) -> !ein.tensor<[s, 300], f32>
  return %y, %z : !ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>
}

// A map that costs more than to store its result is not computed by every block of columns.
// CHECK-LABEL: func.func @costly
// CHECK: ein.kernel "map
// CHECK: math.exp
// CHECK: ein.kernel {{.*}} {parts = array<i64: 1, 1>}
// CHECK-NOT: math.exp
// CHECK: return
func.func @costly(%x: !ein.tensor<[s, 96], f32>, %w: !ein.tensor<[200, 96], f32>,
                  %v: !ein.tensor<[300, 96], f32>) -> (!ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>) {
  %a = ein.einsum (%x[s, e]) -> [s, e] : (!ein.tensor<[s, 96], f32>) -> !ein.tensor<[s, 96], f32> {
  ^bb0(%p: f32):
    %q = math.exp %p : f32
    ein.yield %q : f32
  }
  %y = ein.einsum (%a[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 96], f32>, !ein.tensor<[200, 96], f32>) -> !ein.tensor<[s, 200], f32>
  %z = ein.einsum (%a[s, e], %v[g, e]) -> [s, g] reduce [e: add]
      : (!ein.tensor<[s, 96], f32>, !ein.tensor<[300, 96], f32>) -> !ein.tensor<[s, 300], f32>
  return %y, %z : !ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>
}

// The second product needs the first one.
// CHECK-LABEL: func.func @dependent
// CHECK-NOT: parts
// CHECK: return
func.func @dependent(%x: !ein.tensor<[s, 96], f32>, %w: !ein.tensor<[96, 96], f32>) -> !ein.tensor<[s, s], f32> {
  %e = ein.einsum (%x[s, e]) -> [s, e] : (!ein.tensor<[s, 96], f32>) -> !ein.tensor<[s, 96], f32> {
  ^bb0(%p: f32):
    %q = math.exp %p : f32
    ein.yield %q : f32
  }
  %y = ein.einsum (%e[s, k], %w[f, k]) -> [s, f] reduce [k: add]
      : (!ein.tensor<[s, 96], f32>, !ein.tensor<[96, 96], f32>) -> !ein.tensor<[s, 96], f32>
  %m = ein.einsum (%y[s, f]) -> [s, f] : (!ein.tensor<[s, 96], f32>) -> !ein.tensor<[s, 96], f32> {
  ^bb0(%p: f32):
    %q = math.tanh %p : f32
    ein.yield %q : f32
  }
  %z = ein.einsum (%e[s, k], %m[r, k]) -> [s, r] reduce [k: add]
      : (!ein.tensor<[s, 96], f32>, !ein.tensor<[s, 96], f32>) -> !ein.tensor<[s, s], f32>
  return %z : !ein.tensor<[s, s], f32>
}
