// RUN: einfall-opt %s --ein-to-tile --split-input-file --verify-diagnostics

func.func @no_rank(%arg0: !ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
  // expected-error@below {{cannot follow its schedule: it has no rank 'q'}}
  %0 = ein.kernel "reduce_0"(%arg0) {tile.schedule = #tile.schedule<ranks = {q = array<i64: 1>}>} : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
  ^bb0(%arg1: !ein.tensor<[m, 384], f32>):
    %1 = ein.einsum (%arg1[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m], f32>
    %2 = ein.einsum (%arg1[i, j], %1[i]) -> [i, j] : (!ein.tensor<[m, 384], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, 384], f32> {
    ^bb0(%arg2: f32, %arg3: f32):
      %3 = arith.divf %arg2, %arg3 : f32
      ein.yield %3 : f32
    }
    ein.yield %2 : !ein.tensor<[m, 384], f32>
  }
  return %0 : !ein.tensor<[m, 384], f32>
}

// -----

func.func @whole(%arg0: !ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
  // expected-error@below {{cannot follow its schedule: its blocks have all of rank 'k'}}
  %0 = ein.kernel "reduce_0"(%arg0) {tile.schedule = #tile.schedule<ranks = {k = array<i64: 8>}>} : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
  ^bb0(%arg1: !ein.tensor<[m, 384], f32>):
    %1 = ein.einsum (%arg1[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m], f32>
    %2 = ein.einsum (%arg1[i, j], %1[i]) -> [i, j] : (!ein.tensor<[m, 384], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, 384], f32> {
    ^bb0(%arg2: f32, %arg3: f32):
      %3 = arith.divf %arg2, %arg3 : f32
      ein.yield %3 : f32
    }
    ein.yield %2 : !ein.tensor<[m, 384], f32>
  }
  return %0 : !ein.tensor<[m, 384], f32>
}

// -----

func.func @tiles(%arg0: !ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
  // expected-error@below {{cannot follow its schedule: rank 'i' expects array<i64: part>}}
  %0 = ein.kernel "reduce_0"(%arg0) {tile.schedule = #tile.schedule<ranks = {i = array<i64: 8, 4>}>} : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
  ^bb0(%arg1: !ein.tensor<[m, 384], f32>):
    %1 = ein.einsum (%arg1[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m], f32>
    %2 = ein.einsum (%arg1[i, j], %1[i]) -> [i, j] : (!ein.tensor<[m, 384], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, 384], f32> {
    ^bb0(%arg2: f32, %arg3: f32):
      %3 = arith.divf %arg2, %arg3 : f32
      ein.yield %3 : f32
    }
    ein.yield %2 : !ein.tensor<[m, 384], f32>
  }
  return %0 : !ein.tensor<[m, 384], f32>
}

// -----

func.func @none(%arg0: !ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
  // expected-error@below {{cannot follow its schedule: rank 'i' expects array<i64: part>}}
  %0 = ein.kernel "reduce_0"(%arg0) {tile.schedule = #tile.schedule<ranks = {i = array<i64: 0>}>} : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
  ^bb0(%arg1: !ein.tensor<[m, 384], f32>):
    %1 = ein.einsum (%arg1[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m], f32>
    %2 = ein.einsum (%arg1[i, j], %1[i]) -> [i, j] : (!ein.tensor<[m, 384], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, 384], f32> {
    ^bb0(%arg2: f32, %arg3: f32):
      %3 = arith.divf %arg2, %arg3 : f32
      ein.yield %3 : f32
    }
    ein.yield %2 : !ein.tensor<[m, 384], f32>
  }
  return %0 : !ein.tensor<[m, 384], f32>
}

// -----

func.func @projections(%arg0: !ein.tensor<[s, 96], f32>, %arg1: !ein.tensor<[96], f32>, %arg2: !ein.tensor<[200, 96], f32>, %arg3: !ein.tensor<[300, 96], f32>) -> (!ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>) {
  // expected-error@below {{cannot follow its schedule: expected an array of 2, one a part, but got [unit]}}
  %0:2 = ein.kernel "reduce_1"(%arg2, %arg3, %arg0, %arg1) {parts = array<i64: 1, 1>, tile.schedule = [unit]} : (!ein.tensor<[200, 96], f32>, !ein.tensor<[300, 96], f32>, !ein.tensor<[s, 96], f32>, !ein.tensor<[96], f32>) -> (!ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>) {
  ^bb0(%arg4: !ein.tensor<[200, 96], f32>, %arg5: !ein.tensor<[300, 96], f32>, %arg6: !ein.tensor<[s, 96], f32>, %arg7: !ein.tensor<[96], f32>):
    %1 = ein.einsum (%arg6[s, e], %arg7[e]) -> [s, e] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[96], f32>) -> !ein.tensor<[s, 96], f32>
    %2 = ein.einsum (%1[s, e], %arg4[f, e]) -> [s, f] reduce [e: add] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[200, 96], f32>) -> !ein.tensor<[s, 200], f32>
    %3 = ein.einsum (%arg6[s, e], %arg7[e]) -> [s, e] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[96], f32>) -> !ein.tensor<[s, 96], f32>
    %4 = ein.einsum (%3[s, e], %arg5[g, e]) -> [s, g] reduce [e: add] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[300, 96], f32>) -> !ein.tensor<[s, 300], f32>
    ein.yield %2, %4 : !ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>
  }
  return %0#0, %0#1 : !ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>
}

// -----

// What is stored is nobody's wish: it is left out.
module attributes {tile.schedules = {"7ee589f5ab1619f2e3f774003f4bfc03" = #tile.schedule<ranks = {q = array<i64: 1>}>}} {
  func.func @stored(%arg0: !ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
    // expected-warning@below {{leaves out the schedule that is stored for it: 'ein.kernel' op cannot follow its schedule: it has no rank 'q'}}
    %0 = ein.kernel "reduce_0"(%arg0) : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
    ^bb0(%arg1: !ein.tensor<[m, 384], f32>):
      %1 = ein.einsum (%arg1[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m], f32>
      %2 = ein.einsum (%arg1[i, j], %1[i]) -> [i, j] : (!ein.tensor<[m, 384], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, 384], f32> {
      ^bb0(%arg2: f32, %arg3: f32):
        %3 = arith.divf %arg2, %arg3 : f32
        ein.yield %3 : f32
      }
      ein.yield %2 : !ein.tensor<[m, 384], f32>
    }
    return %0 : !ein.tensor<[m, 384], f32>
  }
}
