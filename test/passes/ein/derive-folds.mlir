// RUN: einfall-opt %s --ein-derive-folds | FileCheck %s
// RUN: einfall-opt %s --ein-derive-folds --verify-roundtrip -o %t

// CHECK-LABEL: func.func @masked
// CHECK: ein.fold (%{{.*}}[b, v], %{{.*}}[v, f]) over [v] -> [b, f]
// CHECK-NOT: ein.einsum
// CHECK: init {
// CHECK: arith.constant 0xFF800000
// CHECK: step {
// CHECK: arith.maximumf
// CHECK: merge {
// CHECK: finish {
// CHECK: arith.divf
func.func @masked(%X: !ein.tensor<[B, V], f32>, %V: !ein.tensor<[V, F], f32>) -> !ein.tensor<[B, F], f32> {
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
  %Y = ein.einsum (%A[b, v], %V[v, f]) -> [b, f] reduce [v: add] {ein.name = "Y"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[V, F], f32>) -> !ein.tensor<[B, F], f32>
  return %Y : !ein.tensor<[B, F], f32>
}

// CHECK-LABEL: func.func @with_statistics
// CHECK-NOT: reduce [v
// CHECK: ein.fold {{.*}} over [v] -> [b, f], [b], [b]
// CHECK-NOT: ein.fold
func.func @with_statistics(%X: !ein.tensor<[B, V], f32>, %V: !ein.tensor<[V, F], f32>) -> (!ein.tensor<[B, F], f32>, !ein.tensor<[B], f32>) {
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
  %Y = ein.einsum (%A[b, v], %V[v, f]) -> [b, f] reduce [v: add] {ein.name = "Y"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[V, F], f32>) -> !ein.tensor<[B, F], f32>
  %L = ein.einsum (%SD[b], %GM[b]) -> [b] {ein.name = "L"}
      : (!ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = math.log %a : f32
    %r2 = arith.addf %r1, %b : f32
    ein.yield %r2 : f32
  }
  return %Y, %L : !ein.tensor<[B, F], f32>, !ein.tensor<[B], f32>
}

