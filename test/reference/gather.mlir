// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

func.func @rows() {
  %t = ein.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32> -> !ein.tensor<[3, 2], f32>
  %ids = ein.constant dense<[[2, 1, -1], [3, 0, 0]]> : tensor<2x3xi64> -> !ein.tensor<[2, 3], i64>
  %g = ein.gather %t[r, d] using (%ids[b, s] as r) -> [b, s, d]
      : !ein.tensor<[3, 2], f32> (!ein.tensor<[2, 3], i64>) -> !ein.tensor<[2, 3, 2], f32>
  %e = ein.constant dense<[[[5.0, 6.0], [3.0, 4.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 2.0], [1.0, 2.0]]]>
      : tensor<2x3x2xf32> -> !ein.tensor<[2, 3, 2], f32>
  check.expect_eq %g, %e : !ein.tensor<[2, 3, 2], f32>
  return
}

// Two coordinates, one inside an expression; the fill where either is outside.
func.func @two_coordinates() {
  %t = ein.constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi32> -> !ein.tensor<[3, 2], i32>
  %p = ein.constant dense<[0, 1, 1]> : tensor<3xi32> -> !ein.tensor<[3], i32>
  %q = ein.constant dense<[1, 0, 5]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  %g = ein.gather %t[r + 1, c] fill -7 using (%p[i] as r, %q[i] as c) -> [i]
      : !ein.tensor<[3, 2], i32> (!ein.tensor<[3], i32>, !ein.tensor<[3], i8>) -> !ein.tensor<[3], i32>
  %e = ein.constant dense<[4, 5, -7]> : tensor<3xi32> -> !ein.tensor<[3], i32>
  check.expect_eq %g, %e : !ein.tensor<[3], i32>
  return
}

// Extreme coordinates are outside, whatever is added to them.
func.func @far() {
  %t = ein.constant dense<[1, 2]> : tensor<2xi32> -> !ein.tensor<[2], i32>
  %p = ein.constant dense<[9223372036854775807, -9223372036854775808]> : tensor<2xi64> -> !ein.tensor<[2], i64>
  %g = ein.gather %t[r] using (%p[i] as r) -> [i]
      : !ein.tensor<[2], i32> (!ein.tensor<[2], i64>) -> !ein.tensor<[2], i32>
  %e = ein.constant dense<0> : tensor<2xi32> -> !ein.tensor<[2], i32>
  check.expect_eq %g, %e : !ein.tensor<[2], i32>
  return
}
