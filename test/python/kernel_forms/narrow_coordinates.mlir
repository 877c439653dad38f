func.func @f(%x: !ein.tensor<[m, 24], f32>, %w: !ein.tensor<[512, 24], f32>) -> !ein.tensor<[m, 512], f32> attributes {ein.entry} {
  %q = ein.einsum (%x[s, e], %w[f, e]) -> [s, f] reduce [e: add] : (!ein.tensor<[m, 24], f32>, !ein.tensor<[512, 24], f32>) -> !ein.tensor<[m, 512], f32>
  %a = ein.einsum (%q[s, d]) -> [s, d] : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m, 512], f32> {
  ^bb0(%v: f32):
    %d = ein.index "d"
    %i = arith.index_cast %d : index to i8
    %c = arith.constant 100 : i8
    %l = arith.cmpi slt, %i, %c : i8
    %z = arith.constant 5.0 : f32
    %r = arith.select %l, %v, %z : f32
    ein.yield %r : f32
  }
  return %a : !ein.tensor<[m, 512], f32>
}
