// RUN: einfall-opt %s --ein-defer --ein-derive-folds --ein-count-passes -o %t | FileCheck %s

// Counts once reductions that feed one another are folds.

// CHECK-LABEL: func @stable
// CHECK: rank m: 1 pass
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

// CHECK-LABEL: func @self
// CHECK: rank m: 1 pass
func.func @self(%X: !ein.tensor<[S, D], f32>, %WQ: !ein.tensor<[D, E], f32>, %WK: !ein.tensor<[D, E], f32>, %WV: !ein.tensor<[D, F], f32>) -> !ein.tensor<[S, F], f32> {
  %Q = ein.einsum (%X[s, d], %WQ[d, e]) -> [s, e] reduce [d: add] {ein.name = "Q"}
      : (!ein.tensor<[S, D], f32>, !ein.tensor<[D, E], f32>) -> !ein.tensor<[S, E], f32>
  %K = ein.einsum (%X[s, d], %WK[d, e]) -> [s, e] reduce [d: add] {ein.name = "K"}
      : (!ein.tensor<[S, D], f32>, !ein.tensor<[D, E], f32>) -> !ein.tensor<[S, E], f32>
  %V = ein.einsum (%X[s, d], %WV[d, f]) -> [s, f] reduce [d: add] {ein.name = "V"}
      : (!ein.tensor<[S, D], f32>, !ein.tensor<[D, F], f32>) -> !ein.tensor<[S, F], f32>
  %QK = ein.einsum (%Q[p, e], %K[m, e]) -> [p, m] reduce [e: add] {ein.name = "QK"}
      : (!ein.tensor<[S, E], f32>, !ein.tensor<[S, E], f32>) -> !ein.tensor<[S, S], f32>
  %GM = ein.einsum (%QK[p, m]) -> [p] reduce [m: max] {ein.name = "GM"}
      : (!ein.tensor<[S, S], f32>) -> !ein.tensor<[S], f32>
  %SN = ein.einsum (%QK[p, m], %GM[p]) -> [p, m] {ein.name = "SN"}
      : (!ein.tensor<[S, S], f32>, !ein.tensor<[S], f32>) -> !ein.tensor<[S, S], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[p, m]) -> [p] reduce [m: add] {ein.name = "SD"}
      : (!ein.tensor<[S, S], f32>) -> !ein.tensor<[S], f32>
  %A = ein.einsum (%SN[p, m], %SD[p]) -> [p, m] {ein.name = "A"}
      : (!ein.tensor<[S, S], f32>, !ein.tensor<[S], f32>) -> !ein.tensor<[S, S], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.divf %a, %b : f32
    ein.yield %r1 : f32
  }
  %AV = ein.einsum (%A[p, m], %V[m, f]) -> [p, f] reduce [m: add] {ein.name = "AV"}
      : (!ein.tensor<[S, S], f32>, !ein.tensor<[S, F], f32>) -> !ein.tensor<[S, F], f32>
  return %AV : !ein.tensor<[S, F], f32>
}

// CHECK-LABEL: func @layer_norm
// CHECK: rank d: 2 passes
func.func @layer_norm(%X: !ein.tensor<[B, D], f32>) -> !ein.tensor<[B, D], f32> {
  %S = ein.einsum (%X[b, d]) -> [b] reduce [d: add] {ein.name = "S"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  %MU = ein.einsum (%S[b]) -> [b] {ein.name = "MU"}
      : (!ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %n1 = ein.extent D
    %w1 = arith.index_cast %n1 : index to i64
    %u1 = arith.sitofp %w1 : i64 to f32
    %r2 = arith.divf %a, %u1 : f32
    ein.yield %r2 : f32
  }
  %Q = ein.einsum (%X[b, d], %MU[b]) -> [b] reduce [d: add] {ein.name = "Q"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = arith.subf %a, %b : f32
    %r3 = arith.mulf %r1, %r2 : f32
    ein.yield %r3 : f32
  }
  %VAR = ein.einsum (%Q[b]) -> [b] {ein.name = "VAR"}
      : (!ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %n1 = ein.extent D
    %w1 = arith.index_cast %n1 : index to i64
    %u1 = arith.sitofp %w1 : i64 to f32
    %r2 = arith.divf %a, %u1 : f32
    ein.yield %r2 : f32
  }
  %N = ein.einsum (%X[b, d], %MU[b], %VAR[b]) -> [b, d] {ein.name = "N"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, D], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.subf %a, %b : f32
    %c2 = arith.constant 1.000000e-05 : f32
    %r3 = arith.addf %c, %c2 : f32
    %r4 = math.rsqrt %r3 : f32
    %r5 = arith.mulf %r1, %r4 : f32
    ein.yield %r5 : f32
  }
  return %N : !ein.tensor<[B, D], f32>
}

