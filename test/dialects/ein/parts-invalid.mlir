// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @alone(%x: !ein.tensor<[b, v], f32>) -> !ein.tensor<[b], f32> {
  // expected-error @+1 {{expected part_rank and, at least 1, part_length together}}
  %y = ein.fold (%x[b, v]) over [v] -> [b] {part_rank = "b"} : (!ein.tensor<[b, v], f32>) -> !ein.tensor<[b], f32> init {
    %zero = arith.constant 0.0 : f32
    ein.yield %zero : f32
  } step {
  ^bb0(%s: f32, %e: f32):
    %next = arith.addf %s, %e : f32
    ein.yield %next : f32
  } merge {
  ^bb0(%l: f32, %r: f32, %e: f32):
    %both = arith.addf %l, %r : f32
    ein.yield %both : f32
  } finish {
  ^bb0(%s: f32, %e: f32):
    ein.yield %s : f32
  }
  return %y : !ein.tensor<[b], f32>
}

// -----

func.func @read(%x: !ein.tensor<[b, v], f32>) -> !ein.tensor<[b], f32> {
  // expected-error @+1 {{operand #0 is read along part_rank 'b'}}
  %y = ein.fold (%x[b, v]) over [v] -> [b] {part_rank = "b", part_length = #ein.extent<4>} : (!ein.tensor<[b, v], f32>) -> !ein.tensor<[b], f32> init {
    %zero = arith.constant 0.0 : f32
    ein.yield %zero : f32
  } step {
  ^bb0(%s: f32, %e: f32):
    %next = arith.addf %s, %e : f32
    ein.yield %next : f32
  } merge {
  ^bb0(%l: f32, %r: f32, %e: f32):
    %both = arith.addf %l, %r : f32
    ein.yield %both : f32
  } finish {
  ^bb0(%s: f32, %e: f32):
    ein.yield %s : f32
  }
  return %y : !ein.tensor<[b], f32>
}
