// compiled, result v0: sizes {'n': 1, 'm': 1}: memory around the result was written to
// sizes: n = 1, m = 1; n = 1, m = 1; n = 1, m = 1
// replay: python -m random_cascades --replay 0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,2,4,0,0,0,0,0,1,0,0,0,0,0,0,1,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0
func.func @f(%x0: !ein.tensor<[8, n], f32> {ein.name = "x0"}, %x1: !ein.tensor<[m, n], f32> {ein.name = "x1"})
    -> (!ein.tensor<[n, 8], f32> {ein.name = "v0"}) attributes {ein.entry} {
  %v0 = ein.einsum (%x1[i, j], %x0[k, j]) -> [j, k] reduce [i: add]
      : (!ein.tensor<[m, n], f32>, !ein.tensor<[8, n], f32>) -> !ein.tensor<[n, 8], f32> {
  ^bb0(%e0: f32, %e1: f32):
    %s0 = arith.mulf %e0, %e1 : f32
    ein.yield %s0 : f32
  }
  return %v0 : !ein.tensor<[n, 8], f32>
}
