// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @close_of_integers(%x: !ein.tensor<[n], i32>) {
  // expected-error @+1 {{compares floats, but got 'i32': use check.expect_eq}}
  check.expect_close %x, %x : !ein.tensor<[n], i32>
  return
}

// -----

func.func @negative_tolerance(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected rtol of at least 0, but got -1}}
  check.expect_close %x, %x {rtol = -1.0 : f64} : !ein.tensor<[n], f32>
  return
}

// -----

func.func @nan_tolerance(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{expected atol of at least 0, but got}}
  check.expect_close %x, %x {atol = 0x7FF8000000000000 : f64} : !ein.tensor<[n], f32>
  return
}

// -----

func.func @types(%x: !ein.tensor<[n], f32>, %y: !ein.tensor<[m], f32>) {
  // expected-error @+1 {{requires all operands to have the same type}}
  "check.expect_eq"(%x, %y) : (!ein.tensor<[n], f32>, !ein.tensor<[m], f32>) -> ()
  return
}

// -----

// expected-error @+1 {{expected check.params = {SYMBOL = NUMBER, ...}, but got {t = "5"}}}
func.func @check_c1() attributes {check.params = {t = "5"}} {
  return
}