// CHECK-LABEL: func.func @sinks
// CHECK: ein.fold
// CHECK-NOT: ein.einsum
func.func @sinks(%X: !ein.tensor<[B, V], f32>, %K: !ein.tensor<[B], f32>, %V: !ein.tensor<[V, F], f32>) -> !ein.tensor<[B, F], f32> {
  %GM = ein.einsum (%X[b, v]) -> [b] reduce [v: max] {ein.name = "GM"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %T = ein.einsum (%GM[b], %K[b]) -> [b] {ein.name = "T"}
      : (!ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.maximumf %a, %b : f32
    ein.yield %r1 : f32
  }
  %SN = ein.einsum (%X[b, v], %T[b]) -> [b, v] {ein.name = "SN"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[b, v]) -> [b] reduce [v: add] {ein.name = "SD"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %Z = ein.einsum (%SD[b], %K[b], %T[b]) -> [b] {ein.name = "Z"}
      : (!ein.tensor<[B], f32>, !ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.subf %b, %c : f32
    %r2 = math.exp %r1 : f32
    %r3 = arith.addf %a, %r2 : f32
    ein.yield %r3 : f32
  }
  %Y = ein.einsum (%SN[b, v], %Z[b], %V[v, f]) -> [b, f] reduce [v: add] {ein.name = "Y"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>, !ein.tensor<[V, F], f32>) -> !ein.tensor<[B, F], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.divf %a, %b : f32
    %r2 = arith.mulf %r1, %c : f32
    ein.yield %r2 : f32
  }
  return %Y : !ein.tensor<[B, F], f32>
}

// CHECK-LABEL: func.func @soft_cap
// CHECK: ein.fold
func.func @soft_cap(%X: !ein.tensor<[B, V], f32>, %V: !ein.tensor<[V, F], f32>) -> !ein.tensor<[B, F], f32> {
  %S = ein.einsum (%X[b, v]) -> [b, v] {ein.name = "S"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32):
    %c1 = arith.constant 3.000000e+01 : f32
    %c2 = arith.constant 3.333333e-02 : f32
    %r3 = arith.mulf %a, %c2 : f32
    %r4 = math.tanh %r3 : f32
    %r5 = arith.mulf %c1, %r4 : f32
    ein.yield %r5 : f32
  }
  %GM = ein.einsum (%S[b, v]) -> [b] reduce [v: max] {ein.name = "GM"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %SN = ein.einsum (%S[b, v], %GM[b]) -> [b, v] {ein.name = "SN"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[b, v]) -> [b] reduce [v: add] {ein.name = "SD"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %Y = ein.einsum (%SN[b, v], %SD[b], %V[v, f]) -> [b, f] reduce [v: add] {ein.name = "Y"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>, !ein.tensor<[V, F], f32>) -> !ein.tensor<[B, F], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.divf %a, %b : f32
    %r2 = arith.mulf %r1, %c : f32
    ein.yield %r2 : f32
  }
  return %Y : !ein.tensor<[B, F], f32>
}

// CHECK-LABEL: func.func @scale_in_the_body
// CHECK: ein.fold
// CHECK-NOT: reduce
func.func @scale_in_the_body(%X: !ein.tensor<[B, V], f32>, %V: !ein.tensor<[V, F], f32>) -> !ein.tensor<[B, F], f32> {
  %GM = ein.einsum (%X[b, v]) -> [b] reduce [v: max] {ein.name = "GM"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %c1 = arith.constant 3.000000e-01 : f32
    %r2 = arith.mulf %a, %c1 : f32
    ein.yield %r2 : f32
  }
  %S = ein.einsum (%X[b, v]) -> [b, v] {ein.name = "S"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32):
    %c1 = arith.constant 3.000000e-01 : f32
    %r2 = arith.mulf %a, %c1 : f32
    ein.yield %r2 : f32
  }
  %SN = ein.einsum (%S[b, v], %GM[b]) -> [b, v] {ein.name = "SN"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[b, v]) -> [b] reduce [v: add] {ein.name = "SD"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  %Y = ein.einsum (%SN[b, v], %SD[b], %V[v, f]) -> [b, f] reduce [v: add] {ein.name = "Y"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>, !ein.tensor<[V, F], f32>) -> !ein.tensor<[B, F], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.divf %a, %b : f32
    %r2 = arith.mulf %r1, %c : f32
    ein.yield %r2 : f32
  }
  return %Y : !ein.tensor<[B, F], f32>
}

