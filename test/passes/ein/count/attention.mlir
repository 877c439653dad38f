// RUN: einfall-opt %s --ein-count-passes -o %t | FileCheck %s

// Attention in the forms that papers give it.

// CHECK-LABEL: func @stable
// CHECK: rank m: 3 passes: GM[p] -> SD[p] -> A[p, m]
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
// CHECK: rank m: 2 passes: SD[p] -> A[p, m]
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

// CHECK-LABEL: func @deferred
// CHECK: rank m: 2 passes: GM[p] -> SN[p, m]
func.func @deferred(%Q: !ein.tensor<[P, E], f32>, %K: !ein.tensor<[M, E], f32>, %V: !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32> {
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
  %SNV = ein.einsum (%SN[p, m], %V[m, f]) -> [p, f] reduce [m: add] {ein.name = "SNV"}
      : (!ein.tensor<[P, M], f32>, !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32>
  %AV = ein.einsum (%SNV[p, f], %SD[p]) -> [p, f] {ein.name = "AV"}
      : (!ein.tensor<[P, F], f32>, !ein.tensor<[P], f32>) -> !ein.tensor<[P, F], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.divf %a, %b : f32
    ein.yield %r1 : f32
  }
  return %AV : !ein.tensor<[P, F], f32>
}

// CHECK-LABEL: func @sigmoid
// CHECK: rank e: 1 pass
// CHECK-NEXT: rank m: 1 pass
func.func @sigmoid(%Q: !ein.tensor<[P, E], f32>, %K: !ein.tensor<[M, E], f32>, %V: !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32> {
  %QK = ein.einsum (%Q[p, e], %K[m, e]) -> [p, m] reduce [e: add] {ein.name = "QK"}
      : (!ein.tensor<[P, E], f32>, !ein.tensor<[M, E], f32>) -> !ein.tensor<[P, M], f32>
  %A = ein.einsum (%QK[p, m]) -> [p, m] {ein.name = "A"}
      : (!ein.tensor<[P, M], f32>) -> !ein.tensor<[P, M], f32> {
  ^bb0(%a: f32):
    %c1 = arith.constant 1.000000e+00 : f32
    %c2 = arith.constant 1.000000e+00 : f32
    %r3 = arith.negf %a : f32
    %r4 = math.exp %r3 : f32
    %r5 = arith.addf %c2, %r4 : f32
    %r6 = arith.divf %c1, %r5 : f32
    ein.yield %r6 : f32
  }
  %AV = ein.einsum (%A[p, m], %V[m, f]) -> [p, f] reduce [m: add] {ein.name = "AV"}
      : (!ein.tensor<[P, M], f32>, !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32>
  return %AV : !ein.tensor<[P, F], f32>
}

// CHECK-LABEL: func @self
// One tensor read as p and as m is read over two ranks.
// CHECK: rank m: 3 passes: GM[p] -> SD[p] -> A[p, m]
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

// CHECK-LABEL: func @chained
// CHECK: rank m: 5 passes: M1[b] -> S1[b] -> M2[b] -> S2[b] -> P2[b, m]
func.func @chained(%X: !ein.tensor<[B, M], f32>, %V: !ein.tensor<[M, F], f32>) -> !ein.tensor<[B, F], f32> {
  %M1 = ein.einsum (%X[b, m]) -> [b] reduce [m: max] {ein.name = "M1"}
      : (!ein.tensor<[B, M], f32>) -> !ein.tensor<[B], f32>
  %S1 = ein.einsum (%X[b, m], %M1[b]) -> [b] reduce [m: add] {ein.name = "S1"}
      : (!ein.tensor<[B, M], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %P1 = ein.einsum (%X[b, m], %M1[b], %S1[b]) -> [b, m] {ein.name = "P1"}
      : (!ein.tensor<[B, M], f32>, !ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, M], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    %r3 = arith.divf %r2, %c : f32
    ein.yield %r3 : f32
  }
  %M2 = ein.einsum (%P1[b, m]) -> [b] reduce [m: max] {ein.name = "M2"}
      : (!ein.tensor<[B, M], f32>) -> !ein.tensor<[B], f32>
  %S2 = ein.einsum (%P1[b, m], %M2[b]) -> [b] reduce [m: add] {ein.name = "S2"}
      : (!ein.tensor<[B, M], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %P2 = ein.einsum (%P1[b, m], %M2[b], %S2[b]) -> [b, m] {ein.name = "P2"}
      : (!ein.tensor<[B, M], f32>, !ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, M], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    %r3 = arith.divf %r2, %c : f32
    ein.yield %r3 : f32
  }
  %Y = ein.einsum (%P2[b, m], %V[m, f]) -> [b, f] reduce [m: add] {ein.name = "Y"}
      : (!ein.tensor<[B, M], f32>, !ein.tensor<[M, F], f32>) -> !ein.tensor<[B, F], f32>
  return %Y : !ein.tensor<[B, F], f32>
}
