//===- Options.cpp - The command line of einfall-run ----------------------===//
#include "Options.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>

namespace einfall::tool {

const char *const kUsage =
    R"(usage: einfall-run FILE [--threads N]            list the entry points
       einfall-run FILE --entry NAME [options]   run one
         --input NAME=FILE.npy   an input (bf16 as uint16, f8 as uint8 bytes)
         --param NAME=N          a symbol that no input's shape gives
         --bound NAME=N          a bound of the session (default: this call)
         --output NAME=FILE.npy  store an output
         --expect NAME=FILE.npy  compare an output, within --atol X --rtol X
         --repeat N              run N times and print the time of a call
         --profile               print the time of each kernel
         --profile-json FILE     write it, for `einfall explain --profile`
       einfall-run FILE --check [--entry NAME]  run the tests in it (functions of checks)
       einfall-run FILE generate --ids 0,12,5 [--ids ...] | --prompt TEXT
         -n N  --bos  --json  --context N  --chunk N  --temperature X
         --top-k N  --seed N  --ignore-eos  --profile  --profile-json FILE
       einfall-run FILE inspect [--verify] [--json | --report]
FILE is a package (.einf). --device cuda (or cuda:1) runs it on a GPU, if it holds code for one.
EINFALL_NUM_THREADS, EINFALL_PIN_THREADS, EINFALL_CPU, EINFALL_CUDA_DRIVER and EINFALL_CUDA_GRAPHS
are heeded.
Exit code: 0, 1 for a failure, 2 for a wrong command line.
)";

namespace {

using rt::invalidArgument;
using rt::Result;
using rt::Status;

template <typename T> bool parseNumber(std::string_view text, T &value) {
  const char *end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && at == end && !text.empty();
}

class Parser {
public:
  Parser(int argc, char **argv) : arguments_(argv + 1, argv + argc) {}

  Result<Options> parse() {
    while (at_ < arguments_.size()) {
      std::string argument = arguments_[at_++];
      if (argument.size() > 1 && argument[0] == '-')
        EINF_TRY(option(argument));
      else
        EINF_TRY(positional(argument));
    }
    if (o_.help)
      return o_;
    EINF_TRY(checkMode());
    return o_;
  }

private:
  Status positional(const std::string &argument) {
    if (o_.file.empty()) {
      o_.file = argument;
    } else if (o_.mode == Mode::List && argument == "generate") {
      o_.mode = Mode::Generate;
    } else if (o_.mode == Mode::List && argument == "inspect") {
      o_.mode = Mode::Inspect;
    } else {
      return invalidArgument("unexpected argument '" + argument + "'");
    }
    return {};
  }

  Status value(const std::string &option, std::string &out) {
    if (at_ == arguments_.size())
      return invalidArgument("option '" + option + "' needs a value");
    out = arguments_[at_++];
    return {};
  }

  template <typename T> Status number(const std::string &option, T &out, T least) {
    std::string text;
    EINF_TRY(value(option, text));
    if (parseNumber(text, out) && out >= least)
      return {};
    std::string range = "of at least " + std::to_string(least);
    if constexpr (std::is_integral_v<T>)
      range =
          "from " + std::to_string(least) + " to " + std::to_string(std::numeric_limits<T>::max());
    return invalidArgument("option '" + option + "': '" + text + "' is not a number " + range);
  }

  Status named(const std::string &option, std::string &name, std::string &rest) {
    std::string text;
    EINF_TRY(value(option, text));
    size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
      return invalidArgument("option '" + option +
                             "': expected NAME=VALUE, "
                             "but got '" +
                             text + "'");
    name = text.substr(0, equals);
    rest = text.substr(equals + 1);
    return {};
  }

  Status namedFile(const std::string &option, std::vector<NamedFile> &out) {
    auto &[name, file] = out.emplace_back();
    return named(option, name, file);
  }

  Status namedNumber(const std::string &option, std::vector<NamedNumber> &out) {
    std::string name, text;
    int64_t value;
    EINF_TRY(named(option, name, text));
    if (!parseNumber(text, value))
      return invalidArgument("option '" + option + "': '" + text + "' is not an integer");
    out.emplace_back(name, value);
    return {};
  }

  Status idList(const std::string &option) {
    std::string text;
    EINF_TRY(value(option, text));
    std::vector<int64_t> &row = o_.ids.emplace_back();
    for (size_t at = 0; at <= text.size();) {
      size_t comma = std::min(text.find(',', at), text.size());
      int64_t id;
      if (!parseNumber(std::string_view(text).substr(at, comma - at), id))
        return invalidArgument("option '--ids': expected numbers separated by "
                               "commas, but got '" +
                               text + "'");
      row.push_back(id);
      at = comma + 1;
    }
    return {};
  }

