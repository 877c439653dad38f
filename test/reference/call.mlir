// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Calls bind the callee's symbols from shapes, and its parameters by name.

func.func private @last(%x: !ein.tensor<[n], i64>) -> !ein.tensor<[s], i64> attributes {ein.params = ["s"]} {
  %y = ein.view %x[n - s + i] -> [i] : !ein.tensor<[n], i64> -> !ein.tensor<[s], i64>
  return %y : !ein.tensor<[s], i64>
}

func.func @test() attributes {check.params = {n = 4, s = 2}} {
  %c = ein.constant dense<[1, 2, 3, 4]> : tensor<4xi64> -> !ein.tensor<[4], i64>
  %x = ein.view %c[i] -> [i] : !ein.tensor<[4], i64> -> !ein.tensor<[n], i64>
  %y = func.call @last(%x) : (!ein.tensor<[n], i64>) -> !ein.tensor<[s], i64>
  %z = ein.view %y[i] -> [i] : !ein.tensor<[s], i64> -> !ein.tensor<[2], i64>
  %e = ein.constant dense<[3, 4]> : tensor<2xi64> -> !ein.tensor<[2], i64>
  check.expect_eq %z, %e : !ein.tensor<[2], i64>
  return
}
