// RUN: einfall-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{argument #0: expected a buffer with a run.name, but got '!run.buffer<[], f32>'}}
run.entry @entry_c1_name(%x: !run.buffer<[], f32>) attributes {symbols = [], params = []} {
  run.assume <1>
}

// -----
// expected-error @+1 {{expected no results, but got 1: outputs are arguments}}
run.entry @entry_c1_results() -> f32 attributes {symbols = [], params = []} {
  run.assume <1>
}

// -----
// expected-error @+1 {{input 'x' follows an output}}
run.entry @entry_c1_order(%y: !run.buffer<[], f32> {run.name = "y", run.output}, %x: !run.buffer<[], f32> {run.name = "x"})
    attributes {symbols = [], params = []} {
  run.assume <1>
}

// -----
// expected-error @+1 {{two inputs are called 'x'}}
run.entry @entry_c2(%x: !run.buffer<[], f32> {run.name = "x"}, %y: !run.buffer<[], f32> {run.name = "x"})
    attributes {symbols = [], params = []} {
  run.assume <1>
}

// -----
// expected-error @+1 {{symbol "b" is there twice}}
run.entry @entry_c3_twice(%x: !run.buffer<[b], f32> {run.name = "x"}) attributes {symbols = ["b", "b"], params = []} {
  run.assume <1>
}

// -----
// expected-error @+1 {{parameter "t" is no symbol of the entry}}
run.entry @entry_c3_param() attributes {symbols = [], params = ["t"]} {
  run.assume <1>
}

// -----
run.entry @entry_c4_body() attributes {symbols = [], params = []} {
  // expected-error @+1 {{extent b * 2 uses 'b', which is no symbol of the entry}}
  %t = run.alloc "t" : !run.buffer<[2 * b], f32>
}

// -----
// expected-error @+1 {{extent b uses 'b', which is no symbol of the entry}}
run.entry @entry_c4_argument(%x: !run.buffer<[b], f32> {run.name = "x"}) attributes {symbols = [], params = []} {
  run.assume <1>
}

// -----
// expected-error @+1 {{nothing tells the size "n": it is no whole dimension of an input or a state, and no parameter}}
run.entry @entry_c5(%x: !run.buffer<[2 * n], f32> {run.name = "x"}, %y: !run.buffer<[n], f32> {run.name = "y", run.output})
    attributes {symbols = ["n"], params = []} {
  run.assume <1>
}

// -----
// expected-error @+1 {{argument 'x': a range [lo, hi) is for an input of integers, but this is [0, 4] on '!run.buffer<[], f32>'}}
run.entry @entry_c6(%x: !run.buffer<[], f32> {run.name = "x", run.range = [0, 4]}) attributes {symbols = [], params = []} {
  run.assume <1>
}

// -----
run.entry @entry_c7() attributes {symbols = [], params = []} {
  // expected-error @+1 {{is not part of a host program}}
  %c = arith.constant 1 : i32
}

// -----
run.entry @buffer_c1() attributes {symbols = [], params = []} {
  // expected-error @+1 {{expected a name, but got none}}
  %w = run.weight "" : !run.buffer<[], f32>
}

// -----
run.entry @weight_c1(%x: !run.buffer<[n], f32> {run.name = "x"}) attributes {symbols = ["n"], params = []} {
  // expected-error @+1 {{expected literal extents, but got n}}
  %w = run.weight "w" : !run.buffer<[n], f32>
}

// -----
run.entry @weight_c2() attributes {symbols = [], params = []} {
  // expected-error @+1 {{expected each dimension once in order, but got array<i64: 0>}}
  %w = run.weight "w" order [0] : !run.buffer<[2, 3], f32>
}

// -----
run.entry @weight_c3() attributes {symbols = [], params = []} {
  // expected-error @+1 {{expected whole panels and groups of a matrix, but got array<i64: 0, 32, 2>}}
  %w = run.weight "w" panels [0, 32, 2] : !run.buffer<[40, 4], bf16>
}

// -----
run.entry @constant_c1() attributes {symbols = [], params = []} {
  // expected-error @+1 {{expected a value of the buffer's shape and element type}}
  %c = run.constant dense<1> : tensor<2xi32> : !run.buffer<[3], i32>
}

// -----
run.entry @alloc_c1() attributes {symbols = [], params = []} {
  // expected-error @+1 {{expected the first and the last step, but got [3, 1]}}
  %t = run.alloc "t" alive [3, 1] : !run.buffer<[], f32>
}

