// RUN: einfall-opt %s --ein-count-passes -o %t | FileCheck %s
// RUN: FileCheck %s --check-prefix=SAME < %t

// What ein-count-passes has nothing to say of, and what it takes for opaque.

// Nothing reduces a rank: there is no count.
// CHECK-LABEL: func @no_reduction
// CHECK-NOT: rank
// SAME-LABEL: func.func @no_reduction
func.func @no_reduction(%X: !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  %Y = ein.einsum (%X[b], %X[b]) -> [b]
      : (!ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32>
  return %Y : !ein.tensor<[B], f32>
}

// A declaration has no ops to count.
// CHECK-NOT: func @elsewhere
// SAME: func.func private @elsewhere
func.func private @elsewhere(!ein.tensor<[B], f32>) -> !ein.tensor<[B], f32>

// A call is opaque: no rank goes through it, so the ranks on its two sides are
// counted apart.
// CHECK-LABEL: func @opaque
// CHECK-NEXT: rank b: 2 passes: S[] -> M[b]
// CHECK-NEXT: rank b: 1 pass{{$}}
// CHECK-NOT: rank
// SAME-LABEL: func.func @opaque
// SAME: call @elsewhere
func.func @opaque(%X: !ein.tensor<[B], f32>) -> !ein.tensor<[], f32> {
  %S = ein.einsum (%X[b]) -> [] reduce [b: add] {ein.name = "S"}
      : (!ein.tensor<[B], f32>) -> !ein.tensor<[], f32>
  %M = ein.einsum (%X[b], %S[]) -> [b] {ein.name = "M"}
      : (!ein.tensor<[B], f32>, !ein.tensor<[], f32>) -> !ein.tensor<[B], f32>
  %C = func.call @elsewhere(%M) : (!ein.tensor<[B], f32>) -> !ein.tensor<[B], f32>
  %T = ein.einsum (%C[b]) -> [] reduce [b: add] {ein.name = "T"}
      : (!ein.tensor<[B], f32>) -> !ein.tensor<[], f32>
  return %T : !ein.tensor<[], f32>
}
