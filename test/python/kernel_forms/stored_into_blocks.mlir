func.func @f(%x: !ein.tensor<[128, 64], f32>, %w0: !ein.tensor<[64, 64], f32>, %w1: !ein.tensor<[64, 64], f32>, %w2: !ein.tensor<[64, 64], f32>, %d: !ein.tensor<[128, 128], f32>) -> (!ein.tensor<[128, 128], f32>, !ein.tensor<[128, 64], f32>) attributes {ein.entry} {
  %h = ein.einsum (%x[i, k], %w0[j, k]) -> [i, j] reduce [k: add] : (!ein.tensor<[128, 64], f32>, !ein.tensor<[64, 64], f32>) -> !ein.tensor<[128, 64], f32>
  %y = ein.einsum (%d[i, j]) -> [i, j] : (!ein.tensor<[128, 128], f32>) -> !ein.tensor<[128, 128], f32> {
  ^bb0(%a: f32):
    %e = math.exp %a : f32
    ein.yield %e : f32
  }
  %p = ein.einsum (%h[i, k], %w1[j, k]) -> [i, j] reduce [k: add] : (!ein.tensor<[128, 64], f32>, !ein.tensor<[64, 64], f32>) -> !ein.tensor<[128, 64], f32>
  %u = ein.update %y[i, j + 32] = %p[i, j] : !ein.tensor<[128, 128], f32>, !ein.tensor<[128, 64], f32>
  %q = ein.einsum (%h[i, k], %w2[j, k]) -> [i, j] reduce [k: add] : (!ein.tensor<[128, 64], f32>, !ein.tensor<[64, 64], f32>) -> !ein.tensor<[128, 64], f32>
  return %u, %q : !ein.tensor<[128, 128], f32>, !ein.tensor<[128, 64], f32>
}