// -----
run.entry @alloc_c2(%x: !run.buffer<[], f32> {run.name = "x"}, %y: !run.buffer<[], f32> {run.name = "y", run.output})
    attributes {symbols = [], params = []} {
  // expected-error @+1 {{is alive in steps 0 to 0, but step 1 uses it}}
  %t = run.alloc "t" alive [0, 0] : !run.buffer<[], f32>
  run.copy %x to %t : !run.buffer<[], f32> to !run.buffer<[], f32>
  run.copy %t to %y : !run.buffer<[], f32> to !run.buffer<[], f32>
}

// -----
run.entry @assume_c1() attributes {symbols = [], params = []} {
  // expected-error @+1 {{can never hold: the extent is -1}}
  run.assume <-1>
}

// -----
func.func private @p(memref<?xf32>, index) attributes {tile.program}
run.entry @launch_c1(%y: !run.buffer<[], f32> {run.name = "y", run.output}) attributes {symbols = [], params = []} {
  // expected-error @+1 {{expected ascending positions of its 1 buffers in writes, but got 1}}
  run.launch @p(%y) writes [1] sizes [] grid <1> work <1> on "cpu" : !run.buffer<[], f32>
}

// -----
func.func private @p(memref<?xf32>, memref<?xf32>, index) attributes {tile.program}
run.entry @launch_c2(%y: !run.buffer<[], f32> {run.name = "y", run.output}) attributes {symbols = [], params = []} {
  // expected-error @+1 {{buffer #0 is stored to and also passed at another place}}
  run.launch @p(%y, %y) writes [0] sizes [] grid <1> work <1> on "cpu" : !run.buffer<[], f32>, !run.buffer<[], f32>
}

// -----
func.func private @p(memref<?xf32>, index) attributes {tile.program}
run.entry @launch_c3(%y: !run.buffer<[], f32> {run.name = "y", run.output}) attributes {symbols = [], params = []} {
  // expected-error @+1 {{expected the name of a device, but got none}}
  run.launch @p(%y) writes [0] sizes [] grid <1> work <1> on "" : !run.buffer<[], f32>
}

// -----
func.func private @p(memref<?xf32>, index)
run.entry @launch_c4(%y: !run.buffer<[], f32> {run.name = "y", run.output}) attributes {symbols = [], params = []} {
  // expected-error @+1 {{'p' is no tile program of this module}}
  run.launch @p(%y) writes [0] sizes [] grid <1> work <1> on "cpu" : !run.buffer<[], f32>
}

// -----
// expected-note @+1 {{'(memref<?xf32>, index, index) -> ()'}}
func.func private @p(memref<?xf32>, index, index) attributes {tile.program}
run.entry @launch_c5(%y: !run.buffer<[], f32> {run.name = "y", run.output}) attributes {symbols = [], params = []} {
  // expected-error @+1 {{passes 1 buffers and 0 sizes, but the program takes others}}
  run.launch @p(%y) writes [0] sizes [] grid <1> work <1> on "cpu" : !run.buffer<[], f32>
}

// -----
run.entry @copy_c1(%x: !run.buffer<[], f32> {run.name = "x"}, %y: !run.buffer<[], i32> {run.name = "y", run.output})
    attributes {symbols = [], params = []} {
  // expected-error @+1 {{expected a target of type '!run.buffer<[], f32>', but got '!run.buffer<[], i32>'}}
  run.copy %x to %y : !run.buffer<[], f32> to !run.buffer<[], i32>
}

// -----
run.entry @copy_c2(%y: !run.buffer<[], f32> {run.name = "y", run.output}) attributes {symbols = [], params = []} {
  // expected-error @+1 {{copies a buffer onto itself}}
  run.copy %y to %y : !run.buffer<[], f32> to !run.buffer<[], f32>
}

// -----
run.entry @store_c1_input(%x: !run.buffer<[], f32> {run.name = "x"}, %y: !run.buffer<[], f32> {run.name = "y", run.output})
    attributes {symbols = [], params = []} {
  // expected-error @+1 {{stores to an input, which is read only}}
  run.copy %y to %x : !run.buffer<[], f32> to !run.buffer<[], f32>
}

// -----
func.func private @p(memref<?xf32>, index) attributes {tile.program}
run.entry @store_c1_weight() attributes {symbols = [], params = []} {
  %w = run.weight "w" : !run.buffer<[], f32>
  // expected-error @+1 {{stores to a weight, which is read only}}
  run.launch @p(%w) writes [0] sizes [] grid <1> work <1> on "cpu" : !run.buffer<[], f32>
}

// -----
run.entry @store_c1_constant(%y: !run.buffer<[], f32> {run.name = "y", run.output}) attributes {symbols = [], params = []} {
  %c = run.constant dense<1.0> : tensor<f32> : !run.buffer<[], f32>
  // expected-error @+1 {{stores to a constant, which is read only}}
  run.copy %y to %c : !run.buffer<[], f32> to !run.buffer<[], f32>
}