// CHECK-LABEL: func.func @entropy
// CHECK: ein.fold
// CHECK-NOT: reduce
func.func @entropy(%X: !ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32> {
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
  %L = ein.einsum (%X[b, v], %GM[b], %SD[b]) -> [b, v] {ein.name = "L"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.log %c : f32
    %r3 = arith.subf %r1, %r2 : f32
    ein.yield %r3 : f32
  }
  %H = ein.einsum (%L[b, v]) -> [b] reduce [v: add] {ein.name = "H"}
      : (!ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %r1 = math.exp %a : f32
    %r2 = arith.mulf %r1, %a : f32
    ein.yield %r2 : f32
  }
  return %H : !ein.tensor<[B], f32>
}

// CHECK-LABEL: func.func @soft_targets_cross_entropy
// CHECK: ein.fold
// CHECK-NOT: reduce
func.func @soft_targets_cross_entropy(%X: !ein.tensor<[B, V], f32>, %Y: !ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32> {
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
  %L = ein.einsum (%X[b, v], %GM[b], %SD[b]) -> [b, v] {ein.name = "L"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, V], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.log %c : f32
    %r3 = arith.subf %r1, %r2 : f32
    ein.yield %r3 : f32
  }
  %H = ein.einsum (%L[b, v], %Y[b, v]) -> [b] reduce [v: add] {ein.name = "H"}
      : (!ein.tensor<[B, V], f32>, !ein.tensor<[B, V], f32>) -> !ein.tensor<[B], f32>
  return %H : !ein.tensor<[B], f32>
}

// CHECK-LABEL: func.func @causal
// CHECK: ein.fold
func.func @causal(%X: !ein.tensor<[P, V], f32>, %V: !ein.tensor<[V, F], f32>) -> !ein.tensor<[P, F], f32> {
  %S = ein.einsum (%X[p, v]) -> [p, v] {ein.name = "S"}
      : (!ein.tensor<[P, V], f32>) -> !ein.tensor<[P, V], f32> {
  ^bb0(%a: f32):
    %i1 = ein.index "v"
    %i2 = ein.index "p"
    %r3 = arith.cmpi sle, %i1, %i2 : index
    %c4 = arith.constant 0xFF800000 : f32
    %r5 = arith.select %r3, %a, %c4 : f32
    ein.yield %r5 : f32
  }
  %GM = ein.einsum (%S[p, v]) -> [p] reduce [v: max] {ein.name = "GM"}
      : (!ein.tensor<[P, V], f32>) -> !ein.tensor<[P], f32>
  %SN = ein.einsum (%S[p, v], %GM[p]) -> [p, v] {ein.name = "SN"}
      : (!ein.tensor<[P, V], f32>, !ein.tensor<[P], f32>) -> !ein.tensor<[P, V], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[p, v]) -> [p] reduce [v: add] {ein.name = "SD"}
      : (!ein.tensor<[P, V], f32>) -> !ein.tensor<[P], f32>
  %Y = ein.einsum (%SN[p, v], %SD[p], %V[v, f]) -> [p, f] reduce [v: add] {ein.name = "Y"}
      : (!ein.tensor<[P, V], f32>, !ein.tensor<[P], f32>, !ein.tensor<[V, F], f32>) -> !ein.tensor<[P, F], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r1 = arith.divf %a, %b : f32
    %r2 = arith.mulf %r1, %c : f32
    ein.yield %r2 : f32
  }
  return %Y : !ein.tensor<[P, F], f32>
}

// CHECK-LABEL: func.func @variance
// CHECK: ein.fold (%{{.*}}[b, d]) over [d] -> [b]
// CHECK: ein.yield %{{.*}}, %{{.*}}, %{{.*}} : f32, f32, f32
// CHECK-NOT: reduce
func.func @variance(%X: !ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32> {
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
  return %Q : !ein.tensor<[B], f32>
}

// CHECK-LABEL: func.func @literal_extent
// CHECK: ein.fold
func.func @literal_extent(%X: !ein.tensor<[B, 24], f32>) -> !ein.tensor<[B], f32> {
  %S = ein.einsum (%X[b, d]) -> [b] reduce [d: add] {ein.name = "S"}
      : (!ein.tensor<[B, 24], f32>) -> !ein.tensor<[B], f32>
  %MU = ein.einsum (%S[b]) -> [b] {ein.name = "MU"}
      : (!ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32):
    %c1 = arith.constant 4.166667e-02 : f32
    %r2 = arith.mulf %a, %c1 : f32
    ein.yield %r2 : f32
  }
  %Q = ein.einsum (%X[b, d], %MU[b]) -> [b] reduce [d: add] {ein.name = "Q"}
      : (!ein.tensor<[B, 24], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = arith.subf %a, %b : f32
    %r3 = arith.mulf %r1, %r2 : f32
    ein.yield %r3 : f32
  }
  return %Q : !ein.tensor<[B], f32>
}

