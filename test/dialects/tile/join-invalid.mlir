// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @element(%a: tensor<2x16xf32, "lanes">) {
  // expected-error@below {{expected elements of 8 or 16 bits}}
  %0 = tile.join %a along 0 : tensor<2x16xf32, "lanes"> -> tensor<1x16xi32, "lanes">
  return
}

// -----

func.func @dimension(%a: tensor<3x16xbf16, "lanes">) {
  // expected-error@below {{expected a dimension by 2, but got 0}}
  %0 = tile.join %a along 0 : tensor<3x16xbf16, "lanes"> -> tensor<1x16xi32, "lanes">
  return
}

// -----

func.func @result(%a: tensor<4x16xi8, "lanes">) {
  // expected-error@below {{expected a result of type 'tensor<1x16xi32, "lanes">'}}
  %0 = tile.join %a along 0 : tensor<4x16xi8, "lanes"> -> tensor<2x16xi32, "lanes">
  return
}
