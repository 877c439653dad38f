// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

func.func @concat() {
  %a = ein.constant dense<[[1], [2]]> : tensor<2x1xi16> -> !ein.tensor<[2, 1], i16>
  %b = ein.constant dense<[[3, 4], [5, 6]]> : tensor<2x2xi16> -> !ein.tensor<[2, 2], i16>
  %z = ein.constant dense<> : tensor<2x0xi16> -> !ein.tensor<[2, 0], i16>
  %c = ein.concat %a, %z, %b dim 1 : (!ein.tensor<[2, 1], i16>, !ein.tensor<[2, 0], i16>, !ein.tensor<[2, 2], i16>) -> !ein.tensor<[2, 3], i16>
  %d = ein.concat %c, %c dim 0 : (!ein.tensor<[2, 3], i16>, !ein.tensor<[2, 3], i16>) -> !ein.tensor<[4, 3], i16>
  %e = ein.constant dense<[[1, 3, 4], [2, 5, 6], [1, 3, 4], [2, 5, 6]]> : tensor<4x3xi16> -> !ein.tensor<[4, 3], i16>
  check.expect_eq %d, %e : !ein.tensor<[4, 3], i16>
  return
}
