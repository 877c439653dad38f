// RUN: einfall-opt %s --ein-defer --ein-count-passes -o %t | FileCheck %s

// Counts once factors have left reductions.

// CHECK-LABEL: func @stable
// CHECK: rank m: 2 passes
func.func @stable(%Q: !ein.tensor<[P, E], f32>, %K: !ein.tensor<[M, E], f32>, %V: !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32> {
  %QK = ein.einsum (%Q[p, e], %K[m, e]) -> [p, m] reduce [e: add] {ein.name = "QK"}
      : (!ein.tensor<[P, E], f32>, !ein.tensor<[M, E], f32>) -> !ein.tensor<[P, M], f32>
  %GM = ein.einsum (%QK[p, m]) -> [p] reduce [m: max] {ein.name = "GM"}
      : (!ein.tensor<[P, M], f32>) -> !ein.tensor<[P], f32>
  %SN = ein.einsum (%QK[p, m], %GM[p]) -> [p, m] {ein.name = "SN"}
      : (!ein.tensor<[P, M], f32>, !ein.tensor<[P], f32>) -> !ein.tensor<[P, M], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[p, m]) -> [p] reduce [m: add] {ein.name = "SD"}
      : (!ein.tensor<[P, M], f32>) -> !ein.tensor<[P], f32>
  %A = ein.einsum (%SN[p, m], %SD[p]) -> [p, m] {ein.name = "A"}
      : (!ein.tensor<[P, M], f32>, !ein.tensor<[P], f32>) -> !ein.tensor<[P, M], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.divf %a, %b : f32
    ein.yield %r1 : f32
  }
  %AV = ein.einsum (%A[p, m], %V[m, f]) -> [p, f] reduce [m: add] {ein.name = "AV"}
      : (!ein.tensor<[P, M], f32>, !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32>
  return %AV : !ein.tensor<[P, F], f32>
}

// CHECK-LABEL: func @unstable
// CHECK: rank m: 1 pass
func.func @unstable(%Q: !ein.tensor<[P, E], f32>, %K: !ein.tensor<[M, E], f32>, %V: !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32> {
  %QK = ein.einsum (%Q[p, e], %K[m, e]) -> [p, m] reduce [e: add] {ein.name = "QK"}
      : (!ein.tensor<[P, E], f32>, !ein.tensor<[M, E], f32>) -> !ein.tensor<[P, M], f32>
  %SN = ein.einsum (%QK[p, m]) -> [p, m] {ein.name = "SN"}
      : (!ein.tensor<[P, M], f32>) -> !ein.tensor<[P, M], f32> {
  ^bb0(%a: f32):
    %r1 = math.exp %a : f32
    ein.yield %r1 : f32
  }
  %SD = ein.einsum (%SN[p, m]) -> [p] reduce [m: add] {ein.name = "SD"}
      : (!ein.tensor<[P, M], f32>) -> !ein.tensor<[P], f32>
  %A = ein.einsum (%SN[p, m], %SD[p]) -> [p, m] {ein.name = "A"}
      : (!ein.tensor<[P, M], f32>, !ein.tensor<[P], f32>) -> !ein.tensor<[P, M], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.divf %a, %b : f32
    ein.yield %r1 : f32
  }
  %AV = ein.einsum (%A[p, m], %V[m, f]) -> [p, f] reduce [m: add] {ein.name = "AV"}
      : (!ein.tensor<[P, M], f32>, !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32>
  return %AV : !ein.tensor<[P, F], f32>
}

// CHECK-LABEL: func @rms_norm_gemm
// CHECK: rank d: 1 pass
func.func @rms_norm_gemm(%X: !ein.tensor<[B, D], f32>, %W: !ein.tensor<[D, F], f32>, %G: !ein.tensor<[D], f32>) -> !ein.tensor<[B, F], f32> {
  %SS = ein.einsum (%X[b, d]) -> [b] reduce [d: add] {ein.name = "SS"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %r1 = arith.mulf %a, %a : f32
    ein.yield %r1 : f32
  }
  %R = ein.einsum (%SS[b]) -> [b] {ein.name = "R"}
      : (!ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %n1 = ein.extent D
    %w1 = arith.index_cast %n1 : index to i64
    %u1 = arith.sitofp %w1 : i64 to f32
    %r2 = arith.divf %a, %u1 : f32
    %c3 = arith.constant 1.000000e-05 : f32
    %r4 = arith.addf %r2, %c3 : f32
    %r5 = math.rsqrt %r4 : f32
    ein.yield %r5 : f32
  }
  %N = ein.einsum (%X[b, d], %R[b], %G[d]) -> [b, d] {ein.name = "N"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>, !ein.tensor<[D], f32>) -> !ein.tensor<[B, D], f32>
  %Y = ein.einsum (%N[b, d], %W[d, f]) -> [b, f] reduce [d: add] {ein.name = "Y"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[D, F], f32>) -> !ein.tensor<[B, F], f32>
  return %Y : !ein.tensor<[B, F], f32>
}

// CHECK-LABEL: func @product_then_sum
// CHECK: rank k: 1 pass
func.func @product_then_sum(%A: !ein.tensor<[K], f32>, %B: !ein.tensor<[K], f32>) -> !ein.tensor<[], f32> {
  %Y = ein.einsum (%A[k], %B[k]) -> [] reduce [k: add] {ein.name = "Y"}
      : (!ein.tensor<[K], f32>, !ein.tensor<[K], f32>) -> !ein.tensor<[], f32>
  %Z = ein.einsum (%Y[], %A[k]) -> [] reduce [k: add] {ein.name = "Z"}
      : (!ein.tensor<[], f32>, !ein.tensor<[K], f32>) -> !ein.tensor<[], f32>
  return %Z : !ein.tensor<[], f32>
}

// CHECK-LABEL: func @cosine_similarity
// CHECK: rank d: 1 pass
func.func @cosine_similarity(%X: !ein.tensor<[B, D], f32>, %Y: !ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32> {
  %XX = ein.einsum (%X[b, d], %X[b, d]) -> [b] reduce [d: add] {ein.name = "XX"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  %YY = ein.einsum (%Y[b, d], %Y[b, d]) -> [b] reduce [d: add] {ein.name = "YY"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  %XN = ein.einsum (%X[b, d], %XX[b]) -> [b, d] {ein.name = "XN"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, D], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = math.rsqrt %b : f32
    %r2 = arith.mulf %a, %r1 : f32
    ein.yield %r2 : f32
  }
  %YN = ein.einsum (%Y[b, d], %YY[b]) -> [b, d] {ein.name = "YN"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, D], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = math.rsqrt %b : f32
    %r2 = arith.mulf %a, %r1 : f32
    ein.yield %r2 : f32
  }
  %C = ein.einsum (%XN[b, d], %YN[b, d]) -> [b] reduce [d: add] {ein.name = "C"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  return %C : !ein.tensor<[B], f32>
}
