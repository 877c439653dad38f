// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @rank(%a: tensor<2x32xf32, "lanes">) {
  // expected-error@below {{expected an even number of lanes of f32}}
  %0 = tile.are_numbers %a : tensor<2x32xf32, "lanes"> -> tensor<16xi1, "lanes">
  return
}

// -----

func.func @result(%a: tensor<32xf32, "lanes">) {
  // expected-error@below {{expected a result of type 'tensor<16xi1, "lanes">'}}
  %0 = tile.are_numbers %a : tensor<32xf32, "lanes"> -> tensor<32xi1, "lanes">
  return
}