// CHECK-LABEL: func @layer_norm_from_moments
// CHECK: rank d: 2 passes
func.func @layer_norm_from_moments(%X: !ein.tensor<[B, D], f32>) -> !ein.tensor<[B, D], f32> {
  %S = ein.einsum (%X[b, d]) -> [b] reduce [d: add] {ein.name = "S"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  %MU = ein.einsum (%S[b]) -> [b] {ein.name = "MU"}
      : (!ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %n1 = ein.extent D
    %w1 = arith.index_cast %n1 : index to i64
    %u1 = arith.sitofp %w1 : i64 to f32
    %r2 = arith.divf %a, %u1 : f32
    ein.yield %r2 : f32
  }
  %Q = ein.einsum (%X[b, d]) -> [b] reduce [d: add] {ein.name = "Q"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %r1 = arith.mulf %a, %a : f32
    ein.yield %r1 : f32
  }
  %VAR = ein.einsum (%Q[b], %MU[b]) -> [b] {ein.name = "VAR"}
      : (!ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %n1 = ein.extent D
    %w1 = arith.index_cast %n1 : index to i64
    %u1 = arith.sitofp %w1 : i64 to f32
    %r2 = arith.divf %a, %u1 : f32
    %r3 = arith.mulf %b, %b : f32
    %r4 = arith.subf %r2, %r3 : f32
    ein.yield %r4 : f32
  }
  %N = ein.einsum (%X[b, d], %MU[b], %VAR[b]) -> [b, d] {ein.name = "N"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, D], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.subf %a, %b : f32
    %c2 = arith.constant 1.000000e-05 : f32
    %r3 = arith.addf %c, %c2 : f32
    %r4 = math.rsqrt %r3 : f32
    %r5 = arith.mulf %r1, %r4 : f32
    ein.yield %r5 : f32
  }
  return %N : !ein.tensor<[B, D], f32>
}

// CHECK-LABEL: func @layer_norm_gemm
// CHECK: rank d: 1 pass
func.func @layer_norm_gemm(%X: !ein.tensor<[B, D], f32>, %W: !ein.tensor<[D, F], f32>) -> !ein.tensor<[B, F], f32> {
  %S = ein.einsum (%X[b, d]) -> [b] reduce [d: add] {ein.name = "S"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  %MU = ein.einsum (%S[b]) -> [b] {ein.name = "MU"}
      : (!ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %n1 = ein.extent D
    %w1 = arith.index_cast %n1 : index to i64
    %u1 = arith.sitofp %w1 : i64 to f32
    %r2 = arith.divf %a, %u1 : f32
    ein.yield %r2 : f32
  }
  %Q = ein.einsum (%X[b, d], %MU[b]) -> [b] reduce [d: add] {ein.name = "Q"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = arith.subf %a, %b : f32
    %r3 = arith.mulf %r1, %r2 : f32
    ein.yield %r3 : f32
  }
  %VAR = ein.einsum (%Q[b]) -> [b] {ein.name = "VAR"}
      : (!ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %n1 = ein.extent D
    %w1 = arith.index_cast %n1 : index to i64
    %u1 = arith.sitofp %w1 : i64 to f32
    %r2 = arith.divf %a, %u1 : f32
    ein.yield %r2 : f32
  }
  %N = ein.einsum (%X[b, d], %MU[b], %VAR[b]) -> [b, d] {ein.name = "N"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, D], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.subf %a, %b : f32
    %c2 = arith.constant 1.000000e-05 : f32
    %r3 = arith.addf %c, %c2 : f32
    %r4 = math.rsqrt %r3 : f32
    %r5 = arith.mulf %r1, %r4 : f32
    ein.yield %r5 : f32
  }
  %Y = ein.einsum (%N[b, d], %W[d, f]) -> [b, f] reduce [d: add] {ein.name = "Y"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[D, F], f32>) -> !ein.tensor<[B, F], f32>
  return %Y : !ein.tensor<[B, F], f32>
}