  Status option(const std::string &name) {
    if (name == "-h" || name == "--help")
      return o_.help = true, Status();
    if (name == "--json")
      return o_.json = true, Status();
    if (name == "--profile")
      return o_.profile = true, Status();
    if (name == "--profile-json")
      return value(name, o_.profileJson);
    if (name == "--report")
      return o_.report = true, Status();
    if (name == "--verify")
      return o_.verify = true, Status();
    if (name == "--device")
      return value(name, o_.device);
    if (name == "--threads")
      return number<int64_t>(name, o_.threads, 1);
    if (o_.mode == Mode::Generate)
      return generateOption(name);
    return runOption(name);
  }

  Status generateOption(const std::string &name) {
    if (name == "--ids")
      return idList(name);
    if (name == "--prompt")
      return value(name, o_.prompt.emplace());
    if (name == "-n" || name == "--new-tokens")
      return number<int64_t>(name, o_.newTokens, 1);
    if (name == "--context")
      return number<int64_t>(name, o_.context, 1);
    if (name == "--chunk")
      return number<int64_t>(name, o_.chunk, 1);
    if (name == "--temperature")
      return number<double>(name, o_.temperature, 0);
    if (name == "--top-k")
      return number<int64_t>(name, o_.topK, 0);
    if (name == "--seed")
      return number<uint64_t>(name, o_.seed, 0);
    if (name == "--bos")
      return o_.bos = true, Status();
    if (name == "--ignore-eos")
      return o_.ignoreEos = true, Status();
    return invalidArgument("unknown option '" + name + "' of generate");
  }

  Status runOption(const std::string &name) {
    std::string &entry = o_.entry;
    if (name == "--entry") {
      EINF_TRY(value(name, entry));
      if (o_.mode == Mode::List)
        o_.mode = Mode::Run;
      return {};
    }
    if (name == "--check") {
      o_.check = true;
      return {};
    }
    runOnly_ = name;
    if (name == "--input")
      return namedFile(name, o_.inputs);
    if (name == "--output")
      return namedFile(name, o_.outputs);
    if (name == "--expect")
      return namedFile(name, o_.expected);
    if (name == "--param")
      return namedNumber(name, o_.params);
    if (name == "--bound")
      return namedNumber(name, o_.bounds);
    if (name == "--atol")
      return number<double>(name, o_.atol, 0);
    if (name == "--rtol")
      return number<double>(name, o_.rtol, 0);
    if (name == "--repeat")
      return number<int64_t>(name, o_.repeat, 1);
    return invalidArgument("unknown option '" + name + "'");
  }

  Status checkMode() {
    if (o_.file.empty())
      return invalidArgument("no package is given");
    if (o_.device != "cpu" && (o_.mode == Mode::Inspect || (o_.mode == Mode::List && !o_.check)))
      return invalidArgument(
          "option '--device' goes with running an entry, checking or generating");
    if (o_.check) {
      if (o_.mode == Mode::Generate || o_.mode == Mode::Inspect || !runOnly_.empty())
        return invalidArgument("option '--check' runs tests, which have their own inputs: it goes "
                               "with --entry only");
      o_.mode = Mode::Check;
      return {};
    }
    if (o_.mode != Mode::Run && (!runOnly_.empty() || !o_.entry.empty()))
      return invalidArgument("option '" + (runOnly_.empty() ? "--entry" : runOnly_) +
                             "' goes with running an entry (--entry)");
    if (o_.profile && (o_.json || o_.mode == Mode::List || o_.mode == Mode::Inspect))
      return invalidArgument("option '--profile' goes with running an entry or generating, "
                             "without --json");
    if (!o_.profileJson.empty() && o_.mode != Mode::Run && o_.mode != Mode::Generate)
      return invalidArgument("option '--profile-json' goes with running an entry or generating");
    if (o_.report && (o_.mode != Mode::Inspect || o_.json))
      return invalidArgument("option '--report' goes with inspect, without --json");
    if (o_.mode == Mode::Generate && o_.ids.empty() == !o_.prompt)
      return invalidArgument("generate needs either --ids or --prompt");
    return {};
  }

  std::vector<std::string> arguments_;
  size_t at_ = 0;
  std::string runOnly_;
  Options o_;
};

} // namespace

rt::Result<Options> parseOptions(int argc, char **argv) { return Parser(argc, argv).parse(); }

} // namespace einfall::tool
