//===- Expr.cpp - Scalar expressions in a normal form ---------------------===//
#include "lib/Algebra/Expr.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstring>

namespace einfall::algebra {

static uint64_t bits(double value) {
  uint64_t result;
  std::memcpy(&result, &value, sizeof result);
  return result;
}

bool Terms::Less::operator()(const Node *a, const Node *b) const {
  auto key = [](const Node *n) { return std::tuple(n->kind, n->symbol, bits(n->value)); };
  if (key(a) != key(b))
    return key(a) < key(b);
  if (a->args.size() != b->args.size())
    return a->args.size() < b->args.size();
  for (auto [x, y] : llvm::zip(a->args, b->args)) {
    auto left = std::pair(bits(x.first), x.second->id),
         right = std::pair(bits(y.first), y.second->id);
    if (left != right)
      return left < right;
  }
  return false;
}

Terms::Terms() {
  functions = {"max", "min", "select", "abs", "tanh", "settle", "relocate", "some"};
}

Expr Terms::intern(Node node) {
  if (auto it = known.find(&node); it != known.end())
    return it->second;
  node.id = nodes.size();
  for (auto &[weight, arg] : node.args)
    node.depends |= arg->depends;
  nodes.push_back(std::make_unique<Node>(std::move(node)));
  Expr result = nodes.back().get();
  known[result] = result;
  return result;
}

Expr Terms::constant(double value) {
  return intern({Kind::constant, 0, 0, 0, value == 0 ? 0 : value, {}});
}

Expr Terms::variable(llvm::StringRef name, Dependence dependence) {
  names.push_back(name.str());
  unsigned number = names.size() - 1;
  return intern({Kind::variable, dependence, 0, number, 0, {}});
}

unsigned Terms::function(llvm::StringRef name) {
  auto it = llvm::find(functions, name);
  if (it == functions.end())
    it = functions.insert(it, name.str());
  return it - functions.begin();
}

std::pair<double, Expr> splitCoefficient(Expr e) {
  if (e->isConstant())
    return {e->value, nullptr};
  if (e->kind == Kind::sum && e->args.size() == 1 && e->value == 0)
    return e->args[0];
  return {1, e};
}

llvm::ArrayRef<std::pair<double, Expr>> factorsOf(Expr term, std::pair<double, Expr> &storage) {
  if (term->kind == Kind::product)
    return term->args;
  storage = {1, term};
  return storage;
}

/// Sorts by node and adds the weights of equal ones; weights of 0 vanish.
static void collect(std::vector<std::pair<double, Expr>> &args) {
  llvm::sort(args, [](auto &a, auto &b) { return a.second->id < b.second->id; });
  std::vector<std::pair<double, Expr>> kept;
  for (auto &arg : args) {
    if (!kept.empty() && kept.back().second == arg.second)
      kept.back().first += arg.first;
    else
      kept.push_back(arg);
  }
  llvm::erase_if(kept, [](auto &arg) { return arg.first == 0; });
  args = std::move(kept);
}

Expr Terms::sum(llvm::ArrayRef<std::pair<double, Expr>> terms, double constant) {
  Node node{Kind::sum, 0, 0, 0, constant, {}};
  for (auto [weight, term] : terms) {
    if (term->isConstant()) {
      node.value += weight * term->value;
    } else if (term->kind == Kind::sum) {
      node.value += weight * term->value;
      for (auto [inner, part] : term->args)
        node.args.push_back({weight * inner, part});
    } else {
      node.args.push_back({weight, term});
    }
  }
  collect(node.args);
  if (node.args.empty())
    return this->constant(node.value);
  if (node.args.size() == 1 && node.value == 0 && node.args[0].first == 1)
    return node.args[0].second;
  node.value = node.value == 0 ? 0 : node.value;
  return intern(std::move(node));
}

static bool isInteger(double p) { return p == std::floor(p); }

Expr Terms::product(llvm::ArrayRef<std::pair<Expr, double>> factors) {
  double coefficient = 1;
  Node node{Kind::product, 0, 0, 0, 0, {}};
  std::vector<std::pair<double, Expr>> exponent; // of the one exp
  llvm::SmallVector<std::pair<Expr, double>> work(factors);
  for (size_t i = 0; i < work.size(); ++i) {
    auto [base, power] = work[i];
    auto [scale, rest] = splitCoefficient(base);
    if (!rest || (scale != 1 && (isInteger(power) || scale > 0))) {
      coefficient *= std::pow(scale, power);
      if (!rest)
        continue;
      base = rest;
    }
    if (base->kind == Kind::exp)
      exponent.push_back({power, base->operand()});
    else if (base->kind == Kind::product && isInteger(power))
      for (auto [inner, part] : base->args)
        work.push_back({part, inner * power});
    else
      node.args.push_back({power, base});
  }
  if (!exponent.empty()) {
    // exp(c * log a + b) gives a^c besides the exp, which collects with the rest.
    Expr merged = exp(sum(exponent));
    std::pair<double, Expr> storage;
    auto [scale, rest] = splitCoefficient(merged);
    coefficient *= scale;
    if (rest)
      for (auto factor : factorsOf(rest, storage))
        node.args.push_back(factor);
  }
  collect(node.args);
  if (coefficient == 0 || node.args.empty())
    return constant(coefficient);
  Expr result = node.args.size() == 1 && node.args[0].first == 1 ? node.args[0].second
                                                                 : intern(std::move(node));
  return coefficient == 1 ? result : sum({{coefficient, result}});
}

Expr Terms::exp(Expr e) {
  if (e->isConstant())
    return constant(std::exp(e->value));
  if (e->kind == Kind::log)
    return e->operand();
  if (e->kind == Kind::sum) {
    llvm::SmallVector<std::pair<Expr, double>> powers;
    std::vector<std::pair<double, Expr>> rest;
    for (auto [weight, term] : e->args) {
      if (term->kind == Kind::log)
        powers.push_back({term->operand(), weight});
      else
        rest.push_back({weight, term});
    }
    if (!powers.empty()) {
      powers.push_back({exp(sum(rest, e->value)), 1});
      return product(powers);
    }
  }
  return intern({Kind::exp, 0, 0, 0, 0, {{0, e}}});
}

Expr Terms::log(Expr e) {
  if (e->isConstant())
    return constant(std::log(e->value));
  if (e->kind == Kind::exp)
    return e->operand();
  if (e->kind == Kind::product)
    for (auto [power, base] : e->args)
      if (base->kind == Kind::exp) {
        Expr rest = div(e, base);
        return add(log(rest), base->operand());
      }
  return intern({Kind::log, 0, 0, 0, 0, {{0, e}}});
}

Expr Terms::apply(unsigned function, llvm::ArrayRef<Expr> args) {
  if (function == fnSelect) {
    if (args[1] == args[2])
      return args[1];
    if (args[0]->isConstant())
      return args[0]->value != 0 ? args[1] : args[2];
  }
  llvm::SmallVector<Expr> ordered(args);
  if (function == fnMax || function == fnMin) {
    if (args[0] == args[1])
      return args[0];
    if (args[0]->id > args[1]->id)
      std::swap(ordered[0], ordered[1]);
  }
  if (function == fnSettle && args[0]->isConstant())
    return constant(std::isfinite(args[0]->value) ? args[0]->value : 0);
  Node node{Kind::apply, 0, 0, function, 0, {}};
  for (Expr arg : ordered)
    node.args.push_back({0, arg});
  return intern(std::move(node));
}

Expr Substitution::operator()(Expr e) {
  if (auto it = done.find(e); it != done.end())
    return it->second;
  Expr result = replace(e);
  if (!result) {
    llvm::SmallVector<Expr> operands;
    llvm::SmallVector<std::pair<double, Expr>> weighted;
    llvm::SmallVector<std::pair<Expr, double>> powers;
    for (auto [weight, arg] : e->args) {
      Expr operand = (*this)(arg);
      operands.push_back(operand);
      weighted.push_back({weight, operand});
      powers.push_back({operand, weight});
    }
    switch (e->kind) {
    case Kind::constant:
    case Kind::variable:
      result = e;
      break;
    case Kind::sum:
      result = terms.sum(weighted, e->value);
      break;
    case Kind::product:
      result = terms.product(powers);
      break;
    case Kind::exp:
      result = terms.exp(operands[0]);
      break;
    case Kind::log:
      result = terms.log(operands[0]);
      break;
    case Kind::apply:
      result = terms.apply(e->symbol, operands);
      break;
    }
  }
  return done[e] = result;
}

double evaluate(Expr e, llvm::ArrayRef<double> variables,
                llvm::function_ref<double(unsigned, llvm::ArrayRef<double>)> opaque) {
  llvm::SmallVector<double> args;
  for (auto &[weight, arg] : e->args)
    args.push_back(evaluate(arg, variables, opaque));
  double total = e->value;
  switch (e->kind) {
  case Kind::constant:
    return e->value;
  case Kind::variable:
    return variables[e->symbol];
  case Kind::sum:
    for (auto [i, arg] : llvm::enumerate(args))
      total += e->args[i].first * arg;
    return total;
  case Kind::product:
    total = 1;
    for (auto [i, arg] : llvm::enumerate(args))
      total *= std::pow(arg, e->args[i].first);
    return total;
  case Kind::exp:
    return std::exp(args[0]);
  case Kind::log:
    return std::log(args[0]);
  case Kind::apply:
    break;
  }
  bool unordered = args.size() > 1 && (std::isnan(args[0]) || std::isnan(args[1]));
  double settled = args.empty() || !std::isfinite(args[0]) ? 0 : args[0];
  switch (e->symbol) {
  case fnMax:
    return unordered ? NAN : std::max(args[0], args[1]);
  case fnMin:
    return unordered ? NAN : std::min(args[0], args[1]);
  case fnSelect:
    return args[0] != 0 ? args[1] : args[2];
  case fnAbs:
    return std::fabs(args[0]);
  case fnTanh:
    return std::tanh(args[0]);
  case fnSettle:
    return settled;
  case fnRelocate:
    return std::exp(args[0] - settled);
  case fnSome:
    return args[0] > 0 ? args[1] : 0;
  default:
    return opaque(e->symbol, args);
  }
}

namespace {
struct Writer {
  const Terms &terms;
  llvm::raw_string_ostream os;