// CHECK-LABEL: func @softmax
// CHECK: rank v: 2 passes
func.func @softmax(%X: !ein.tensor<[B, V], f32>) -> !ein.tensor<[B, V], f32> {
  %GM = ein.einsum (%X[b, v]) -> [b] reduce [v: max] {ein.name = "GM"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %SN = ein.einsum (%X[b, v], %GM[b]) -> [b, v] {ein.name = "SN"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[b, v]) -> [b] reduce [v: add] {ein.name = "SD"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %A = ein.einsum (%SN[b, v], %SD[b]) -> [b, v] {ein.name = "A"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.divf %a, %b : f32
    ein.yield %r1 : f32
  }
  return %A : !ein.tensor<[B, V], f32>
}

// CHECK-LABEL: func @logsumexp
// CHECK: rank v: 1 pass
func.func @logsumexp(%X: !ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32> {
  %GM = ein.einsum (%X[b, v]) -> [b] reduce [v: max] {ein.name = "GM"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %SN = ein.einsum (%X[b, v], %GM[b]) -> [b, v] {ein.name = "SN"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[b, v]) -> [b] reduce [v: add] {ein.name = "SD"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %L = ein.einsum (%SD[b], %GM[b]) -> [b] {ein.name = "L"}
      : (!ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = math.log %a : f32
    %r2 = arith.addf %r1, %b : f32
    ein.yield %r2 : f32
  }
  return %L : !ein.tensor<[B], f32>
}

// CHECK-LABEL: func @log_softmax
// CHECK: rank v: 2 passes
func.func @log_softmax(%X: !ein.tensor<[B, V], f32>) -> !ein.tensor<[B, V], f32> {
  %GM = ein.einsum (%X[b, v]) -> [b] reduce [v: max] {ein.name = "GM"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %SN = ein.einsum (%X[b, v], %GM[b]) -> [b, v] {ein.name = "SN"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[b, v]) -> [b] reduce [v: add] {ein.name = "SD"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %L = ein.einsum (%SD[b], %GM[b]) -> [b] {ein.name = "L"}
      : (!ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = math.log %a : f32
    %r2 = arith.addf %r1, %b : f32
    ein.yield %r2 : f32
  }
  %Y = ein.einsum (%X[b, v], %L[b]) -> [b, v] {ein.name = "Y"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    ein.yield %r1 : f32
  }
  return %Y : !ein.tensor<[B, V], f32>
}

// CHECK-LABEL: func @cross_entropy
// CHECK: rank v: 1 pass
func.func @cross_entropy(%H: !ein.tensor<[B, D], f32>, %W: !ein.tensor<[V, D], f32>, %y: !ein.tensor<[B], i64>) -> !ein.tensor<[B], f32> {
  %X = ein.einsum (%H[b, d], %W[v, d]) -> [b, v] reduce [d: add] {ein.name = "X"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[V, D], f32>) -> !ein.tensor<[B, V], f32>
  %GM = ein.einsum (%X[b, v]) -> [b] reduce [v: max] {ein.name = "GM"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %SN = ein.einsum (%X[b, v], %GM[b]) -> [b, v] {ein.name = "SN"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[b, v]) -> [b] reduce [v: add] {ein.name = "SD"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %T = ein.einsum (%X[b, v], %y[b]) -> [b] reduce [v: add] {ein.name = "T"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], i64>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: i64):
    %i1 = ein.index "v"
    %k2 = arith.index_cast %i1 : index to i64
    %r2 = arith.cmpi eq, %k2, %b : i64
    %c3 = arith.constant 0.000000e+00 : f32
    %r4 = arith.select %r2, %a, %c3 : f32
    ein.yield %r4 : f32
  }
  %NLL = ein.einsum (%SD[b], %GM[b], %T[b]) -> [b] {ein.name = "NLL"}
      : (!ein.tensor<[B], f32>, !ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = math.log %a : f32
    %r2 = arith.addf %r1, %b : f32
    %r3 = arith.subf %r2, %c : f32
    ein.yield %r3 : f32
  }
  return %NLL : !ein.tensor<[B], f32>
}
