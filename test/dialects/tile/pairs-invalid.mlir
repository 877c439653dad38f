// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @odd(%a: tensor<2x15xbf16, "lanes">) {
  // expected-error@below {{expected two tiles of one shape with an even number of lanes}}
  %0 = tile.extend_pairs %a : tensor<2x15xbf16, "lanes"> -> tensor<2x15xf32, "lanes">
  return
}

// -----

func.func @shapes(%a: tensor<32xf32, "lanes">) {
  // expected-error@below {{expected two tiles of one shape with an even number of lanes}}
  %0 = tile.round_pairs %a : tensor<32xf32, "lanes"> -> tensor<16xbf16, "lanes">
  return
}

// -----

func.func @elements(%a: tensor<32xf16, "lanes">) {
  // expected-error@below {{expected elements of bf16 and f32}}
  %0 = tile.extend_pairs %a : tensor<32xf16, "lanes"> -> tensor<32xf32, "lanes">
  return
}

// -----

func.func @lanes(%a: tensor<32xf32>) {
  // expected-error@below {{expected two tiles of one shape with an even number of lanes}}
  %0 = tile.round_pairs %a : tensor<32xf32> -> tensor<32xbf16>
  return
}
