// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

func.func @cache() attributes {check.params = {t = 3, s = 2}} {
  %k = ein.constant dense<[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]]> : tensor<4x2xf32> -> !ein.tensor<[4, 2], f32>
  %n = ein.constant dense<[[8.0, 8.5], [9.0, 9.5]]> : tensor<2x2xf32> -> !ein.tensor<[2, 2], f32>
  %new = ein.view %n[i, d] -> [i, d] : !ein.tensor<[2, 2], f32> -> !ein.tensor<[s, 2], f32>
  %u = ein.update %k[t - s + i, d] = %new[i, d] : !ein.tensor<[4, 2], f32>, !ein.tensor<[s, 2], f32>
  %e = ein.constant dense<[[1.0, 1.0], [8.0, 8.5], [9.0, 9.5], [4.0, 4.0]]> : tensor<4x2xf32> -> !ein.tensor<[4, 2], f32>
  check.expect_eq %u, %e : !ein.tensor<[4, 2], f32>
  // The old value is still there.
  %old = ein.constant dense<[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]]> : tensor<4x2xf32> -> !ein.tensor<[4, 2], f32>
  check.expect_eq %k, %old : !ein.tensor<[4, 2], f32>
  return
}

// What falls outside is dropped; of two sources for one place the later wins.
func.func @outside_and_twice() {
  %k = ein.constant dense<[1, 2, 3]> : tensor<3xi32> -> !ein.tensor<[3], i32>
  %n = ein.constant dense<[7, 8, 9]> : tensor<3xi32> -> !ein.tensor<[3], i32>
  %u = ein.update %k[i + 2] = %n[i] : !ein.tensor<[3], i32>, !ein.tensor<[3], i32>
  %v = ein.update %k[i floordiv 2] = %n[i] : !ein.tensor<[3], i32>, !ein.tensor<[3], i32>
  %eu = ein.constant dense<[1, 2, 7]> : tensor<3xi32> -> !ein.tensor<[3], i32>
  %ev = ein.constant dense<[8, 9, 3]> : tensor<3xi32> -> !ein.tensor<[3], i32>
  check.expect_eq %u, %eu : !ein.tensor<[3], i32>
  check.expect_eq %v, %ev : !ein.tensor<[3], i32>
  return
}
