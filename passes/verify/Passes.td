//===- Passes.td - Passes that test programs --------------------*- tablegen -*-===//
#ifndef EINFALL_PASSES_VERIFY
#define EINFALL_PASSES_VERIFY

include "mlir/Pass/PassBase.td"

def EinInterpret : Pass<"ein-interpret", "::mlir::ModuleOp"> {
  let summary = "run functions in the reference interpreter";
  let description = [{
    Without `entry`, runs every function that has no arguments and holds a
    `check` op, and reports each check that fails as an error there. Symbols get
    values from the function's `check.params = {t = 5}`.

    With `entry`, runs that function on `inputs`/arg0.npy, arg1.npy, ... and
    writes `outputs`/result0.npy, ... (`outputs` is `inputs` unless given).
    Symbols that no shape binds come from `params` and from `inputs`/params.json,
    an object of integers. Arguments of bf16 or 8-bit floats take integers of
    their size as bits, or floats as values. Results in f64 mode are float64.

    The module is left as it is. Runs on `ein` and on `ein.kernel` alike, before
    or after any pass that keeps to these.

    ```mlir
    func.func @sum() {
      %x = ein.constant dense<[1, 2, 3]> : tensor<3xi32> -> !ein.tensor<[3], i32>
      %s = ein.einsum (%x[i]) -> [] reduce [i: add] : (!ein.tensor<[3], i32>) -> !ein.tensor<[], i32>
      %six = ein.constant dense<6> : tensor<i32> -> !ein.tensor<[], i32>
      check.expect_eq %s, %six : !ein.tensor<[], i32>
      return
    }
    ```
  }];
  let options = [
    Option<"mode", "mode", "std::string", "\"declared\"",
           "declared: strict's types and order; f64: floats in double">,
    Option<"splitFolds", "split-folds", "uint64_t", "0",
           "not 0: cut the rank of every ein.fold in random pieces, merged along a random tree">,
    Option<"entry", "entry", "std::string", "\"\"", "the function to run on files">,
    Option<"inputs", "inputs", "std::string", "\"\"", "folder of arg0.npy, ...">,
    Option<"outputs", "outputs", "std::string", "\"\"", "folder of result0.npy, ...">,
    ListOption<"params", "params", "std::string", "sizes passed as numbers: t=5,s=2">,
  ];
  let statistics = [
    Statistic<"numChecks", "checks", "checks that ran">,
    Statistic<"numFailed", "failed-checks", "checks that failed">,
  ];
  let dependentDialects = ["::einfall::check::CheckDialect"];
}

def VerifyPhase : Pass<"verify-phase", "::mlir::ModuleOp"> {
  let summary = "refuse what is illegal at the end of a phase";
  let description = [{
    Stands at every phase boundary (lib/Support/Phase.h) and reports each op
    that must not survive the phase, or belongs to a later one, with the reason.
    The module is left as it is.
  }];
  let options = [Option<"phase", "phase", "std::string", "\"input\"", "the phase that has ended">];
}

def VerifyArefs : Pass<"verify-arefs", "::mlir::ModuleOp"> {
  let summary = "refuse rings whose items do not go from puts to gets and releases";
  let description = [{
    Runs each program that has rings (`tile.aref.create`) some times, with sizes chosen at random, and follows
    its items: each one is put into a free slot, committed, got and released, in the order of their
    numbers; slots are used in between only; puts are as far ahead, and releases as late, as the ring says. An error
    names the ring, the item and what was expected. Stands before `tile-lower-aref`, which counts on it.
    The module is left as it is.
  }];
  let options = [Option<"runs", "runs", "unsigned", "48", "executions of each program">];
  let statistics = [Statistic<"numPrograms", "num-programs", "programs that have rings">];
}

def VerifyCopies : Pass<"verify-copies", "::mlir::ModuleOp"> {
  let summary = "check that waits and barriers suffice, whenever copies arrive";
  let description = [{
    Runs each program that has memory of rings (`tile.ring`, from `tile-lower-aref`) some times, with sizes
    chosen at random, and writes down which slots are filled and read, and the waits and barriers
    between. Two warps that do so are then explored (lib/Protocol): in every interleaving, with copies
    that arrive at any time, each read has to find what one warp alone would find, and nobody waits for
    ever. Knows nothing of arefs, so it checks what `tile-lower-aref` made of them.
    The module is left as it is.
  }];
  let options = [Option<"runs", "runs", "unsigned", "48", "executions of each program">,
                 Option<"mostSteps", "most-steps", "int64_t", "300", "steps of an execution that are explored">,
                 Option<"mostStates", "most-states", "uint64_t", "1000000", "states of an execution that are explored">];
  let statistics = [Statistic<"numStates", "num-states", "states explored">,
                    Statistic<"numIncomplete", "num-incomplete", "executions with more states than that">];
}

def VerifyDumpPhase : Pass<"verify-dump-phase", "::mlir::ModuleOp"> {
  let summary = "write the module to a file";
  let description = [{
    Writes `folder`/`name`.mlir, which `--compile-from` of that phase reads again.
    The module is left as it is.
  }];
  let options = [
    Option<"folder", "folder", "std::string", "\".\"", "where to; made if it is not there">,
    Option<"name", "name", "std::string", "\"module\"", "the file, without .mlir">];
}

#endif
