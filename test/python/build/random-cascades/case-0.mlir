// compiled, result v0: sizes {'n': 13}: 4 of 169 differ, at (np.int64(0), np.int64(7)): np.float64(5.332348791853292e-06), expected np.float64(5.332216784940564e-06) within 5.4e-12
// sizes: n = 1; n = 13; n = 1
// replay: python -m random_cascades --replay 0,0,0,0,0,0,8,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,81,7,0,0,0,0,0,0,0
func.func @f(%x0: !ein.tensor<[n, n], f32> {ein.name = "x0"})
    -> (!ein.tensor<[n, n], f32> {ein.name = "v0"}) attributes {ein.entry} {
  %v0 = ein.einsum (%x0[i, j], %x0[i, j]) -> [i, j]
      : (!ein.tensor<[n, n], f32>, !ein.tensor<[n, n], f32>) -> !ein.tensor<[n, n], f32> {
  ^bb0(%e0: f32, %e1: f32):
    %s0 = math.tanh %e0 : f32
    %s1 = math.sin %s0 : f32
    %s2 = arith.mulf %s1, %e1 : f32
    ein.yield %s2 : f32
  }
  return %v0 : !ein.tensor<[n, n], f32>
}
