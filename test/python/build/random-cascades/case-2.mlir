// compiled, result v1: sizes {'n': 13, 'm': 5, 'p': 8}: shape (2,), expected (8, 1)
// sizes: n = 13, m = 5, p = 8; n = 16, m = 5, p = 16; n = 5, m = 7, p = 13
// replay: python -m random_cascades --replay 52,8,54,4,95,6,9,4,9,4,5,8,2,0,3,1,0,2,2,7,2,2,4,0,1,2,1,10,2,2,5,2,5,1,2,4,15,0,0,1,0,1,3,0,2,0,0,1,0,1,0,53,2,2,66,1,2,2,2,1,1,7,5,0,3,2,5,1,2,1,0,0,2,1,31,5,6,0,0,3,0,2,1,10,3,0,0,57,15651
func.func @f(%x0: !ein.tensor<[n, 2], f32> {ein.name = "x0"}, %x1: !ein.tensor<[8, m, 1], i32> {ein.name = "x1"})
    -> (!ein.tensor<[8, 1], i64> {ein.name = "v1"}, !ein.tensor<[p, n], i1> {ein.name = "v2"}, !ein.tensor<[n, 2], f32> {ein.name = "v3"}, !ein.tensor<[2], i64> {ein.name = "v4"}) attributes {ein.entry, ein.params = ["p"]} {
  %v0 = ein.einsum (%x0[i, j]) -> [j] reduce [i: argmin]
      : (!ein.tensor<[n, 2], f32>) -> !ein.tensor<[2], i64> {
  ^bb0(%e0: f32):
    ein.yield %e0 : f32
  }
  %v1 = ein.einsum (%v0[i], %x1[j, k, l], %v0[i]) -> [j, l] reduce [i: or, k: mul]
      : (!ein.tensor<[2], i64>, !ein.tensor<[8, m, 1], i32>, !ein.tensor<[2], i64>) -> !ein.tensor<[8, 1], i64> {
  ^bb0(%e0: i64, %e1: i32, %e2: i64):
    %s0 = ein.index "i"
    %s1 = arith.constant 5 : index
    %s2 = arith.cmpi slt, %s0, %s1 : index
    %s3 = arith.extsi %e1 : i32 to i64
    %s4 = arith.subi %e0, %s3 : i64
    %s5 = arith.subi %s4, %e2 : i64
    %s6 = arith.constant 1 : i64
    %s7 = arith.select %s2, %s5, %s6 : i64
    ein.yield %s7 : i64
  }
  %v2 = ein.einsum () -> [i, j]
      : () -> !ein.tensor<[p, n], i1> {
    %s0 = ein.index "i"
    %s1 = arith.constant 0 : index
    %s2 = arith.cmpi ne, %s0, %s1 : index
    ein.yield %s2 : i1
  }
  %v3 = ein.einsum (%x0[i + r - 2, j]) -> [i, j] reduce [r in 7: max]
      : (!ein.tensor<[n, 2], f32>) -> !ein.tensor<[n, 2], f32>
  %v4 = ein.update %v0[i] = %v0[i] : !ein.tensor<[2], i64>, !ein.tensor<[2], i64>
  return %v1, %v2, %v3, %v4 : !ein.tensor<[8, 1], i64>, !ein.tensor<[p, n], i1>, !ein.tensor<[n, 2], f32>, !ein.tensor<[2], i64>
}
