// interpreter: /tmp/einfall-random-rcrxkha3/interpreted.mlir:5:9: error: 'ein.update' op expected 4 labels for the source, but got 3
// sizes: p = 3; p = 7; p = 5
// replay: python -m random_cascades --replay 74,11,87,10,62,2,7,4,5,5,12,4,0,1,2,0,2,2,3,2,0,3,7,0,2,2,10,0,0,1,3,1,0,2,0,0,0,30,91,2,12,0,2,84,34,91,44,3,2866
func.func @f(%x0: !ein.tensor<[p, 3, 4], f32> {ein.name = "x0"}, %x1: !ein.tensor<[p, 3, 2], f32> {ein.name = "x1"})
    -> (!ein.tensor<[p, 3, 2, 2], f32> {ein.name = "v0"}, !ein.tensor<[p, 3, 2, 2, 4], f32> {ein.name = "v3"}) attributes {ein.entry} {
  %v0 = ein.view %x0[i, j, 2 * u + v] -> [i, j, u, v]
      : !ein.tensor<[p, 3, 4], f32> -> !ein.tensor<[p, 3, 2, 2], f32>
  %v1 = ein.update %v0[i + 1, j, k] = %v0[i, j, k] : !ein.tensor<[p, 3, 2, 2], f32>, !ein.tensor<[p, 3, 2, 2], f32>
  %v2 = ein.einsum (%v1[i, j, k, l], %x0[i, j, a]) -> [i, j, k, l, a]
      : (!ein.tensor<[p, 3, 2, 2], f32>, !ein.tensor<[p, 3, 4], f32>) -> !ein.tensor<[p, 3, 2, 2, 4], f32>
  %v3 = ein.scan (%v2[i, j, k, l], %x1[i, j, l]) over k -> [i, j, k, l] exclusive
      : (!ein.tensor<[p, 3, 2, 2, 4], f32>, !ein.tensor<[p, 3, 2], f32>) -> !ein.tensor<[p, 3, 2, 2, 4], f32> {
  ^bb0(%e0: f32, %e1: f32, %e2: f32):
    %s0 = arith.constant 0.5 : f32
    %s1 = arith.mulf %e2, %s0 : f32
    %s2 = arith.addf %e0, %s1 : f32
    ein.yield %s2 : f32
  }
  return %v0, %v3 : !ein.tensor<[p, 3, 2, 2], f32>, !ein.tensor<[p, 3, 2, 2, 4], f32>
}
