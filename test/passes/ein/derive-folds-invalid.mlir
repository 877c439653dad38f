// RUN: einfall-opt %s --ein-derive-folds --split-input-file --remark-format=emitRemark --remarks-filter-missed=ein-derive-folds --verify-diagnostics -o %t

func.func @sum_in_exp(%X: !ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32> {
  %S = ein.einsum (%X[b, d]) -> [b] reduce [d: add] {ein.name = "S"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  // expected-remark @+1 {{not folded over rank 'd': exp([b, d] - state1): no maximum of '[b, d]' is subtracted}}
  %Y = ein.einsum (%X[b, d], %S[b]) -> [b] reduce [d: add] {ein.name = "Y"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  return %Y : !ein.tensor<[B], f32>
}

// -----

func.func @not_separable(%X: !ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32> {
  %S = ein.einsum (%X[b, d]) -> [b] reduce [d: max] {ein.name = "S"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  // expected-remark @+1 {{not folded over rank 'd': 'tanh([b, d] - state1)' splits into no factor of the element and factor of the result}}
  %Y = ein.einsum (%X[b, d], %S[b]) -> [b] reduce [d: add] {ein.name = "Y"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.tanh %r1 : f32
    ein.yield %r2 : f32
  }
  return %Y : !ein.tensor<[B], f32>
}

// -----

func.func @product_in_exp(%X: !ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32> {
  %S = ein.einsum (%X[b, d]) -> [b] reduce [d: max] {ein.name = "S"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  // expected-remark @+1 {{which multiplies an element by a result of the same rank}}
  %Y = ein.einsum (%X[b, d], %S[b]) -> [b] reduce [d: add] {ein.name = "Y"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.mulf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  return %Y : !ein.tensor<[B], f32>
}

// -----

func.func @raw_reference(%X: !ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32> {
  %S = ein.einsum (%X[b, d]) -> [b] reduce [d: add] {ein.name = "S"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  // expected-remark @+1 {{so its sum may cancel}}
  %Y = ein.einsum (%X[b, d], %S[b]) -> [b] reduce [d: add] {ein.name = "Y"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = arith.subf %a, %b : f32
    %r3 = arith.mulf %r1, %r2 : f32
    ein.yield %r3 : f32
  }
  return %Y : !ein.tensor<[B], f32>
}

// -----

func.func @compared(%X: !ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32> {
  %S = ein.einsum (%X[b, d]) -> [b] reduce [d: add] {ein.name = "S"}
      : (!ein.tensor<[B, D], f32>) -> !ein.tensor<[B], f32>
  // expected-remark @+1 {{compares an element with a result of the same rank}}
  %Y = ein.einsum (%X[b, d], %S[b]) -> [b] reduce [d: add] {ein.name = "Y"}
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.cmpf ogt, %a, %b : f32
    %c2 = arith.constant 0.000000e+00 : f32
    %r3 = arith.select %r1, %a, %c2 : f32
    ein.yield %r3 : f32
  }
  return %Y : !ein.tensor<[B], f32>
}
