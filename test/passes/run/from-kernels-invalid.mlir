// RUN: einfall-opt %s --run-from-kernels --split-input-file --verify-diagnostics

func.func @no_program(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> attributes {ein.entry} {
  // expected-error @+1 {{names no tile program: run ein-to-tile first}}
  %y = ein.kernel "map_0"(%x) : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: !ein.tensor<[n], f32>):
    ein.yield %a : !ein.tensor<[n], f32>
  }
  return %y : !ein.tensor<[n], f32>
}

// -----
func.func @no_kernel(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> attributes {ein.entry} {
  // expected-error @+1 {{is not part of a kernel}}
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return %y : !ein.tensor<[n], f32>
}

// -----
// expected-error @+1 {{no argument of entry 'unknown_size' tells the size "n": list it in ein.params, to be passed as a number}}
func.func @unknown_size(%x: !ein.tensor<[2 * n], f32>) attributes {ein.entry} {
  return
}

// -----
// expected-error @+1 {{argument #1: 'k' is an argument already; name each weight and state once}}
func.func @state_twice(%a: !ein.tensor<[n], f32> {ein.state = "k"}, %b: !ein.tensor<[n], f32> {ein.state = "k"}) attributes {ein.entry} {
  return
}

// -----
func.func @no_state(%a: !ein.tensor<[n], f32>) -> (!ein.tensor<[n], f32> {ein.state = "k"}) attributes {ein.entry} {
  // expected-error @+1 {{result #0 is the new value of state 'k', but the entry has no argument of that state}}
  return %a : !ein.tensor<[n], f32>
}

// -----
func.func @other_type(%a: !ein.tensor<[4], f32> {ein.state = "k"}, %b: !ein.tensor<[5], f32>) -> (!ein.tensor<[5], f32> {ein.state = "k"}) attributes {ein.entry} {
  // expected-error @+1 {{result #0 is the new value of state 'k', but differs from it in type}}
  return %b : !ein.tensor<[5], f32>
}
