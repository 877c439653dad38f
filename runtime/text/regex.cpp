//===- regex.cpp - Compiling and running a regular expression ------------===//
//
// A program runs on an explicit stack of alternatives, so neither the length of
// the text nor that of a repetition costs call depth; only lookahead and atomic
// groups recurse, as deep as the pattern nests them.
//
//===----------------------------------------------------------------------===//

#include "regex.h"

#include "regex_ast.h"
#include "utf8.h"

#include <algorithm>

namespace einfall::text {

namespace {

constexpr size_t maxOps = 20000;

class Compiler {
public:
  explicit Compiler(RegexProgram &program) : ops(program.ops) {}

  bool emit(const RegexNode &node) {
    if (ops.size() > maxOps)
      return false;
    switch (node.kind) {
    case RegexNode::Sequence:
      for (const RegexNode &child : node.children)
        if (!emit(child))
          return false;
      return true;
    case RegexNode::Choice:
      return emitChoice(node);
    case RegexNode::Set:
      push(RegexOp::Set, node.set);
      return true;
    case RegexNode::Repeat:
      return emitRepeat(node);
    case RegexNode::Look:
    case RegexNode::Atomic:
      return emitBlock(node.kind == RegexNode::Look ? RegexOp::Look : RegexOp::Atomic,
                       node.children[0], node.negated);
    case RegexNode::Assert:
      push(node.assertion);
      return true;
    }
    return false;
  }

  uint32_t push(RegexOp::Kind kind, uint32_t a = 0, uint32_t b = 0) {
    ops.push_back({kind, a, b, 0, Greed::Greedy});
    return static_cast<uint32_t>(ops.size() - 1);
  }

private:
  uint32_t here() const { return static_cast<uint32_t>(ops.size()); }

  bool emitBlock(RegexOp::Kind kind, const RegexNode &body, bool negated) {
    uint32_t open = push(kind, 0, negated);
    if (!emit(body))
      return false;
    push(RegexOp::Accept);
    ops[open].a = here();
    return true;
  }

  bool emitChoice(const RegexNode &node) {
    std::vector<uint32_t> jumps;
    for (size_t i = 0; i < node.children.size(); ++i) {
      bool last = i + 1 == node.children.size();
      uint32_t split = last ? 0 : push(RegexOp::Split, here() + 1);
      if (!emit(node.children[i]))
        return false;
      if (last)
        break;
      jumps.push_back(push(RegexOp::Jump));
      ops[split].b = here();
    }
    for (uint32_t jump : jumps)
      ops[jump].a = here();
    return true;
  }

  bool emitRepeat(const RegexNode &node) {
    const RegexNode &body = node.children[0];
    if (body.kind == RegexNode::Set) {
      ops.push_back({RegexOp::Repeat, body.set, node.least, node.most, node.greed});
      return true;
    }
    if (node.greed == Greed::Possessive) {
      RegexNode greedy = node;
      greedy.greed = Greed::Greedy;
      return emitBlock(RegexOp::Atomic, greedy, false);
    }
    for (uint32_t i = 0; i < node.least; ++i)
      if (!emit(body))
        return false;
    bool lazy = node.greed == Greed::Lazy;
    auto enterOrLeave = [&](uint32_t split, uint32_t enter, uint32_t leave) {
      ops[split].a = lazy ? leave : enter;
      ops[split].b = lazy ? enter : leave;
    };
    if (node.most == RegexNode::unbounded) {
      uint32_t split = push(RegexOp::Split);
      if (!emit(body))
        return false;
      push(RegexOp::Jump, split);
      enterOrLeave(split, split + 1, here());
      return true;
    }
    std::vector<uint32_t> splits;
    for (uint32_t i = node.least; i < node.most; ++i) {
      splits.push_back(push(RegexOp::Split));
      if (!emit(body))
        return false;
    }
    for (uint32_t split : splits)
      enterOrLeave(split, split + 1, here());
    return true;
  }

  std::vector<RegexOp> &ops;
};

class Matcher {
public:
  Matcher(const RegexProgram &program, std::string_view text)
      : program(program), text(text), budget((1u << 24) + 1024 * text.size()) {}

  /// Matches from `pos` on; `end` is where it ends.
  bool match(size_t pos, size_t &end) { return run(0, pos, end); }

private:
  /// An alternative: go on with op `pc` at `pos`. For a greedy repetition also
  /// at each code point before it down to `least`; for a lazy one (`op` set)
  /// behind one more code point of its set, `more` times at most.
  struct Alternative {
    uint32_t pc;
    uint32_t more;
    size_t pos;
    size_t least;
    const RegexOp *lazy;
  };

  bool run(uint32_t pc, size_t pos, size_t &end);
  bool step(uint32_t &pc, size_t &pos);
  bool repeat(const RegexOp &op, uint32_t pc, size_t &pos);
  bool back(size_t base, uint32_t &pc, size_t &pos);

