"""An emulator of PTX, for tests of emitted kernels where there is no GPU.

`text` reads PTX, `program` makes a function of each instruction, `machine` runs grids, `memory` watches accesses; the
instructions stand in `integers`, `floats`, `conversions`, `logic`, `movement`, `asynchronous`, `matrix` and `warps`. `package`
calls the entries of a package, launches included.
"""
