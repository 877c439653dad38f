func.func @f(%x: !ein.tensor<[m, 64], f32>, %w: !ein.tensor<[n, 64], f32>) -> !ein.tensor<[m, n], f32> attributes {ein.entry} {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add] : (!ein.tensor<[m, 64], f32>, !ein.tensor<[n, 64], f32>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: f32, %b: f32):
    %i = ein.index "i"
    %j = ein.index "j"
    %k = ein.index "k"
    %s = arith.addi %i, %j : index
    %c = arith.cmpi sge, %s, %k : index
    %p = arith.mulf %a, %b : f32
    %z = arith.constant 0.0 : f32
    %r = arith.select %c, %p, %z : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[m, n], f32>
}
