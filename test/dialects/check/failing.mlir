// RUN: einfall-opt %s --ein-interpret --split-input-file --verify-diagnostics
// RUN: not einfall-opt %s --ein-interpret 2>&1 | FileCheck %s
// CHECK: error: at [1, 0]: got 3, expected 7; 2 of 4 elements differ

func.func @integers() {
  %x = ein.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi32> -> !ein.tensor<[2, 2], i32>
  %y = ein.constant dense<[[1, 2], [7, 8]]> : tensor<2x2xi32> -> !ein.tensor<[2, 2], i32>
  // expected-error @+1 {{at [1, 0]: got 3, expected 7; 2 of 4 elements differ}}
  check.expect_eq %x, %y : !ein.tensor<[2, 2], i32>
  // The check after it runs too.
  // expected-error @+1 {{at [1, 0]: got 7, expected 3; 2 of 4 elements differ}}
  check.expect_eq %y, %x : !ein.tensor<[2, 2], i32>
  return
}

// -----

func.func @scalar() {
  %x = ein.constant dense<1.0> : tensor<f32> -> !ein.tensor<[], f32>
  %y = ein.constant dense<1.25> : tensor<f32> -> !ein.tensor<[], f32>
  // expected-error @+1 {{at []: got 1, expected 1.25; 1 of 1 element differs}}
  check.expect_eq %x, %y : !ein.tensor<[], f32>
  check.expect_close %x, %y {atol = 0.25 : f64, rtol = 0.0 : f64} : !ein.tensor<[], f32>
  check.expect_close %x, %y {atol = 0.0 : f64, rtol = 0.2 : f64} : !ein.tensor<[], f32>
  // expected-error @+1 {{at []: got 1, expected 1.25}}
  check.expect_close %x, %y {atol = 0.0 : f64, rtol = 0.19 : f64} : !ein.tensor<[], f32>
  return
}

// -----

func.func @special() {
  %x = ein.constant dense<[0x7FC00000, 0x7F800000, 0xFF800000, 0.0]> : tensor<4xf32> -> !ein.tensor<[4], f32>
  %y = ein.constant dense<[0x7FC00001, 0x7F800000, 0xFF800000, -0.0]> : tensor<4xf32> -> !ein.tensor<[4], f32>
  %z = ein.constant dense<[1.0, 0xFF800000, 0.0, 0x7FC00000]> : tensor<4xf32> -> !ein.tensor<[4], f32>
  // expected-error @+1 {{at [3]: got 0, expected -0; 1 of 4 elements differ}}
  check.expect_eq %x, %y : !ein.tensor<[4], f32>
  check.expect_close %x, %y : !ein.tensor<[4], f32>
  // expected-error @+1 {{at [0]: got nan, expected 1; 4 of 4 elements differ}}
  check.expect_close %x, %z : !ein.tensor<[4], f32>
  return
}