  void list(Expr e) {
    os << '(';
    for (size_t i = 0; i < e->args.size(); ++i) {
      os << (i ? ", " : "");
      write(e->operand(i));
    }
    os << ')';
  }
  void factor(Expr e) {
    if (e->kind != Kind::sum)
      return write(e);
    os << '(';
    write(e);
    os << ')';
  }
  void writeSum(Expr e) {
    bool first = true;
    for (auto [weight, term] : e->args) {
      os << (first ? (weight < 0 ? "-" : "") : (weight < 0 ? " - " : " + "));
      first = false;
      if (std::fabs(weight) != 1)
        os << llvm::format("%g", std::fabs(weight)) << " * ";
      factor(term);
    }
    if (e->value != 0)
      os << (e->value < 0 ? " - " : " + ") << llvm::format("%g", std::fabs(e->value));
  }
  void write(Expr e) {
    switch (e->kind) {
    case Kind::constant:
      os << llvm::format("%g", e->value);
      return;
    case Kind::variable:
      os << terms.nameOf(e->symbol);
      return;
    case Kind::sum:
      return writeSum(e);
    case Kind::product:
      for (auto [i, arg] : llvm::enumerate(e->args)) {
        os << (i ? " * " : "");
        factor(arg.second);
        if (arg.first != 1)
          os << '^' << llvm::format("%g", arg.first);
      }
      return;
    case Kind::exp:
    case Kind::log:
      os << (e->kind == Kind::exp ? "exp" : "log");
      return list(e);
    case Kind::apply:
      os << terms.functionName(e->symbol);
      return list(e);
    }
  }
};
} // namespace

std::string Terms::str(Expr e) const {
  std::string text;
  Writer writer{*this, llvm::raw_string_ostream(text)};
  writer.write(e);
  return text;
}

} // namespace einfall::algebra
