// RUN: einfall-opt %s --split-input-file --compile-from=kernels --compile-to=tile --target=sm_80 --verify-diagnostics -o %t

// All of 'm' is read for each 'p', and 'k' is added up: a block has both.
!x = !ein.tensor<[n, 128, 96], f32>
func.func @map(%x: !x, %w: !ein.tensor<[96], f32>) -> !ein.tensor<[n, 96], f32> attributes {ein.entry} {
  // expected-error @below {{keeps tensors of 49664 bytes for a block, more than the 45056 that blocks share of a GPU's core: one has 128 of 'm' by 96 of 'k', which no smaller part serves}}
  %0 = ein.kernel "k"(%x, %w) : (!x, !ein.tensor<[96], f32>) -> !ein.tensor<[n, 96], f32> {
  ^bb0(%a: !x, %b: !ein.tensor<[96], f32>):
    // expected-note @below {{this takes 49152 of them}}
    %e = ein.einsum (%a[i, m, k]) -> [i, m, k] : (!x) -> !x {
    ^bb0(%v: f32):
      %r = math.exp %v : f32
      ein.yield %r : f32
    }
    %s = ein.einsum (%e[i, m, k], %b[k]) -> [i, m] reduce [k: add] : (!x, !ein.tensor<[96], f32>) -> !ein.tensor<[n, 128], f32>
    %y = ein.einsum (%e[i, m, k], %s[i, m]) -> [i, k] reduce [m: add] : (!x, !ein.tensor<[n, 128], f32>) -> !ein.tensor<[n, 96], f32>
    ein.yield %y : !ein.tensor<[n, 96], f32>
  }
  return %0 : !ein.tensor<[n, 96], f32>
}
