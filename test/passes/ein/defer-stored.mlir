// A norm's scale stays with activations that are stored for the product after it: of many rows, read by many columns.
//
// RUN: einfall-opt %s --ein-defer=stored-rows=32 | FileCheck %s
// RUN: einfall-opt %s --ein-defer | FileCheck %s --check-prefix=NEVER
// RUN: einfall-opt %s --ein-defer=dots=bf16 | FileCheck %s --check-prefix=DOTS

// CHECK-LABEL: func.func @many
// CHECK: %[[A:.*]] = ein.einsum (%arg0[{{.*}}], %{{.*}}[{{.*}}]) -> [b, s, e] :
// CHECK: %[[Y:.*]] = ein.einsum (%[[A]][b, s, e], %arg1[f, e]) -> [b, s, f] reduce [e: add]
// CHECK-NEXT: return %[[Y]]
// NEVER-LABEL: func.func @many
// NEVER: reduce [e: add]
// NEVER: %[[Y:.*]] = ein.einsum {{.*}} reduce [e: add]
// NEVER-NEXT: %[[Z:.*]] = ein.einsum ({{.*}}%[[Y]][
// NEVER-NEXT: return %[[Z]]
func.func @many(%x: !ein.tensor<[b, s, 96], f32>, %w: !ein.tensor<[400, 96], f32>) -> !ein.tensor<[b, s, 400], f32> {
  %n = ein.einsum (%x[b, s, e]) -> [b, s] reduce [e: add] : (!ein.tensor<[b, s, 96], f32>) -> !ein.tensor<[b, s], f32> {
  ^bb0(%p: f32):
    %q = arith.mulf %p, %p : f32
    ein.yield %q : f32
  }
  %a = ein.einsum (%x[b, s, e], %n[b, s]) -> [b, s, e] : (!ein.tensor<[b, s, 96], f32>, !ein.tensor<[b, s], f32>) -> !ein.tensor<[b, s, 96], f32>
  %y = ein.einsum (%a[b, s, e], %w[f, e]) -> [b, s, f] reduce [e: add]
      : (!ein.tensor<[b, s, 96], f32>, !ein.tensor<[400, 96], f32>) -> !ein.tensor<[b, s, 400], f32>
  return %y : !ein.tensor<[b, s, 400], f32>
}

// One run-time extent may be few rows.
// CHECK-LABEL: func.func @unknown
// CHECK: %[[Y:.*]] = ein.einsum (%arg0[s, e], %arg1{{.*}} reduce [e: add]
// CHECK-NEXT: %[[Z:.*]] = ein.einsum ({{.*}}%[[Y]][
// CHECK-NEXT: return %[[Z]]
func.func @unknown(%x: !ein.tensor<[s, 96], f32>, %w: !ein.tensor<[400, 96], f32>) -> !ein.tensor<[s, 400], f32> {
  %n = ein.einsum (%x[s, e]) -> [s] reduce [e: add] : (!ein.tensor<[s, 96], f32>) -> !ein.tensor<[s], f32> {
  ^bb0(%p: f32):
    %q = arith.mulf %p, %p : f32
    ein.yield %q : f32
  }
  %a = ein.einsum (%x[s, e], %n[s]) -> [s, e] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 96], f32>
  %y = ein.einsum (%a[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 96], f32>, !ein.tensor<[400, 96], f32>) -> !ein.tensor<[s, 400], f32>
  return %y : !ein.tensor<[s, 400], f32>
}

// Scores are larger than what makes them and never stored: what they are divided by waits.
// CHECK-LABEL: func.func @expanded
// CHECK: reduce [t: add]
// CHECK: %[[Y:.*]] = ein.einsum {{.*}} -> [m, f] reduce [t: add]
// CHECK-NEXT: %[[Z:.*]] = ein.einsum ({{.*}}%[[Y]][
// CHECK-NEXT: return %[[Z]]
func.func @expanded(%q: !ein.tensor<[512, 64], f32>, %k: !ein.tensor<[512, 64], f32>, %v: !ein.tensor<[512, 400], f32>) -> !ein.tensor<[512, 400], f32> {
  %s = ein.einsum (%q[m, d], %k[t, d]) -> [m, t] reduce [d: add] : (!ein.tensor<[512, 64], f32>, !ein.tensor<[512, 64], f32>) -> !ein.tensor<[512, 512], f32>
  %l = ein.einsum (%s[m, t]) -> [m] reduce [t: add] : (!ein.tensor<[512, 512], f32>) -> !ein.tensor<[512], f32>
  %p = ein.einsum (%s[m, t], %l[m]) -> [m, t] : (!ein.tensor<[512, 512], f32>, !ein.tensor<[512], f32>) -> !ein.tensor<[512, 512], f32>
  %y = ein.einsum (%p[m, t], %v[t, f]) -> [m, f] reduce [t: add] : (!ein.tensor<[512, 512], f32>, !ein.tensor<[512, 400], f32>) -> !ein.tensor<[512, 400], f32>
  return %y : !ein.tensor<[512, 400], f32>
}