// CHECK-LABEL: func.func @two_norms
// CHECK: ein.fold
// CHECK: ein.fold
// CHECK-NOT: ein.einsum
func.func @two_norms(%X: !ein.tensor<[B, D], f32>, %W: !ein.tensor<[D, F], f32>, %U: !ein.tensor<[D, F], f32>) -> (!ein.tensor<[B, F], f32>, !ein.tensor<[B, F], f32>) {
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
  %N = ein.einsum (%X[b, d], %MU[b], %Q[b]) -> [b, d] {ein.name = "N"}
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
  %Z = ein.einsum (%N[b, d], %U[d, f]) -> [b, f] reduce [d: add] {ein.name = "Z"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[D, F], f32>) -> !ein.tensor<[B, F], f32>
  return %Y, %Z : !ein.tensor<[B, F], f32>, !ein.tensor<[B, F], f32>
}

// What is read outside is the value behind `else`.
// CHECK-LABEL: func.func @guarded_reads
// CHECK: %[[P:.*]] = ein.einsum (%{{.*}}[v - 1] else 2.0
// CHECK: ein.fold (%[[P]][v])
// CHECK: ein.fold (%{{.*}}[v - 1] else 2.0
// CHECK: return
func.func @guarded_reads(%x: !ein.tensor<[n], f32>) -> (!ein.tensor<[], f32>, !ein.tensor<[], f32>) {
  %p = ein.einsum (%x[v - 1] else 2.0) -> [v] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n + 2], f32>
  %m = ein.einsum (%p[v]) -> [] reduce [v: max] : (!ein.tensor<[n + 2], f32>) -> !ein.tensor<[], f32>
  %z = ein.einsum (%p[v], %m[]) -> [] reduce [v: add] : (!ein.tensor<[n + 2], f32>, !ein.tensor<[], f32>) -> !ein.tensor<[], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %k = ein.einsum (%x[v - 1] else 2.0) -> [] reduce [v in n + 2: max] : (!ein.tensor<[n], f32>) -> !ein.tensor<[], f32>
  %y = ein.einsum (%x[v - 1] else 2.0, %k[]) -> [] reduce [v in n + 2: add] : (!ein.tensor<[n], f32>, !ein.tensor<[], f32>) -> !ein.tensor<[], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  return %z, %y : !ein.tensor<[], f32>, !ein.tensor<[], f32>
}

// The first fold reads the sum %z, which then becomes another fold's; when the
// first one is made again, for the maximum, it reads that fold.
// CHECK-LABEL: func.func @reads_what_becomes_a_fold
// CHECK: %[[Z:.*]] = ein.fold (%{{.*}}[i, j]) over [i] -> [j]
// CHECK: %[[Y:.*]]:2 = ein.fold ({{.*}}, %[[Z]][k], {{.*}}) over [k] -> [i, j], [j]
// CHECK: return %[[Z]], %[[Y]]#1, %[[Y]]#0
func.func @reads_what_becomes_a_fold(%x: !ein.tensor<[m, m], f32>) -> (!ein.tensor<[m], f32>, !ein.tensor<[m], f32>, !ein.tensor<[m, m], f32>) {
  %m = ein.einsum (%x[i, j]) -> [j] reduce [i: max] : (!ein.tensor<[m, m], f32>) -> !ein.tensor<[m], f32>
  %z = ein.einsum (%x[i, j], %m[j]) -> [j] reduce [i: add] : (!ein.tensor<[m, m], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %p = ein.einsum (%x[i, j], %m[j], %z[j]) -> [i, j] : (!ein.tensor<[m, m], f32>, !ein.tensor<[m], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, m], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %d = arith.subf %a, %b : f32
    %e = math.exp %d : f32
    %q = arith.divf %e, %c : f32
    ein.yield %q : f32
  }
  %y = ein.einsum (%p[i, j], %z[k], %x[j, k]) -> [i, j] reduce [k: add] : (!ein.tensor<[m, m], f32>, !ein.tensor<[m], f32>, !ein.tensor<[m, m], f32>) -> !ein.tensor<[m, m], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %d = arith.mulf %a, %b : f32
    %e = arith.mulf %d, %c : f32
    ein.yield %e : f32
  }
  return %z, %m, %y : !ein.tensor<[m], f32>, !ein.tensor<[m], f32>, !ein.tensor<[m, m], f32>
}
