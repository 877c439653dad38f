//===- regex_ast.h - Syntax tree of a regular expression -----------------===//
#ifndef EINFALL_TEXT_REGEX_AST_H
#define EINFALL_TEXT_REGEX_AST_H

#include "regex.h"

namespace einfall::text {

struct RegexNode {
  enum Kind { Sequence, Choice, Set, Repeat, Look, Atomic, Assert };
  static constexpr uint32_t unbounded = UINT32_MAX;

  Kind kind = Sequence;
  std::vector<RegexNode> children;
  uint32_t set = 0;                          // Set
  uint32_t least = 0, most = 0;              // Repeat
  Greed greed = Greed::Greedy;               // Repeat
  bool negated = false;                      // Look
  RegexOp::Kind assertion = RegexOp::Accept; // Assert

  bool canBeEmpty() const;
};

/// Parses `pattern`; sets go to `sets`. False and `error` on failure.
bool parseRegex(std::string_view pattern, std::vector<CodePointSet> &sets, RegexNode &root,
                std::string &error);

/// The instructions of a tree. False and `error` if they are too many.
bool compileRegex(const RegexNode &root, RegexProgram &program, std::string &error);

} // namespace einfall::text

#endif
