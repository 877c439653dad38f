// Parts that are written on kernels of several stages, and schedules by kernels' keys.
// RUN: einfall-opt %s --split-input-file --ein-to-tile | FileCheck %s

// A part of three rows: a block more for what is left over.
// CHECK-LABEL: func.func @norm
// CHECK: func.func private @reduce_0_p0{{.*}}tile.schedule = #tile.schedule<ranks = {i = array<i64: 3>}>
func.func @norm(%arg0: !ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
  %0 = ein.kernel "reduce_0"(%arg0) {tile.schedule = #tile.schedule<ranks = {i = array<i64: 3>}>} : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
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

// One schedule a part; what is none leaves its part to the compiler.
// CHECK-LABEL: func.func @projections
// CHECK: func.func private @{{.*}}tile.schedule = [#tile.schedule<ranks = {f = array<i64: 16>, s = array<i64: 128>}>, #tile.schedule<ranks = {g = array<i64: 64>, s = array<i64: 256>}>]
func.func @projections(%arg0: !ein.tensor<[s, 96], f32>, %arg1: !ein.tensor<[96], f32>, %arg2: !ein.tensor<[200, 96], f32>, %arg3: !ein.tensor<[300, 96], f32>) -> (!ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>) {
  %0:2 = ein.kernel "reduce_1"(%arg2, %arg3, %arg0, %arg1) {parts = array<i64: 1, 1>, tile.schedule = [#tile.schedule<ranks = {f = array<i64: 16>, s = array<i64: 128>}>, unit]} : (!ein.tensor<[200, 96], f32>, !ein.tensor<[300, 96], f32>, !ein.tensor<[s, 96], f32>, !ein.tensor<[96], f32>) -> (!ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>) {
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

// A kernel without a schedule takes one of its key; another key's is nobody's. Its key stays what it was.
// CHECK-NOT: tile.schedules
// CHECK-LABEL: func.func @keyed
// CHECK: ein.kernel {{.*}}tile.key = "7ee589f5ab1619f2e3f774003f4bfc03"
// CHECK: func.func private @reduce_0_p0{{.*}}tile.schedule = #tile.schedule<ranks = {i = array<i64: 2>}>
module attributes {tile.schedules = {"7ee589f5ab1619f2e3f774003f4bfc03" = #tile.schedule<ranks = {i = array<i64: 2>}>, "other" = #tile.schedule<ranks = {z = array<i64: 2>}>}} {
  func.func @keyed(%arg0: !ein.tensor<[m, 384], f32>) -> !ein.tensor<[m, 384], f32> {
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

// -----

// The second part does not fit: nothing stays of the first, and parts are cut as without it.
// CHECK-LABEL: func.func @left_out
// CHECK-NOT: tile.schedule
// CHECK: func.func private @reduce_1_p0{{.*}}tile.schedule = [#tile.schedule<ranks = {f = array<i64: 64>{{.*}}>, #tile.schedule<ranks = {g = array<i64: 64>
// CHECK-NOT: func.func
module attributes {tile.schedules = {"a964eeb8acb419e70c9bd4876c31b567" = [#tile.schedule<ranks = {f = array<i64: 16>}>, #tile.schedule<ranks = {q = array<i64: 8>}>]}} {
  func.func @left_out(%arg0: !ein.tensor<[s, 96], f32>, %arg1: !ein.tensor<[96], f32>, %arg2: !ein.tensor<[200, 96], f32>, %arg3: !ein.tensor<[300, 96], f32>) -> (!ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>) {
    %0:2 = ein.kernel "reduce_1"(%arg2, %arg3, %arg0, %arg1) {parts = array<i64: 1, 1>} : (!ein.tensor<[200, 96], f32>, !ein.tensor<[300, 96], f32>, !ein.tensor<[s, 96], f32>, !ein.tensor<[96], f32>) -> (!ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>) {
    ^bb0(%arg4: !ein.tensor<[200, 96], f32>, %arg5: !ein.tensor<[300, 96], f32>, %arg6: !ein.tensor<[s, 96], f32>, %arg7: !ein.tensor<[96], f32>):
      %1 = ein.einsum (%arg6[s, e], %arg7[e]) -> [s, e] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[96], f32>) -> !ein.tensor<[s, 96], f32>
      %2 = ein.einsum (%1[s, e], %arg4[f, e]) -> [s, f] reduce [e: add] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[200, 96], f32>) -> !ein.tensor<[s, 200], f32>
      %3 = ein.einsum (%arg6[s, e], %arg7[e]) -> [s, e] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[96], f32>) -> !ein.tensor<[s, 96], f32>
      %4 = ein.einsum (%3[s, e], %arg5[g, e]) -> [s, g] reduce [e: add] : (!ein.tensor<[s, 96], f32>, !ein.tensor<[300, 96], f32>) -> !ein.tensor<[s, 300], f32>
      ein.yield %2, %4 : !ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>
    }
    return %0#0, %0#1 : !ein.tensor<[s, 200], f32>, !ein.tensor<[s, 300], f32>
  }
}
