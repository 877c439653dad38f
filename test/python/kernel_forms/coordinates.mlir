func.func @f(%x: !ein.tensor<[16], i32>, %w: !ein.tensor<[16], i32>, %t: !ein.tensor<[8], f32>) -> !ein.tensor<[16], f32> attributes {ein.entry} {
  %q = ein.einsum (%x[f], %w[f - g] else 0) -> [f] reduce [g in 3: max] : (!ein.tensor<[16], i32>, !ein.tensor<[16], i32>) -> !ein.tensor<[16], i32> {
  ^bb0(%a: i32, %b: i32):
    %m = arith.maxsi %a, %b : i32
    ein.yield %m : i32
  }
  %r = ein.einsum (%q[d] as c, %t[c]) -> [d] : (!ein.tensor<[16], i32>, !ein.tensor<[8], f32>) -> !ein.tensor<[16], f32> {
  ^bb0(%i: i32, %v: f32):
    %fi = arith.sitofp %i : i32 to f32
    %d = ein.index "d"
    %c4 = arith.constant 4 : index
    %l = arith.cmpi slt, %d, %c4 : index
    %z = arith.constant 100.0 : f32
    %s = arith.select %l, %fi, %z : f32
    %o = arith.addf %s, %v : f32
    ein.yield %o : f32
  }
  return %r : !ein.tensor<[16], f32>
}
