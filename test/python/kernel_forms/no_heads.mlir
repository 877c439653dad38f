func.func @f(%x: !ein.tensor<[m, 24], f32>, %w: !ein.tensor<[192, 24], f32>) -> (!ein.tensor<[m, 0, 64], f32>, !ein.tensor<[m, 64], f32>) attributes {ein.entry} {
  %q = ein.einsum (%x[s, e], %w[f, e]) -> [s, f] reduce [e: add] : (!ein.tensor<[m, 24], f32>, !ein.tensor<[192, 24], f32>) -> !ein.tensor<[m, 192], f32>
  %a = ein.einsum (%q[s, h * 64]) -> [s, h, d] : (!ein.tensor<[m, 192], f32>) -> !ein.tensor<[m, 0, 64], f32> {
  ^bb0(%v: f32):
    %e = math.exp %v : f32
    ein.yield %e : f32
  }
  %b = ein.einsum (%q[s, d + 64]) -> [s, d] : (!ein.tensor<[m, 192], f32>) -> !ein.tensor<[m, 64], f32> {
  ^bb0(%v: f32):
    %e = math.exp %v : f32
    ein.yield %e : f32
  }
  return %a, %b : !ein.tensor<[m, 0, 64], f32>, !ein.tensor<[m, 64], f32>
}
