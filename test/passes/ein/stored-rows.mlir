// From so many rows on, a map that a contraction reads is stored: here from 32.
//
// RUN: einfall-opt %s --ein-form-kernels=stored-rows=32 --ein-stage-kernels --ein-join-kernels=stored-rows=32 | FileCheck %s
// RUN: einfall-opt %s --ein-form-kernels --ein-stage-kernels --ein-join-kernels | FileCheck %s --check-prefix=NEVER

// CHECK-LABEL: func.func @many
// CHECK: ein.kernel "map
// CHECK: ein.kernel
// CHECK: return
// NEVER-LABEL: func.func @many
// NEVER-COUNT-1: ein.kernel
// NEVER-NOT: ein.kernel
// NEVER: return
func.func @many(%x: !ein.tensor<[4, 8, 96], f32>, %g: !ein.tensor<[96], f32>, %w: !ein.tensor<[200, 96], f32>) -> !ein.tensor<[4, 8, 200], f32> {
  %a = ein.einsum (%x[b, s, e], %g[e]) -> [b, s, e] : (!ein.tensor<[4, 8, 96], f32>, !ein.tensor<[96], f32>) -> !ein.tensor<[4, 8, 96], f32>
  %y = ein.einsum (%a[b, s, e], %w[f, e]) -> [b, s, f] reduce [e: add]
      : (!ein.tensor<[4, 8, 96], f32>, !ein.tensor<[200, 96], f32>) -> !ein.tensor<[4, 8, 200], f32>
  return %y : !ein.tensor<[4, 8, 200], f32>
}

// CHECK-LABEL: func.func @few
// CHECK-COUNT-1: ein.kernel
// CHECK-NOT: ein.kernel
// CHECK: return
func.func @few(%x: !ein.tensor<[31, 96], f32>, %g: !ein.tensor<[96], f32>, %w: !ein.tensor<[200, 96], f32>) -> !ein.tensor<[31, 200], f32> {
  %a = ein.einsum (%x[s, e], %g[e]) -> [s, e] : (!ein.tensor<[31, 96], f32>, !ein.tensor<[96], f32>) -> !ein.tensor<[31, 96], f32>
  %y = ein.einsum (%a[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[31, 96], f32>, !ein.tensor<[200, 96], f32>) -> !ein.tensor<[31, 200], f32>
  return %y : !ein.tensor<[31, 200], f32>
}

// Of run-time rows nothing is known.
// CHECK-LABEL: func.func @unknown
// CHECK-COUNT-1: ein.kernel
// CHECK-NOT: ein.kernel
// CHECK: return
func.func @unknown(%x: !ein.tensor<[s, 96], f32>, %g: !ein.tensor<[96], f32>, %w: !ein.tensor<[200, 96], f32>) -> !ein.tensor<[s, 200], f32> {
  %a = ein.einsum (%x[s, e], %g[e]) -> [s, e] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[96], f32>) -> !ein.tensor<[s, 96], f32>
  %y = ein.einsum (%a[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 96], f32>, !ein.tensor<[200, 96], f32>) -> !ein.tensor<[s, 200], f32>
  return %y : !ein.tensor<[s, 200], f32>
}

// Two contractions of it run at once, and neither computes it.
// CHECK-LABEL: func.func @projections
// CHECK: ein.kernel "map
// CHECK: ein.kernel {{.*}} {parts = array<i64: 1, 1>}
// CHECK-NOT: -> [s, e] :
// CHECK: return
// NEVER-LABEL: func.func @projections
// NEVER-COUNT-1: ein.kernel
// NEVER-NOT: ein.kernel
// NEVER: return
func.func @projections(%x: !ein.tensor<[64, 96], f32>, %g: !ein.tensor<[96], f32>, %w: !ein.tensor<[200, 96], f32>,
                       %v: !ein.tensor<[300, 96], f32>) -> (!ein.tensor<[64, 200], f32>, !ein.tensor<[64, 300], f32>) {
  %a = ein.einsum (%x[s, e], %g[e]) -> [s, e] : (!ein.tensor<[64, 96], f32>, !ein.tensor<[96], f32>) -> !ein.tensor<[64, 96], f32>
  %y = ein.einsum (%a[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[64, 96], f32>, !ein.tensor<[200, 96], f32>) -> !ein.tensor<[64, 200], f32>
  %z = ein.einsum (%a[s, e], %v[g, e]) -> [s, g] reduce [e: add]
      : (!ein.tensor<[64, 96], f32>, !ein.tensor<[300, 96], f32>) -> !ein.tensor<[64, 300], f32>
  return %y, %z : !ein.tensor<[64, 200], f32>, !ein.tensor<[64, 300], f32>
}
