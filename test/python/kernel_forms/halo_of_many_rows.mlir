// The halo of a rank that the grid lacks, since a reduction does; more of it than fits.
func.func @f(%a: !ein.tensor<[20000, 40], f32>, %b: !ein.tensor<[40, 33], f32>, %h: !ein.tensor<[19999, 40], f32>) -> (!ein.tensor<[19999, 33], f32>) attributes {ein.entry} {
  %g = ein.einsum (%h[i, r]) -> [i] reduce [r: max] : (!ein.tensor<[19999, 40], f32>) -> !ein.tensor<[19999], f32>
  %c = ein.einsum (%a[n, m], %b[m, k]) -> [n, k] reduce [m: add] : (!ein.tensor<[20000, 40], f32>, !ein.tensor<[40, 33], f32>) -> !ein.tensor<[20000, 33], f32>
  %y = ein.einsum (%c[i, k], %c[i + 1, k], %g[i]) -> [i, k] {partial} : (!ein.tensor<[20000, 33], f32>, !ein.tensor<[20000, 33], f32>, !ein.tensor<[19999], f32>) -> !ein.tensor<[19999, 33], f32> {
  ^bb0(%p: f32, %q: f32, %z: f32):
    %s = arith.subf %p, %q : f32
    %t = arith.mulf %s, %z : f32
    ein.yield %t : f32
  }
  return %y : !ein.tensor<[19999, 33], f32>
}