// Nor does it leave, of any rows, what a machine multiplies by dots as the program has it: without it the operand would
// be wider. What is wider anyway has no dots.
// DOTS-LABEL: func.func @dots
// DOTS: %[[A:.*]] = ein.einsum (%arg0[{{.*}}], %{{.*}}[{{.*}}]) -> [s, e] :
// DOTS: %[[Y:.*]] = ein.einsum (%[[A]][s, e], %arg1[f, e]) -> [s, f] reduce [e: add]
// DOTS-NEXT: return %[[Y]]
// CHECK-LABEL: func.func @dots
// CHECK: %[[Z:.*]] = ein.einsum ({{.*}}) -> [s, f] :
// CHECK: return %[[Z]]
// NEVER-LABEL: func.func @dots
func.func @dots(%x: !ein.tensor<[s, 96], bf16>, %w: !ein.tensor<[400, 96], bf16>) -> !ein.tensor<[s, 400], bf16> {
  %n = ein.einsum (%x[s, e]) -> [s] reduce [e: add] : (!ein.tensor<[s, 96], bf16>) -> !ein.tensor<[s], bf16>
  %a = ein.einsum (%x[s, e], %n[s]) -> [s, e] : (!ein.tensor<[s, 96], bf16>, !ein.tensor<[s], bf16>) -> !ein.tensor<[s, 96], bf16>
  %y = ein.einsum (%a[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 96], bf16>, !ein.tensor<[400, 96], bf16>) -> !ein.tensor<[s, 400], bf16>
  return %y : !ein.tensor<[s, 400], bf16>
}

// Of 64 columns dots save more than the operand costs; of fewer its factor leaves.
// DOTS-LABEL: func.func @projections
// DOTS: %[[A:.*]] = ein.einsum (%arg0[{{.*}}], %{{.*}}[{{.*}}]) -> [s, e] :
// DOTS: %[[Y:.*]] = ein.einsum (%[[A]][s, e], %arg1[f, e]) -> [s, f] reduce [e: add]
// DOTS: %[[T:.*]] = ein.einsum ({{.*}}%arg2[g, e]{{.*}}) -> [s, g] reduce [e: add]
// DOTS: %[[Z:.*]] = ein.einsum ({{.*}}%[[T]][s, g]{{.*}}) -> [s, g] :
// DOTS: return %[[Y]], %[[Z]]
func.func @projections(%x: !ein.tensor<[s, 96], bf16>, %w: !ein.tensor<[64, 96], bf16>, %u: !ein.tensor<[63, 96], bf16>)
    -> (!ein.tensor<[s, 64], bf16>, !ein.tensor<[s, 63], bf16>) {
  %n = ein.einsum (%x[s, e]) -> [s] reduce [e: add] : (!ein.tensor<[s, 96], bf16>) -> !ein.tensor<[s], bf16>
  %a = ein.einsum (%x[s, e], %n[s]) -> [s, e] : (!ein.tensor<[s, 96], bf16>, !ein.tensor<[s], bf16>) -> !ein.tensor<[s, 96], bf16>
  %y = ein.einsum (%a[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 96], bf16>, !ein.tensor<[64, 96], bf16>) -> !ein.tensor<[s, 64], bf16>
  %z = ein.einsum (%a[s, e], %u[g, e]) -> [s, g] reduce [e: add]
      : (!ein.tensor<[s, 96], bf16>, !ein.tensor<[63, 96], bf16>) -> !ein.tensor<[s, 63], bf16>
  return %y, %z : !ein.tensor<[s, 64], bf16>, !ein.tensor<[s, 63], bf16>
}

// Weights of attention are larger than what they are made of: they are not stored for it.
// DOTS-LABEL: func.func @short
// DOTS: %[[Z:.*]] = ein.einsum ({{.*}}) -> [s, f] :
// DOTS: return %[[Z]]
func.func @short(%q: !ein.tensor<[128, 64], bf16>, %k: !ein.tensor<[128, 64], bf16>, %v: !ein.tensor<[128, 64], bf16>)
    -> !ein.tensor<[128, 64], bf16> {
  %p = ein.einsum (%q[s, d], %k[t, d]) -> [s, t] reduce [d: add]
      : (!ein.tensor<[128, 64], bf16>, !ein.tensor<[128, 64], bf16>) -> !ein.tensor<[128, 128], bf16>
  %n = ein.einsum (%p[s, t]) -> [s] reduce [t: add] : (!ein.tensor<[128, 128], bf16>) -> !ein.tensor<[128], bf16>
  %a = ein.einsum (%p[s, t], %n[s]) -> [s, t] : (!ein.tensor<[128, 128], bf16>, !ein.tensor<[128], bf16>) -> !ein.tensor<[128, 128], bf16>
  %y = ein.einsum (%a[s, t], %v[t, f]) -> [s, f] reduce [t: add]
      : (!ein.tensor<[128, 128], bf16>, !ein.tensor<[128, 64], bf16>) -> !ein.tensor<[128, 64], bf16>
  return %y : !ein.tensor<[128, 64], bf16>
}

// DOTS-LABEL: func.func @mixed
// DOTS: %[[Z:.*]] = ein.einsum ({{.*}}) -> [s, f] :
// DOTS: return %[[Z]]
func.func @mixed(%x: !ein.tensor<[s, 96], f32>, %w: !ein.tensor<[400, 96], bf16>) -> !ein.tensor<[s, 400], f32> {
  %n = ein.einsum (%x[s, e]) -> [s] reduce [e: add] : (!ein.tensor<[s, 96], f32>) -> !ein.tensor<[s], f32>
  %a = ein.einsum (%x[s, e], %n[s]) -> [s, e] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 96], f32>
  %y = ein.einsum (%a[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 96], f32>, !ein.tensor<[400, 96], bf16>) -> !ein.tensor<[s, 400], f32> {
  ^bb0(%p: f32, %q: bf16):
    %r = arith.extf %q : bf16 to f32
    %t = arith.mulf %p, %r : f32
    ein.yield %t : f32
  }
  return %y : !ein.tensor<[s, 400], f32>
}
