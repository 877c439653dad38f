// RUN: einfall-opt %s --ein-interpret --split-input-file --verify-diagnostics

// What a run can find wrong is an error at the op, in terms of its symbols.

func.func @unbound() {
  %c = ein.constant dense<1.0> : tensor<f32> -> !ein.tensor<[], f32>
  // expected-error @+1 {{symbol 'n' has no value: no argument's shape binds it and it was not passed as a parameter}}
  %x = ein.view %c[] -> [i] : !ein.tensor<[], f32> -> !ein.tensor<[n], f32>
  check.expect_eq %x, %x : !ein.tensor<[n], f32>
  return
}

// -----

func.func @negative() attributes {check.params = {t = 1, s = 3}} {
  %c = ein.constant dense<1.0> : tensor<f32> -> !ein.tensor<[], f32>
  // expected-error @+1 {{extent 't - s' is -2, expected at least 0}}
  %x = ein.view %c[] -> [i] : !ein.tensor<[], f32> -> !ein.tensor<[t - s], f32>
  check.expect_eq %x, %x : !ein.tensor<[t - s], f32>
  return
}

// -----

func.func @negative_reduced() attributes {check.params = {t = 1}} {
  %c = ein.constant dense<1.0> : tensor<f32> -> !ein.tensor<[], f32>
  // expected-error @+1 {{rank 'r' has extent 't - 2' = -1, expected at least 0}}
  %x = ein.einsum (%c[]) -> [] reduce [r in t - 2: add] : (!ein.tensor<[], f32>) -> !ein.tensor<[], f32>
  check.expect_eq %x, %x : !ein.tensor<[], f32>
  return
}

// -----

func.func @division() attributes {check.params = {n = 0}} {
  %c = ein.constant dense<1.0> : tensor<f32> -> !ein.tensor<[], f32>
  // expected-error @+1 {{extent '4 floordiv n' divides by less than 1}}
  %x = ein.view %c[] -> [i] : !ein.tensor<[], f32> -> !ein.tensor<[4 floordiv n], f32>
  check.expect_eq %x, %x : !ein.tensor<[4 floordiv n], f32>
  return
}

// -----

func.func @index_division() attributes {check.params = {n = 0}} {
  %c = ein.constant dense<1.0> : tensor<2xf32> -> !ein.tensor<[2], f32>
  // expected-error @+1 {{an index divides by 0, expected at least 1}}
  %x = ein.view %c[i floordiv n] -> [i] : !ein.tensor<[2], f32> -> !ein.tensor<[2], f32>
  check.expect_eq %x, %x : !ein.tensor<[2], f32>
  return
}

// -----

func.func @coordinate_division() {
  %c = ein.constant dense<1.0> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %p = ein.constant dense<1> : tensor<2xi32> -> !ein.tensor<[2], i32>
  // expected-error @+1 {{an index divides by what is not an extent}}
  %x = ein.gather %c[i floordiv r] using (%p[i] as r) -> [i]
      : !ein.tensor<[2], f32> (!ein.tensor<[2], i32>) -> !ein.tensor<[2], f32>
  check.expect_eq %x, %x : !ein.tensor<[2], f32>
  return
}

// -----

func.func @integer_division() {
  %c = ein.constant dense<[1, 0]> : tensor<2xi32> -> !ein.tensor<[2], i32>
  %x = ein.einsum (%c[i]) -> [i] : (!ein.tensor<[2], i32>) -> !ein.tensor<[2], i32> {
  ^bb0(%a: i32):
    // expected-error @+1 {{divides by zero at a point of the iteration space}}
    %d = arith.remsi %a, %a : i32
    ein.yield %d : i32
  }
  check.expect_eq %x, %x : !ein.tensor<[2], i32>
  return
}

// -----

func.func @topk() attributes {check.params = {n = 1}} {
  %c = ein.constant dense<1.0> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %x = ein.view %c[i] -> [i] : !ein.tensor<[2], f32> -> !ein.tensor<[n], f32>
  // expected-error @+1 {{k is 2, but extent 'n' is 1}}
  %v, %i = ein.topk %x dim 0 k 2 : !ein.tensor<[n], f32> -> !ein.tensor<[2], f32>, !ein.tensor<[2], i64>
  check.expect_eq %v, %c : !ein.tensor<[2], f32>
  return
}

// -----

func.func private @twice(%a: !ein.tensor<[n], f32>, %b: !ein.tensor<[n], f32>) {
  return
}

func.func private @offset(%a: !ein.tensor<[n], f32>, %b: !ein.tensor<[n + 1], f32>) {
  return
}

// The callee's own `n` is what its first argument says.
func.func @mismatch() attributes {check.params = {n = 2}} {
  %a = ein.constant dense<1.0> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %x = ein.view %a[i] -> [i] : !ein.tensor<[2], f32> -> !ein.tensor<[n], f32>
  %y = ein.view %a[i] -> [i] : !ein.tensor<[2], f32> -> !ein.tensor<[n + 1], f32>
  call @offset(%x, %y) : (!ein.tensor<[n], f32>, !ein.tensor<[n + 1], f32>) -> ()
  check.expect_eq %a, %a : !ein.tensor<[2], f32>
  return
}

// -----

func.func private @absent(%a: !ein.tensor<[], f32>)

func.func @declaration() {
  %a = ein.constant dense<1.0> : tensor<f32> -> !ein.tensor<[], f32>
  // expected-error @+1 {{'absent' has no body}}
  call @absent(%a) : (!ein.tensor<[], f32>) -> ()
  check.expect_eq %a, %a : !ein.tensor<[], f32>
  return
}

// -----

func.func private @forever(%a: !ein.tensor<[], f32>) {
  // expected-error @+1 {{'forever' calls itself}}
  call @forever(%a) : (!ein.tensor<[], f32>) -> ()
  return
}

func.func @recursion() {
  %a = ein.constant dense<1.0> : tensor<f32> -> !ein.tensor<[], f32>
  call @forever(%a) : (!ein.tensor<[], f32>) -> ()
  check.expect_eq %a, %a : !ein.tensor<[], f32>
  return
}

// -----

func.func @foreign() {
  %a = ein.constant dense<1.0> : tensor<f32> -> !ein.tensor<[], f32>
  // expected-error @+1 {{the reference interpreter does not know this operation}}
  %b = arith.constant 1 : index
  check.expect_eq %a, %a : !ein.tensor<[], f32>
  return
}

// -----

func.func @large() attributes {check.params = {n = 4000000000}} {
  %c = ein.constant dense<1.0> : tensor<f32> -> !ein.tensor<[], f32>
  // expected-error @+1 {{is too large to interpret}}
  %x = ein.view %c[] -> [i, j, k] : !ein.tensor<[], f32> -> !ein.tensor<[n, n, n], f32>
  check.expect_eq %x, %x : !ein.tensor<[n, n, n], f32>
  return
}

// -----

func.func private @positive(%a: !ein.tensor<[n], f32>) attributes {ein.assume = [#ein.extent<n - 3>]} {
  return
}

func.func @assumption() attributes {check.params = {n = 2}} {
  %a = ein.constant dense<1.0> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %x = ein.view %a[i] -> [i] : !ein.tensor<[2], f32> -> !ein.tensor<[n], f32>
  // expected-error @+1 {{'positive' assumes that 'n - 3' is at least 0, but it is -1}}
  call @positive(%x) : (!ein.tensor<[n], f32>) -> ()
  check.expect_eq %a, %a : !ein.tensor<[2], f32>
  return
}
