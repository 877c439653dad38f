//===- Passes.td - ein.kernel to tile ----------------------------*- tablegen -*-===//
#ifndef EINFALL_PASSES_EINTOTILE
#define EINFALL_PASSES_EINTOTILE

include "mlir/Pass/PassBase.td"

def EinToTile : Pass<"ein-to-tile", "::mlir::ModuleOp"> {
  let summary = "write a tile program for every ein.kernel";
  let description = [{
    Before: every op on tensors is inside an `ein.kernel`. After: each kernel
    names its program (`program = @...`); kernels that compute the same share one,
    and have one `tile.key`. A kernel that carries a `tile.schedule` follows it, else
    one of that key in the module's `tile.schedules`, if it is there.
    With `panels`, a weight that all kernels would copy into the same panels is stored so:
    `ein.panels = array<i64: 0, 32, 2>` on the argument, panels of 32 along dimension 0 by
    groups of 2 along the other one, and on kernels the same of each operand, or `unit`.
    The schedule is chosen here from the kernel's accesses and the machine's caches
    and rates. Exactness: algebraic
    (a sum along lanes is reassociated, products feed sums by fma); bitwise under
    `ein.numerics = "strict"`, which programs repeat.
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "64", "bytes of a vector register">,
    Option<"vectorRegisters", "vector-registers", "int64_t", "32", "vector registers">,
    Option<"warps", "warps", "int64_t", "0", "warps that share the rows of a block">,
    Option<"warpLanes", "warp-lanes", "int64_t", "0",
           "threads along which lanes run; 0: lanes are a vector's">,
    Option<"localBytes", "local-bytes", "int64_t", "524288",
           "bytes that a block's own tensors may take">,
    Option<"firstCacheBytes", "first-cache-bytes", "int64_t", "32768",
           "bytes of a core's first-level data cache">,
    Option<"lastCacheBytes", "last-cache-bytes", "int64_t", "33554432",
           "bytes of the last cache, past which larger results are stored">,
    Option<"flops", "gflops", "double", "265",
           "1e9 multiplications and additions of f32 a second of one thread">,
    Option<"dotFlops", "dot-gflops", "double", "530",
           "the same of products of bf16 by tile.dot">,
    Option<"secondRate", "second-gb-s", "double", "130",
           "1e9 bytes a second that a thread reads from the second-level cache">,
    Option<"memoryRate", "memory-gb-s", "double", "45", "the same from memory">,
    Option<"matrixBytes", "matrix-bytes", "int64_t", "0",
           "bytes of a block for factors of matrix instructions; 0: there are none">,
    Option<"packs", "packs", "bool", "true", "copy operands of contractions into panels">,
    ListOption<"dots", "dots", "std::string",
               "element types that tile.dot multiplies: bf16, i8, i16">,
    Option<"sharesUnits", "shares-units", "bool", "false",
           "any operation on a vector takes the place of a product">,
    ListOption<"tiles", "tiles", "std::string",
               "those of dots that tile.multiply multiplies: bf16, i8">,
    Option<"panels", "panels", "bool", "false",
           "store weights in the panels that all their readers read">];
  let dependentDialects = ["::einfall::tile::TileDialect", "::mlir::scf::SCFDialect",
                           "::mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numPrograms", "num-programs", "tile programs written">,
                    Statistic<"numTuned", "num-tuned", "kernels whose schedule was stored">,
                    Statistic<"numPanels", "num-panels", "weights stored in panels">];
}

#endif
