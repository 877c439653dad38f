// What a fold makes of each column is read along all of the columns.
func.func @f(%x: !ein.tensor<[n, m], f32>) -> (!ein.tensor<[n], f32>) attributes {ein.entry} {
  %a = ein.einsum (%x[i, j]) -> [j] reduce [i: max] : (!ein.tensor<[n, m], f32>) -> !ein.tensor<[m], f32>
  %z = ein.einsum (%x[i, j], %a[j]) -> [j] reduce [i: add] : (!ein.tensor<[n, m], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%p: f32, %q: f32):
    %s = arith.subf %p, %q : f32
    %e = math.exp %s : f32
    ein.yield %e : f32
  }
  %b = ein.einsum (%x[i, j], %a[j], %z[j]) -> [i] reduce [j: add] : (!ein.tensor<[n, m], f32>, !ein.tensor<[m], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%p: f32, %q: f32, %r: f32):
    %s = arith.subf %p, %q : f32
    %e = math.exp %s : f32
    %t = arith.divf %e, %r : f32
    ein.yield %t : f32
  }
  return %b : !ein.tensor<[n], f32>
}
