// two_sessions PACKAGE: two threads, each with a session of one language model,
// generate at the same time what each of them generates alone. Run under
// ThreadSanitizer by test/python/test_sanitizers.py.
#include "einfall/einfall.h"

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

using Tokens = std::vector<int64_t>;

static void need(einf_status status) {
  if (status == EINF_OK)
    return;
  std::fprintf(stderr, "two_sessions: error: %s\n", einf_last_error());
  std::exit(1);
}

/// Two rows of different lengths, in pieces of 3 tokens.
static Tokens generate(einf_package *package, int64_t first) {
  einf_session *session = nullptr;
  need(einf_session_open_lm(package, 2, 32, 3, &session));
  int64_t longer[] = {first, 5, 9, 2, 11, 7, 3}, shorter[] = {first + 1, 4};
  const int64_t *prompts[] = {longer, shorter};
  int64_t lengths[] = {7, 2}, counts[2];
  einf_generate_options options;
  einf_generate_defaults(&options);
  options.max_new_tokens = 12;
  options.ignore_eos = 1;
  Tokens tokens(2 * 12);
  need(einf_generate(session, prompts, lengths, 2, &options, tokens.data(), counts, nullptr));
  einf_session_close(session);
  return tokens;
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  einf_set_num_threads(3);
  einf_package *package = nullptr;
  need(einf_package_open(argv[1], &package));
  // Both threads come first: they race for loading the code, too.
  std::vector<Tokens> got(2);
  std::thread a([&] {
    for (int round = 0; round < 4; ++round)
      got[0] = generate(package, 12);
  });
  std::thread b([&] {
    for (int round = 0; round < 4; ++round)
      got[1] = generate(package, 20);
  });
  a.join();
  b.join();
  bool same = got[0] == generate(package, 12) && got[1] == generate(package, 20);
  einf_package_close(package);
  std::puts(same ? "the same tokens" : "other tokens than alone");
  return same ? 0 : 1;
}
