// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @element(%a: tensor<32xf32, "lanes">, %c: tensor<16xf32, "lanes">) {
  // expected-error@below {{expected operands of bf16, i16 or i8, but got 'f32'}}
  %0 = tile.dot %a, %a, %c : tensor<32xf32, "lanes">, tensor<32xf32, "lanes">, tensor<16xf32, "lanes">
  return
}

// -----

func.func @operands(%a: tensor<32xbf16, "lanes">, %b: tensor<16xbf16, "lanes">, %c: tensor<16xf32, "lanes">) {
  // expected-error@below {{expected operands of one type}}
  %0 = tile.dot %a, %b, %c : tensor<32xbf16, "lanes">, tensor<16xbf16, "lanes">, tensor<16xf32, "lanes">
  return
}

// -----

func.func @lanes(%a: tensor<33xi16, "lanes">, %c: tensor<16xi32, "lanes">) {
  // expected-error@below {{expected lanes by 2}}
  %0 = tile.dot %a, %a, %c : tensor<33xi16, "lanes">, tensor<33xi16, "lanes">, tensor<16xi32, "lanes">
  return
}

// -----

func.func @accumulator(%a: tensor<4x32xi8, "lanes">, %c: tensor<4x16xi32, "lanes">) {
  // expected-error@below {{expected an accumulator of type 'tensor<4x8xi32, "lanes">'}}
  %0 = tile.dot %a, %a, %c : tensor<4x32xi8, "lanes">, tensor<4x32xi8, "lanes">, tensor<4x16xi32, "lanes">
  return
}

// -----

func.func @joined(%a: tensor<16xi16, "lanes">, %c: tensor<16xf32, "lanes">) {
  // expected-error@below {{expected joined operands of i32}}
  %0 = tile.dot %a, %a, %c joined bf16 : tensor<16xi16, "lanes">, tensor<16xi16, "lanes">, tensor<16xf32, "lanes">
  return
}

// -----

func.func @by(%a: tensor<24xi32, "lanes">, %c: tensor<24xf32, "lanes">) {
  // expected-error@below {{expected lanes of sums by 16}}
  %0 = tile.dot %a, %a, %c joined bf16 by 16 : tensor<24xi32, "lanes">, tensor<24xi32, "lanes">, tensor<24xf32, "lanes">
  return
}
