// interpreter: /tmp/einfall-random-tvds9ez3/interpreted.mlir:19:9: error: 'ein.scan' op expected 5 result labels and an initial state
// sizes: n = 1, m = 31; n = 31, m = 1; n = 5, m = 4
// replay: python -m random_cascades --replay 49,0,87,11,51,2,11,0,10,4,3,0,2,2,0,2,7,2,1,8,0,1,0,2,6,2,2,2,1,0,1,2,4,2,2,1,0,1,65,0,83,8,2,82,0,0,0,1,94,1,36,63,4,12,0,2,99,80,6,0,1,2,1,2,0,50,19,42104
func.func @f(%x1: !ein.tensor<[n, 16], i64> {ein.name = "x1"}, %x2: !ein.tensor<[1, m, 8], f32> {ein.name = "x2"}, %x3: !ein.tensor<[1, m, n], f32> {ein.name = "x3"})
    -> (!ein.tensor<[1, m ceildiv 2, 8, n, 16], f32> {ein.name = "v2"}) attributes {ein.entry} {
  %v0 = ein.einsum (%x2[i, j, k], %x1[l, a]) -> [i, j, k, l, a]
      : (!ein.tensor<[1, m, 8], f32>, !ein.tensor<[n, 16], i64>) -> !ein.tensor<[1, m, 8, n, 16], f32> {
  ^bb0(%e0: f32, %e1: i64):
    %s0 = ein.index "i"
    %s1 = arith.constant 2 : index
    %s2 = arith.addi %s0, %s1 : index
    %s3 = ein.index "j"
    %s4 = arith.cmpi slt, %s2, %s3 : index
    %s5 = arith.sitofp %e1 : i64 to f32
    %s6 = math.tanh %s5 : f32
    %s7 = math.cos %s6 : f32
    %s8 = arith.subf %e0, %s7 : f32
    %s9 = arith.constant 0.0 : f32
    %s10 = arith.select %s4, %s8, %s9 : f32
    ein.yield %s10 : f32
  }
  %v1 = ein.scan (%v0[i, j, k, l], %x3[i, j, l]) over k -> [i, j, k, l] exclusive reverse
      : (!ein.tensor<[1, m, 8, n, 16], f32>, !ein.tensor<[1, m, n], f32>) -> !ein.tensor<[1, m, 8, n, 16], f32> {
  ^bb0(%e0: f32, %e1: f32, %e2: f32):
    %s0 = arith.constant 0.5 : f32
    %s1 = arith.mulf %e2, %s0 : f32
    %s2 = arith.addf %e0, %s1 : f32
    ein.yield %s2 : f32
  }
  %v2 = ein.einsum (%v1[i, 2 * j + r - 2, k, l]) -> [i, j, k, l] reduce [r in 4: add]
      : (!ein.tensor<[1, m, 8, n, 16], f32>) -> !ein.tensor<[1, m ceildiv 2, 8, n, 16], f32>
  return %v2 : !ein.tensor<[1, m ceildiv 2, 8, n, 16], f32>
}
