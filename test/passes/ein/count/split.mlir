// RUN: einfall-opt %s --ein-count-passes -o %t | FileCheck %s

// A rank that the user split in an outer and an inner part is one rank.

// CHECK-LABEL: func @local_maxima
// CHECK: rank m = (m1, m0): 2 passes: GM[p] -> SN[p, m1, m0]
func.func @local_maxima(%Q: !ein.tensor<[P, E], f32>, %K: !ein.tensor<[M, E], f32>, %V: !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32> {
  %QK = ein.einsum (%Q[p, e], %K[m1 * 64 + m0, e]) -> [p, m1, m0] reduce [e: add] {ein.name = "QK"}
      : (!ein.tensor<[P, E], f32>, !ein.tensor<[M, E], f32>) -> !ein.tensor<[P, M ceildiv 64, 64], f32>
  %LM = ein.einsum (%QK[p, m1, m0]) -> [p, m1] reduce [m0: max] {ein.name = "LM"}
      : (!ein.tensor<[P, M ceildiv 64, 64], f32>) -> !ein.tensor<[P, M ceildiv 64], f32>
  %GM = ein.einsum (%LM[p, m1]) -> [p] reduce [m1: max] {ein.name = "GM"}
      : (!ein.tensor<[P, M ceildiv 64], f32>) -> !ein.tensor<[P], f32>
  %SN = ein.einsum (%QK[p, m1, m0], %GM[p]) -> [p, m1, m0] {ein.name = "SN"}
      : (!ein.tensor<[P, M ceildiv 64, 64], f32>, !ein.tensor<[P], f32>) -> !ein.tensor<[P, M ceildiv 64, 64], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[p, m1, m0]) -> [p] reduce [m1: add, m0: add] {ein.name = "SD"}
      : (!ein.tensor<[P, M ceildiv 64, 64], f32>) -> !ein.tensor<[P], f32>
  %SNV = ein.einsum (%SN[p, m1, m0], %V[m1 * 64 + m0, f]) -> [p, f] reduce [m1: add, m0: add] {ein.name = "SNV"}
      : (!ein.tensor<[P, M ceildiv 64, 64], f32>, !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32>
  %AV = ein.einsum (%SNV[p, f], %SD[p]) -> [p, f] {ein.name = "AV"}
      : (!ein.tensor<[P, F], f32>, !ein.tensor<[P], f32>) -> !ein.tensor<[P, F], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.divf %a, %b : f32
    ein.yield %r1 : f32
  }
  return %AV : !ein.tensor<[P, F], f32>
}

