// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Split, flatten, transpose, slice, broadcast, pad, shift by an extent.

func.func @split_flatten() {
  %x = ein.constant dense<[[0, 1, 2, 3, 4, 5]]> : tensor<1x6xi32> -> !ein.tensor<[1, 6], i32>
  %s = ein.view %x[b, h * 3 + d] -> [b, h, d] : !ein.tensor<[1, 6], i32> -> !ein.tensor<[1, 2, 3], i32>
  %t = ein.view %s[b, h, d] -> [d, b, h] : !ein.tensor<[1, 2, 3], i32> -> !ein.tensor<[3, 1, 2], i32>
  %f = ein.view %t[i floordiv 2, 0, i mod 2] -> [i] : !ein.tensor<[3, 1, 2], i32> -> !ein.tensor<[6], i32>
  %es = ein.constant dense<[[[0, 1, 2], [3, 4, 5]]]> : tensor<1x2x3xi32> -> !ein.tensor<[1, 2, 3], i32>
  %ef = ein.constant dense<[0, 3, 1, 4, 2, 5]> : tensor<6xi32> -> !ein.tensor<[6], i32>
  check.expect_eq %s, %es : !ein.tensor<[1, 2, 3], i32>
  check.expect_eq %f, %ef : !ein.tensor<[6], i32>
  return
}

func.func @slice_pad_broadcast() {
  %x = ein.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %slice = ein.view %x[i + 1] -> [i] : !ein.tensor<[3], f32> -> !ein.tensor<[2], f32>
  %pad = ein.view %x[i - 1] fill -1.0 -> [i] : !ein.tensor<[3], f32> -> !ein.tensor<[5], f32>
  %zero = ein.view %x[i + 2] -> [i] : !ein.tensor<[3], f32> -> !ein.tensor<[2], f32>
  %wide = ein.view %x[i] -> [i, j] : !ein.tensor<[3], f32> -> !ein.tensor<[3, 2], f32>
  %eslice = ein.constant dense<[2.0, 3.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %epad = ein.constant dense<[-1.0, 1.0, 2.0, 3.0, -1.0]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  %ezero = ein.constant dense<[3.0, 0.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %ewide = ein.constant dense<[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]> : tensor<3x2xf32> -> !ein.tensor<[3, 2], f32>
  check.expect_eq %slice, %eslice : !ein.tensor<[2], f32>
  check.expect_eq %pad, %epad : !ein.tensor<[5], f32>
  check.expect_eq %zero, %ezero : !ein.tensor<[2], f32>
  check.expect_eq %wide, %ewide : !ein.tensor<[3, 2], f32>
  return
}

// Extents of run time: the last `s` of `t`.
func.func @symbols() attributes {check.params = {t = 5, s = 2}} {
  %c = ein.constant dense<[0, 1, 2, 3, 4]> : tensor<5xi64> -> !ein.tensor<[5], i64>
  %x = ein.view %c[i] -> [i] : !ein.tensor<[5], i64> -> !ein.tensor<[t], i64>
  %y = ein.view %x[t - s + i] -> [i] : !ein.tensor<[t], i64> -> !ein.tensor<[s], i64>
  %z = ein.view %y[i] -> [i] : !ein.tensor<[s], i64> -> !ein.tensor<[2], i64>
  %e = ein.constant dense<[3, 4]> : tensor<2xi64> -> !ein.tensor<[2], i64>
  check.expect_eq %z, %e : !ein.tensor<[2], i64>
  return
}

// A view without a dimension that has elements; a ceiling division.
func.func @corners() {
  %x = ein.constant dense<7> : tensor<i32> -> !ein.tensor<[], i32>
  %w = ein.view %x[] -> [i] : !ein.tensor<[], i32> -> !ein.tensor<[2], i32>
  %n = ein.view %w[i ceildiv 2] fill 9 -> [i] : !ein.tensor<[2], i32> -> !ein.tensor<[4], i32>
  %z = ein.constant dense<> : tensor<0xi32> -> !ein.tensor<[0], i32>
  %p = ein.view %z[i] fill 3 -> [i] : !ein.tensor<[0], i32> -> !ein.tensor<[2], i32>
  %en = ein.constant dense<[7, 7, 7, 9]> : tensor<4xi32> -> !ein.tensor<[4], i32>
  %ep = ein.constant dense<3> : tensor<2xi32> -> !ein.tensor<[2], i32>
  check.expect_eq %n, %en : !ein.tensor<[4], i32>
  check.expect_eq %p, %ep : !ein.tensor<[2], i32>
  return
}
