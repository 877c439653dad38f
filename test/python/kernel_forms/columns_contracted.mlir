// What a fold makes of each column is contracted, chunk by chunk.
func.func @f(%x: !ein.tensor<[n, m], f32>, %w: !ein.tensor<[m, 40], f32>) -> (!ein.tensor<[40], f32>) attributes {ein.entry} {
  %a = ein.einsum (%x[i, j]) -> [j] reduce [i: max] : (!ein.tensor<[n, m], f32>) -> !ein.tensor<[m], f32>
  %z = ein.einsum (%x[i, j], %a[j]) -> [j] reduce [i: add] : (!ein.tensor<[n, m], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%p: f32, %q: f32):
    %s = arith.subf %p, %q : f32
    %e = math.exp %s : f32
    ein.yield %e : f32
  }
  %c = ein.einsum (%z[j], %w[j, k]) -> [k] reduce [j: add] : (!ein.tensor<[m], f32>, !ein.tensor<[m, 40], f32>) -> !ein.tensor<[40], f32>
  return %c : !ein.tensor<[40], f32>
}
