// RUN: einfall-opt %s --ein-count-passes -o %t | FileCheck %s

// Norms, softmax alone, moments.

// CHECK-LABEL: func @rms_norm_gemm
// CHECK: rank d: 2 passes: SS[b] -> N[b, d]
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

// CHECK-LABEL: func @layer_norm
// CHECK: rank d: 3 passes: S[b] -> Q[b] -> N[b, d]
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
// CHECK: rank d: 2 passes: {{S|Q}}[b] -> N[b, d]
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
// CHECK: rank d: 3 passes
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
// CHECK: rank v: 3 passes: GM[b] -> SD[b] -> A[b, v]
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
// CHECK: rank v: 2 passes: GM[b] -> SN[b, v]
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
// CHECK: rank v: 3 passes: GM[b] -> SD[b] -> Y[b, v]
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

// CHECK-LABEL: func @variance_from_moments
// CHECK: rank d: 1 pass
func.func @variance_from_moments(%X: !ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32> {
  %S = ein.einsum (%X[b, d]) -> [b] reduce [d: add] {ein.name = "S"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  %Q = ein.einsum (%X[b, d]) -> [b] reduce [d: add] {ein.name = "Q"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %r1 = arith.mulf %a, %a : f32
    ein.yield %r1 : f32
  }
  %VAR = ein.einsum (%Q[b], %S[b]) -> [b] {ein.name = "VAR"}
      : (!ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.mulf %b, %b : f32
    %r2 = arith.subf %a, %r1 : f32
    ein.yield %r2 : f32
  }
  return %VAR : !ein.tensor<[B], f32>
}
