func.func @f(%x: !ein.tensor<[m, 64], f32>, %w0: !ein.tensor<[n, 64], f32>, %w1: !ein.tensor<[64, n], f32>, %w2: !ein.tensor<[64, n], f32>) -> (!ein.tensor<[m, 64], f32>, !ein.tensor<[m, 64], f32>) attributes {ein.entry} {
  %h = ein.einsum (%x[i, k], %w0[j, k]) -> [i, j] reduce [k: add] : (!ein.tensor<[m, 64], f32>, !ein.tensor<[n, 64], f32>) -> !ein.tensor<[m, n], f32>
  %p = ein.einsum (%h[i, k], %w1[j, k]) -> [i, j] reduce [k: add] : (!ein.tensor<[m, n], f32>, !ein.tensor<[64, n], f32>) -> !ein.tensor<[m, 64], f32>
  %q = ein.einsum (%h[i, k], %w2[j, k]) -> [i, j] reduce [k: add] : (!ein.tensor<[m, n], f32>, !ein.tensor<[64, n], f32>) -> !ein.tensor<[m, 64], f32>
  return %p, %q : !ein.tensor<[m, 64], f32>, !ein.tensor<[m, 64], f32>
}
