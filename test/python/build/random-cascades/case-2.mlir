// compiled, result v1: sizes {'n': 1, 'm': 1}: memory around the result was written to
// sizes: n = 1, m = 1; n = 1, m = 1; n = 1, m = 1
// replay: python -m random_cascades --replay 0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,2,0,0,0,0,2,2,4,0,1,0,1,3,0,0,0,0,0,0,0,0,0,0,0,0,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,1,0,1,0,0,1,0,0,0,0,0,0,0,0,0,1,1,14,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0
func.func @f(%x0: !ein.tensor<[4, n], f32> {ein.name = "x0"}, %x1: !ein.tensor<[8, m, m], f32> {ein.name = "x1"})
    -> (!ein.tensor<[m], f32> {ein.name = "v0"}, !ein.tensor<[n, 8, m], f32> {ein.name = "v1"}, !ein.tensor<[n, n], i1> {ein.name = "v3"}) attributes {ein.entry} {
  %v0 = ein.einsum (%x1[i, j, k], %x1[i, j, k]) -> [k] reduce [i: add, j: add]
      : (!ein.tensor<[8, m, m], f32>, !ein.tensor<[8, m, m], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%e0: f32, %e1: f32):
    %s0 = arith.mulf %e0, %e1 : f32
    ein.yield %s0 : f32
  }
  %v1 = ein.einsum (%x0[i, j], %x1[k, l, a]) -> [j, k, a] reduce [i: add, l: add]
      : (!ein.tensor<[4, n], f32>, !ein.tensor<[8, m, m], f32>) -> !ein.tensor<[n, 8, m], f32> {
  ^bb0(%e0: f32, %e1: f32):
    %s0 = arith.mulf %e0, %e1 : f32
    ein.yield %s0 : f32
  }
  %v2 = ein.einsum () -> [i, j]
      : () -> !ein.tensor<[n, n], i1> {
    %s0 = ein.index "i"
    %s1 = ein.index "i"
    %s2 = arith.cmpi sle, %s0, %s1 : index
    ein.yield %s2 : i1
  }
  %v3 = ein.einsum (%v2[i, j], %v2[i, j]) -> [i, j]
      : (!ein.tensor<[n, n], i1>, !ein.tensor<[n, n], i1>) -> !ein.tensor<[n, n], i1> {
  ^bb0(%e0: i1, %e1: i1):
    %s0 = arith.andi %e0, %e1 : i1
    ein.yield %s0 : i1
  }
  return %v0, %v1, %v3 : !ein.tensor<[m], f32>, !ein.tensor<[n, 8, m], f32>, !ein.tensor<[n, n], i1>
}
