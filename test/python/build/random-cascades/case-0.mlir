// compiled, result v5: sizes {'n': 1, 'm': 1}: 4 of 64 differ, at (np.int64(6), np.int64(4)): np.float64(0.0), expected np.float64(12.411870023863576) within 6.4e-05
// sizes: n = 1, m = 1; n = 1, m = 1; n = 1, m = 1
// replay: python -m random_cascades --replay 0,0,0,0,0,0,0,0,0,0,0,0,1,6,0,2,4,0,0,0,2,2,2,2,1,0,1,5,1,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,9,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0
func.func @f(%x0: !ein.tensor<[8, n], f16> {ein.name = "x0"}, %x1: !ein.tensor<[2, 1, m], f32> {ein.name = "x1"})
    -> (!ein.tensor<[8, 8], f32> {ein.name = "v5"}) attributes {ein.entry} {
  %v0 = ein.einsum (%x0[i, j], %x1[k, l, a]) -> [i, j, k, l, a]
      : (!ein.tensor<[8, n], f16>, !ein.tensor<[2, 1, m], f32>) -> !ein.tensor<[8, n, 2, 1, m], f32> {
  ^bb0(%e0: f16, %e1: f32):
    %s0 = arith.extf %e0 : f16 to f32
    %s1 = arith.mulf %s0, %e1 : f32
    ein.yield %s1 : f32
  }
  %v1 = ein.einsum (%v0[i, j, k, l, a], %v0[i, j, k, l, a]) -> [i, j, k, l, a]
      : (!ein.tensor<[8, n, 2, 1, m], f32>, !ein.tensor<[8, n, 2, 1, m], f32>) -> !ein.tensor<[8, n, 2, 1, m], f32> {
  ^bb0(%e0: f32, %e1: f32):
    %s0 = arith.mulf %e0, %e1 : f32
    ein.yield %s0 : f32
  }
  %v2 = ein.einsum (%v1[i, k, l, a, b], %v1[j, k, l, a, b]) -> [i, j] reduce [k: add, l: add, a: add, b: add]
      : (!ein.tensor<[8, n, 2, 1, m], f32>, !ein.tensor<[8, n, 2, 1, m], f32>) -> !ein.tensor<[8, 8], f32>
  %v3 = ein.einsum (%v2[i, j], %v2[i, j]) -> [i, j]
      : (!ein.tensor<[8, 8], f32>, !ein.tensor<[8, 8], f32>) -> !ein.tensor<[8, 8], f32> {
  ^bb0(%e0: f32, %e1: f32):
    %s0 = arith.mulf %e0, %e1 : f32
    ein.yield %s0 : f32
  }
  %v4 = ein.einsum (%v3[i, j], %v3[i, j]) -> [i, j]
      : (!ein.tensor<[8, 8], f32>, !ein.tensor<[8, 8], f32>) -> !ein.tensor<[8, 8], f32> {
  ^bb0(%e0: f32, %e1: f32):
    %s0 = arith.mulf %e0, %e1 : f32
    ein.yield %s0 : f32
  }
  %v5 = ein.einsum (%v4[i, j], %v4[i, j]) -> [i, j]
      : (!ein.tensor<[8, 8], f32>, !ein.tensor<[8, 8], f32>) -> !ein.tensor<[8, 8], f32> {
  ^bb0(%e0: f32, %e1: f32):
    %s0 = arith.mulf %e0, %e1 : f32
    ein.yield %s0 : f32
  }
  return %v5 : !ein.tensor<[8, 8], f32>
}
