func.func @f(%q: !ein.tensor<[t, 8], f32>, %k: !ein.tensor<[a, b, 8], f32>, %v: !ein.tensor<[a, b, 8], f32>) -> !ein.tensor<[t, 8], f32> attributes {ein.entry} {
  %s = ein.einsum (%q[i, d], %k[a, b, d]) -> [i, a, b] reduce [d: add] : (!ein.tensor<[t, 8], f32>, !ein.tensor<[a, b, 8], f32>) -> !ein.tensor<[t, a, b], f32>
  %e = ein.einsum (%s[i, a, b]) -> [i, a, b] : (!ein.tensor<[t, a, b], f32>) -> !ein.tensor<[t, a, b], f32> {
  ^bb0(%x: f32):
    %r = math.tanh %x : f32
    ein.yield %r : f32
  }
  %o = ein.einsum (%e[i, a, b], %v[a, b, d]) -> [i, d] reduce [a: add, b: add] : (!ein.tensor<[t, a, b], f32>, !ein.tensor<[a, b, 8], f32>) -> !ein.tensor<[t, 8], f32>
  return %o : !ein.tensor<[t, 8], f32>
}