  bool takes(uint32_t set, size_t &pos) const {
    if (pos >= text.size())
      return false;
    size_t next = pos;
    if (!program.sets[set].contains(nextCodePoint(text, next)))
      return false;
    pos = next;
    return true;
  }

  const RegexProgram &program;
  std::string_view text;
  std::vector<Alternative> stack;
  /// Steps left. A pattern that needs more backtracking than this on a text
  /// finds nothing in the rest of it.
  size_t budget;
};

bool Matcher::run(uint32_t pc, size_t pos, size_t &end) {
  size_t base = stack.size();
  for (;;) {
    if (budget == 0) {
      stack.resize(base);
      return false;
    }
    --budget;
    if (program.ops[pc].kind == RegexOp::Accept) {
      end = pos;
      stack.resize(base);
      return true;
    }
    if (!step(pc, pos) && !back(base, pc, pos))
      return false;
  }
}

bool Matcher::step(uint32_t &pc, size_t &pos) {
  const RegexOp &op = program.ops[pc++];
  size_t end = 0;
  switch (op.kind) {
  case RegexOp::Set:
    return takes(op.a, pos);
  case RegexOp::Repeat:
    return repeat(op, pc, pos);
  case RegexOp::Split:
    stack.push_back({op.b, 0, pos, pos, nullptr});
    pc = op.a;
    return true;
  case RegexOp::Jump:
    pc = op.a;
    return true;
  case RegexOp::Look: {
    bool found = run(pc, pos, end);
    pc = op.a;
    return found != (op.b != 0) && budget;
  }
  case RegexOp::Atomic: {
    bool found = run(pc, pos, end);
    pc = op.a;
    pos = found ? end : pos;
    return found;
  }
  case RegexOp::LineBegin:
    return pos == 0 || (text[pos - 1] == '\n' && pos < text.size());
  case RegexOp::LineEnd:
    return pos == text.size() || text[pos] == '\n';
  case RegexOp::TextBegin:
    return pos == 0;
  case RegexOp::TextEnd:
    return pos == text.size();
  case RegexOp::Accept:
    break;
  }
  return false;
}

bool Matcher::repeat(const RegexOp &op, uint32_t pc, size_t &pos) {
  uint32_t count = 0;
  while (count < op.b)
    if (!takes(op.a, pos))
      return false;
    else
      ++count;
  if (op.greed == Greed::Lazy) {
    uint32_t more = op.c == RegexNode::unbounded ? RegexNode::unbounded : op.c - op.b;
    if (more)
      stack.push_back({pc, more, pos, pos, &op});
    return true;
  }
  size_t least = pos;
  while (count < op.c && takes(op.a, pos))
    count += op.c != RegexNode::unbounded;
  budget -= std::min(budget, pos - least);
  if (op.greed == Greed::Greedy && pos > least)
    stack.push_back({pc, 0, previousCodePoint(text, pos), least, nullptr});
  return true;
}

bool Matcher::back(size_t base, uint32_t &pc, size_t &pos) {
  while (stack.size() > base) {
    Alternative &top = stack.back();
    pc = top.pc;
    pos = top.pos;
    if (top.lazy) {
      bool took = takes(top.lazy->a, pos);
      top.pos = pos;
      if (top.more != RegexNode::unbounded)
        --top.more;
      if (!took || top.more == 0)
        stack.pop_back();
      if (!took)
        continue;
      return true;
    }
    if (top.pos > top.least)
      top.pos = previousCodePoint(text, top.pos);
    else
      stack.pop_back();
    return true;
  }
  return false;
}

} // namespace

bool compileRegex(const RegexNode &root, RegexProgram &program, std::string &error) {
  Compiler compiler(program);
  if (!compiler.emit(root) || program.ops.size() > maxOps) {
    error = "the pattern is too large";
    return false;
  }
  compiler.push(RegexOp::Accept);
  return true;
}

std::unique_ptr<Regex> Regex::compile(std::string_view pattern, std::string &error) {
  auto regex = std::make_unique<Regex>();
  RegexNode root;
  if (!parseRegex(pattern, regex->program.sets, root, error) ||
      !compileRegex(root, regex->program, error))
    return nullptr;
  return regex;
}

std::vector<Span> Regex::findAll(std::string_view text) const {
  std::vector<Span> found;
  Matcher matcher(program, text);
  size_t lastEnd = SIZE_MAX;
  for (size_t pos = 0; pos <= text.size();) {
    size_t end = 0;
    bool matched = matcher.match(pos, end);
    if (matched && !(end == pos && end == lastEnd)) {
      found.emplace_back(pos, end);
      lastEnd = end;
      if (end > pos) {
        pos = end;
        continue;
      }
    }
    if (pos == text.size())
      break;
    nextCodePoint(text, pos);
  }
  return found;
}

} // namespace einfall::text
