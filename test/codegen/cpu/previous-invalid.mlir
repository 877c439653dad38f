// RUN: einfall-opt %s --split-input-file --cpu-lower-programs --verify-diagnostics

func.func private @walks(%part: index, %first: index, %end: index) attributes {tile.program, tile.walks_blocks} {
  // expected-error @+1 {{has no block before it where the program walks its blocks itself}}
  %before = tile.previous %part
  return
}

// -----

// expected-error @+1 {{does not take the numbers of its first block and of the end}}
func.func private @few(%end: index) attributes {tile.program, tile.walks_blocks} {
  return
}
