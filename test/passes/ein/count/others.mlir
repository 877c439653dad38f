// RUN: einfall-opt %s --ein-count-passes -o %t | FileCheck %s

// Cascades that are no attention and no norm.

// CHECK-LABEL: func @product_then_sum
// CHECK: rank k: 2 passes: Y[] -> Z[]
func.func @product_then_sum(%A: !ein.tensor<[K], f32>, %B: !ein.tensor<[K], f32>) -> !ein.tensor<[], f32> {
  %Y = ein.einsum (%A[k], %B[k]) -> [] reduce [k: add] {ein.name = "Y"}
      : (!ein.tensor<[K], f32>, !ein.tensor<[K], f32>) -> !ein.tensor<[], f32>
  %Z = ein.einsum (%Y[], %A[k]) -> [] reduce [k: add] {ein.name = "Z"}
      : (!ein.tensor<[], f32>, !ein.tensor<[K], f32>) -> !ein.tensor<[], f32>
  return %Z : !ein.tensor<[], f32>
}

// CHECK-LABEL: func @k_means
// CHECK: rank d: 1 pass
// CHECK-NEXT: rank c: 1 pass
func.func @k_means(%X: !ein.tensor<[N, D], f32>, %M: !ein.tensor<[C, D], f32>) -> !ein.tensor<[N], i64> {
  %XM = ein.einsum (%X[n, d], %M[c, d]) -> [n, c] reduce [d: add] {ein.name = "XM"}
      : (!ein.tensor<[N, D], f32>, !ein.tensor<[C, D], f32>) -> !ein.tensor<[N, C], f32>
  %MM = ein.einsum (%M[c, d], %M[c, d]) -> [c] reduce [d: add] {ein.name = "MM"}
      : (!ein.tensor<[C, D], f32>, !ein.tensor<[C, D], f32>) -> !ein.tensor<[C], f32>
  %D = ein.einsum (%MM[c], %XM[n, c]) -> [n, c] {ein.name = "D"}
      : (!ein.tensor<[C], f32>, !ein.tensor<[N, C], f32>) -> !ein.tensor<[N, C], f32> {
  ^bb0(%a: f32, %b: f32):
    %c1 = arith.constant 2.000000e+00 : f32
    %r2 = arith.mulf %c1, %b : f32
    %r3 = arith.subf %a, %r2 : f32
    ein.yield %r3 : f32
  }
  %L = ein.einsum (%D[n, c]) -> [n] reduce [c: argmin] {ein.name = "L"}
      : (!ein.tensor<[N, C], f32>) -> !ein.tensor<[N], i64>
  return %L : !ein.tensor<[N], i64>
}

// CHECK-LABEL: func @cross_entropy
// CHECK: rank d: 1 pass
// CHECK-NEXT: rank v: 2 passes: GM[b] -> SN[b, v]
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

// CHECK-LABEL: func @argmax_then_gather
// CHECK: rank v: 1 pass
func.func @argmax_then_gather(%X: !ein.tensor<[B, V], f32>, %E: !ein.tensor<[V, D], f32>) -> !ein.tensor<[B, D], f32> {
  %I = ein.einsum (%X[b, v]) -> [b] reduce [v: argmax] {ein.name = "I"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], i64>
  %Y = ein.einsum (%I[b] as r, %E[r, d]) -> [b, d] {ein.name = "Y"}
      : (!ein.tensor<[B], i64>, !ein.tensor<[V, D], f32>) -> !ein.tensor<[B, D], f32> {
  ^bb0(%a: i64, %b: f32):
    ein.yield %b : f32
  }
  return %Y : !ein.tensor<[B, D], f32>
}

