// compiled, result v1: sizes {'n': 4}: shape (16, 16), expected (32,)
// sizes: n = 4; n = 33; n = 3
// replay: python -m random_cascades --replay 27,3,11,10,12,12,12,12,10,2,0,1,1,3,5,2,6,2,2,4,2,1,1,0,1,2,3,5,11,1,1,7,2,3,1,5,2,0,0,0,0,2,2,69,5,11,3,1,11,2,0,3,0,2,4,92,1,29,70,7767
func.func @f(%x0: !ein.tensor<[16, 2], f32> {ein.name = "x0"})
    -> (!ein.tensor<[32], f32> {ein.name = "v1"}, !ein.tensor<[16, 16], f32> {ein.name = "v3"}, !ein.tensor<[16, 16], f32> {ein.name = "v4"}, !ein.tensor<[4, n], i1> {ein.name = "v5"}) attributes {ein.entry, ein.params = ["n"]} {
  %v0 = ein.einsum (%x0[i, a], %x0[j, a]) -> [i, j] reduce [a: add]
      : (!ein.tensor<[16, 2], f32>, !ein.tensor<[16, 2], f32>) -> !ein.tensor<[16, 16], f32> {
  ^bb0(%e0: f32, %e1: f32):
    %s0 = arith.subf %e0, %e1 : f32
    %s1 = arith.mulf %s0, %s0 : f32
    ein.yield %s1 : f32
  }
  %v1 = ein.view %x0[u floordiv 2, u mod 2] -> [u]
      : !ein.tensor<[16, 2], f32> -> !ein.tensor<[32], f32>
  %v2 = ein.einsum () -> [i, j]
      : () -> !ein.tensor<[4, n], i1> {
    %s0 = ein.index "i"
    %s1 = arith.constant 5 : index
    %s2 = arith.cmpi ne, %s0, %s1 : index
    ein.yield %s2 : i1
  }
  %v3 = ein.einsum (%x0[i, a], %x0[j, a]) -> [i, j] reduce [a: add]
      : (!ein.tensor<[16, 2], f32>, !ein.tensor<[16, 2], f32>) -> !ein.tensor<[16, 16], f32> {
  ^bb0(%e0: f32, %e1: f32):
    %s0 = arith.subf %e0, %e1 : f32
    %s1 = arith.mulf %s0, %s0 : f32
    ein.yield %s1 : f32
  }
  %v4 = ein.einsum (%v0[i, a], %v0[j, a]) -> [i, j] reduce [a: add]
      : (!ein.tensor<[16, 16], f32>, !ein.tensor<[16, 16], f32>) -> !ein.tensor<[16, 16], f32>
  %v5 = ein.einsum (%v2[i, j]) -> [i, j]
      : (!ein.tensor<[4, n], i1>) -> !ein.tensor<[4, n], i1>
  return %v1, %v3, %v4, %v5 : !ein.tensor<[32], f32>, !ein.tensor<[16, 16], f32>, !ein.tensor<[16, 16], f32>, !ein.tensor<[4, n], i1>
}
