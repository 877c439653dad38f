// RUN: einfall-opt %s --ein-defer --split-input-file | FileCheck %s

// What ein-defer leaves alone: it says nothing of it, the op stays as it is.

// A sum of the factor and the element: no factor leaves it.
// CHECK-LABEL: func.func @addend_in_a_sum
// CHECK: ein.einsum (%{{.*}}[b, d], %{{.*}}[b]) -> [b] reduce [d: add]
// CHECK-NOT: ein.einsum
func.func @addend_in_a_sum(%X: !ein.tensor<[B, D], f32>, %R: !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  %Y = ein.einsum (%X[b, d], %R[b]) -> [b] reduce [d: add]
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %b : f32
    ein.yield %r : f32
  }
  return %Y : !ein.tensor<[B], f32>
}

// -----

// A factor of unknown sign turns a maximum into a minimum.
// CHECK-LABEL: func.func @factor_in_a_maximum
// CHECK: ein.einsum (%{{.*}}[b, d], %{{.*}}[b]) -> [b] reduce [d: max]
// CHECK-NOT: ein.einsum
func.func @factor_in_a_maximum(%X: !ein.tensor<[B, D], f32>, %R: !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  %Y = ein.einsum (%X[b, d], %R[b]) -> [b] reduce [d: max]
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32>
  return %Y : !ein.tensor<[B], f32>
}

// -----

// Integers wrap and have no rounding to save; a coordinate is no value that a factor scales.
// CHECK-LABEL: func.func @integers_and_coordinates
// CHECK: ein.einsum (%{{.*}}[b, d], %{{.*}}[b]) -> [b] reduce [d: add]
// CHECK: ein.einsum (%{{.*}}[b, d]) -> [b] reduce [d: argmax]
// CHECK-NOT: ein.einsum
func.func @integers_and_coordinates(%X: !ein.tensor<[B, D], i32>, %R: !ein.tensor<[B], i32>,
                                    %Z: !ein.tensor<[B, D], f32>) -> (!ein.tensor<[B], i32>, !ein.tensor<[B], i64>) {
  %Y = ein.einsum (%X[b, d], %R[b]) -> [b] reduce [d: add]
      : (!ein.tensor<[B, D], i32>, !ein.tensor<[B], i32>) -> !ein.tensor<[B], i32>
  %A = ein.einsum (%Z[b, d]) -> [b] reduce [d: argmax]
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], i64>
  return %Y, %A : !ein.tensor<[B], i32>, !ein.tensor<[B], i64>
}

// -----

// The reads may fall outside: a point that does not exist takes its factor with it.
// CHECK-LABEL: func.func @reads_outside
// CHECK: ein.einsum (%{{.*}}[b, d + 1], %{{.*}}[b]) -> [b] reduce [d in D: add]
// CHECK-NOT: ein.einsum
func.func @reads_outside(%X: !ein.tensor<[B, D], f32>, %R: !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  %Y = ein.einsum (%X[b, d + 1], %R[b]) -> [b] reduce [d in D: add]
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32>
  return %Y : !ein.tensor<[B], f32>
}

// -----

// Strict keeps the order of the sum and its rounding.
module attributes {ein.numerics = "strict"} {
  // CHECK-LABEL: func.func @strict
  // CHECK: ein.einsum (%{{.*}}[b, d], %{{.*}}[b]) -> [b] reduce [d: add]
  // CHECK-NOT: ein.einsum
  func.func @strict(%X: !ein.tensor<[B, D], f32>, %R: !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
    %Y = ein.einsum (%X[b, d], %R[b]) -> [b] reduce [d: add]
        : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32>
    return %Y : !ein.tensor<[B], f32>
  }
}