// CHECK-LABEL: func @norm_of_product
// CHECK: rank r: 1 pass
// CHECK-NEXT: rank i: 1 pass
func.func @norm_of_product(%W: !ein.tensor<[O, I], f32>, %A: !ein.tensor<[R, I], f32>, %B: !ein.tensor<[O, R], f32>) -> !ein.tensor<[O], f32> {
  %BA = ein.einsum (%B[o, r], %A[r, i]) -> [o, i] reduce [r: add] {ein.name = "BA"}
      : (!ein.tensor<[O, R], f32>, !ein.tensor<[R, I], f32>) -> !ein.tensor<[O, I], f32>
  %N = ein.einsum (%W[o, i], %BA[o, i]) -> [o] reduce [i: add] {ein.name = "N"}
      : (!ein.tensor<[O, I], f32>, !ein.tensor<[O, I], f32>) -> !ein.tensor<[O], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.addf %a, %b : f32
    %r2 = arith.addf %a, %b : f32
    %r3 = arith.mulf %r1, %r2 : f32
    ein.yield %r3 : f32
  }
  return %N : !ein.tensor<[O], f32>
}

// CHECK-LABEL: func @cosine_similarity
// CHECK: rank d: 2 passes: {{XX|YY}}[b] -> {{XN|YN}}[b, d]
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

// CHECK-LABEL: func @sinkhorn_step
// CHECK: rank j: 2 passes: KV[i] -> KU[j]
// CHECK-NEXT: rank i: 2 passes: KU[j] -> P[i, j]
func.func @sinkhorn_step(%K: !ein.tensor<[I, J], f32>, %V: !ein.tensor<[J], f32>) -> !ein.tensor<[I, J], f32> {
  %KV = ein.einsum (%K[i, j], %V[j]) -> [i] reduce [j: add] {ein.name = "KV"}
      : (!ein.tensor<[I, J], f32>, !ein.tensor<[J], f32>) -> !ein.tensor<[I], f32>
  %U = ein.einsum (%KV[i]) -> [i] {ein.name = "U"}
      : (!ein.tensor<[I], f32>) -> !ein.tensor<[I], f32> {
  ^bb0(%a: f32):
    %c1 = arith.constant 1.000000e+00 : f32
    %r2 = arith.divf %c1, %a : f32
    ein.yield %r2 : f32
  }
  %KU = ein.einsum (%K[i, j], %U[i]) -> [j] reduce [i: add] {ein.name = "KU"}
      : (!ein.tensor<[I, J], f32>, !ein.tensor<[I], f32>) -> !ein.tensor<[J], f32>
  %V2 = ein.einsum (%KU[j]) -> [j] {ein.name = "V2"}
      : (!ein.tensor<[J], f32>) -> !ein.tensor<[J], f32> {
  ^bb0(%a: f32):
    %c1 = arith.constant 1.000000e+00 : f32
    %r2 = arith.divf %c1, %a : f32
    ein.yield %r2 : f32
  }
  %P = ein.einsum (%U[i], %K[i, j], %V2[j]) -> [i, j] {ein.name = "P"}
      : (!ein.tensor<[I], f32>, !ein.tensor<[I, J], f32>, !ein.tensor<[J], f32>) -> !ein.tensor<[I, J], f32>
  return %P : !ein.tensor<[I, J], f32>
}

// CHECK-LABEL: func @prefix_sums
// CHECK: rank t: 2 passes: S[b] -> Y[b, t]
func.func @prefix_sums(%X: !ein.tensor<[B, T], f32>, %Z: !ein.tensor<[B], f32>) -> !ein.tensor<[B, T], f32> {
  %P = ein.scan (%X[b, t], %Z[b]) over t -> [b, t] {ein.name = "P"} : (!ein.tensor<[B, T], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, T], f32> {
  ^bb0(%a: f32, %h: f32, %s: f32):
    %n = arith.addf %a, %s : f32
    ein.yield %n : f32
  }
  %S = ein.einsum (%P[b, t], %X[b, t]) -> [b] reduce [t: add] {ein.name = "S"}
      : (!ein.tensor<[B, T], f32>, !ein.tensor<[B, T], f32>) -> !ein.tensor<[B], f32>
  %Y = ein.einsum (%P[b, t], %S[b]) -> [b, t] {ein.name = "Y"}
      : (!ein.tensor<[B, T], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, T], f32>
  return %Y : !ein.tensor<[B, T], f32>
}