// CHECK-LABEL: func @split_kv
// CHECK: rank m = (m1, m0): 1 pass
// CHECK-DAG: live until merged: LM[p, m1], P * (M ceildiv 64) elements
// CHECK-DAG: live until merged: SLNV[p, m1, f]
func.func @split_kv(%Q: !ein.tensor<[P, E], f32>, %K: !ein.tensor<[M, E], f32>, %V: !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32> {
  %QK = ein.einsum (%Q[p, e], %K[m1 * 64 + m0, e]) -> [p, m1, m0] reduce [e: add] {ein.name = "QK"}
      : (!ein.tensor<[P, E], f32>, !ein.tensor<[M, E], f32>) -> !ein.tensor<[P, M ceildiv 64, 64], f32>
  %LM = ein.einsum (%QK[p, m1, m0]) -> [p, m1] reduce [m0: max] {ein.name = "LM"}
      : (!ein.tensor<[P, M ceildiv 64, 64], f32>) -> !ein.tensor<[P, M ceildiv 64], f32>
  %GM = ein.einsum (%LM[p, m1]) -> [p] reduce [m1: max] {ein.name = "GM"}
      : (!ein.tensor<[P, M ceildiv 64], f32>) -> !ein.tensor<[P], f32>
  %SLN = ein.einsum (%QK[p, m1, m0], %LM[p, m1]) -> [p, m1, m0] {ein.name = "SLN"}
      : (!ein.tensor<[P, M ceildiv 64, 64], f32>, !ein.tensor<[P, M ceildiv 64], f32>) -> !ein.tensor<[P, M ceildiv 64, 64], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SLD = ein.einsum (%SLN[p, m1, m0]) -> [p, m1] reduce [m0: add] {ein.name = "SLD"}
      : (!ein.tensor<[P, M ceildiv 64, 64], f32>) -> !ein.tensor<[P, M ceildiv 64], f32>
  %SLNV = ein.einsum (%SLN[p, m1, m0], %V[m1 * 64 + m0, f]) -> [p, m1, f] reduce [m0: add] {ein.name = "SLNV"}
      : (!ein.tensor<[P, M ceildiv 64, 64], f32>, !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, M ceildiv 64, F], f32>
  %PLM = ein.einsum (%LM[p, m1], %GM[p]) -> [p, m1] {ein.name = "PLM"}
      : (!ein.tensor<[P, M ceildiv 64], f32>, !ein.tensor<[P], f32>) -> !ein.tensor<[P, M ceildiv 64], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SLD[p, m1], %PLM[p, m1]) -> [p] reduce [m1: add] {ein.name = "SD"}
      : (!ein.tensor<[P, M ceildiv 64], f32>, !ein.tensor<[P, M ceildiv 64], f32>) -> !ein.tensor<[P], f32>
  %SNV = ein.einsum (%SLNV[p, m1, f], %PLM[p, m1]) -> [p, f] reduce [m1: add] {ein.name = "SNV"}
      : (!ein.tensor<[P, M ceildiv 64, F], f32>, !ein.tensor<[P, M ceildiv 64], f32>) -> !ein.tensor<[P, F], f32>
  %AV = ein.einsum (%SNV[p, f], %SD[p]) -> [p, f] {ein.name = "AV"}
      : (!ein.tensor<[P, F], f32>, !ein.tensor<[P], f32>) -> !ein.tensor<[P, F], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.divf %a, %b : f32
    ein.yield %r1 : f32
  }
  return %AV : !ein.tensor<[P, F], f32>
}

// CHECK-LABEL: func @split_arguments
// CHECK: rank m = (m1, m0): 1 pass
func.func @split_arguments(%Q: !ein.tensor<[P, E], f32>, %K: !ein.tensor<[M1, M0, E], f32>, %V: !ein.tensor<[M1, M0, F], f32>) -> !ein.tensor<[P], f32> {
  %QK = ein.einsum (%Q[p, e], %K[m1, m0, e]) -> [p, m1, m0] reduce [e: add] {ein.name = "QK"}
      : (!ein.tensor<[P, E], f32>, !ein.tensor<[M1, M0, E], f32>) -> !ein.tensor<[P, M1, M0], f32>
  %LM = ein.einsum (%QK[p, m1, m0]) -> [p, m1] reduce [m0: max] {ein.name = "LM"}
      : (!ein.tensor<[P, M1, M0], f32>) -> !ein.tensor<[P, M1], f32>
  %GM = ein.einsum (%LM[p, m1]) -> [p] reduce [m1: max] {ein.name = "GM"}
      : (!ein.tensor<[P, M1], f32>) -> !ein.tensor<[P], f32>
  %SLN = ein.einsum (%QK[p, m1, m0], %LM[p, m1]) -> [p, m1, m0] {ein.name = "SLN"}
      : (!ein.tensor<[P, M1, M0], f32>, !ein.tensor<[P, M1], f32>) -> !ein.tensor<[P, M1, M0], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SLD = ein.einsum (%SLN[p, m1, m0]) -> [p, m1] reduce [m0: add] {ein.name = "SLD"}
      : (!ein.tensor<[P, M1, M0], f32>) -> !ein.tensor<[P, M1], f32>
  %PLM = ein.einsum (%LM[p, m1], %GM[p]) -> [p, m1] {ein.name = "PLM"}
      : (!ein.tensor<[P, M1], f32>, !ein.tensor<[P], f32>) -> !ein.tensor<[P, M1], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SLD[p, m1], %PLM[p, m1]) -> [p] reduce [m1: add] {ein.name = "SD"}
      : (!ein.tensor<[P, M1], f32>, !ein.tensor<[P, M1], f32>) -> !ein.tensor<[P], f32>
  return %SD : !ein.tensor<[P], f32>
}
