// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// A kernel means what its body means.
func.func @kernel() {
  %x = ein.constant dense<[1.0, 2.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %s, %d = ein.kernel "k"(%x) : (!ein.tensor<[2], f32>) -> (!ein.tensor<[], f32>, !ein.tensor<[2], f32>) {
  ^bb0(%a: !ein.tensor<[2], f32>):
    %sum = ein.einsum (%a[i]) -> [] reduce [i: add] : (!ein.tensor<[2], f32>) -> !ein.tensor<[], f32>
    %q = ein.einsum (%a[i], %sum[]) -> [i] : (!ein.tensor<[2], f32>, !ein.tensor<[], f32>) -> !ein.tensor<[2], f32>
    ein.yield %sum, %q : !ein.tensor<[], f32>, !ein.tensor<[2], f32>
  }
  %es = ein.constant dense<3.0> : tensor<f32> -> !ein.tensor<[], f32>
  %ed = ein.constant dense<[3.0, 6.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  check.expect_eq %s, %es : !ein.tensor<[], f32>
  check.expect_eq %d, %ed : !ein.tensor<[2], f32>
  return
}
