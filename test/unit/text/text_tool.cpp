//===- text_tool.cpp - Encodes and decodes for the Python tests ----------===//
//
//   text_tool encode|encode-special TOKENIZER.JSON   NUL-ended texts on stdin,
//                                                    a JSON list of ids a line
//   text_tool decode|decode-skip TOKENIZER.JSON      a JSON list of ids a line
//                                                    on stdin, a JSON string a
//                                                    line; checks StreamDecoder
//   text_tool size TOKENIZER.JSON                    the size of the vocabulary
//
//===----------------------------------------------------------------------===//

#include "text/tokenizer.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <iterator>

using namespace einfall::text;

static std::string readAll(std::istream &in) {
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

static int encode(const Tokenizer &tokenizer, bool special) {
  std::string input = readAll(std::cin);
  for (size_t pos = 0; pos < input.size();) {
    size_t end = input.find('\0', pos);
    if (end == std::string::npos)
      end = input.size();
    std::vector<int32_t> ids =
        tokenizer.encode(std::string_view(input).substr(pos, end - pos), special);
    std::cout << nlohmann::json(ids).dump() << '\n';
    pos = end + 1;
  }
  return 0;
}

static int decode(const Tokenizer &tokenizer, bool skipSpecial) {
  for (std::string line; std::getline(std::cin, line);) {
    nlohmann::json list = nlohmann::json::parse(line, nullptr, false);
    if (!list.is_array())
      return 2;
    auto ids = list.get<std::vector<int32_t>>();
    std::string text = tokenizer.decode(ids, skipSpecial), streamed;
    StreamDecoder stream(tokenizer, skipSpecial);
    for (int32_t id : ids)
      streamed += stream.push(id);
    streamed += stream.flush();
    if (streamed != text) {
      std::cerr << "StreamDecoder differs from decode\n";
      return 3;
    }
    std::cout << nlohmann::json(text).dump() << '\n';
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    std::cerr << "usage: text_tool encode|encode-special|decode|decode-skip|size "
                 "TOKENIZER.JSON\n";
    return 2;
  }
  std::ifstream file(argv[2], std::ios::binary);
  std::string error;
  auto tokenizer = Tokenizer::fromJson(readAll(file), error);
  if (!tokenizer) {
    std::cerr << error << '\n';
    return 1;
  }
  std::string verb = argv[1];
  if (verb == "encode" || verb == "encode-special")
    return encode(*tokenizer, verb == "encode-special");
  if (verb == "decode" || verb == "decode-skip")
    return decode(*tokenizer, verb == "decode-skip");
  std::cout << tokenizer->vocabSize() << '\n';
  return 0;
}
